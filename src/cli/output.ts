import { dump } from 'js-yaml';

export type OutputFormat = 'text' | 'wide' | 'json' | 'yaml';

/** Data for programs. */
export function formatData(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json'
    ? JSON.stringify(value, undefined, 2)
    : dump(withoutUndefined(value), { lineWidth: -1 }).trimEnd();
}

/** YAML has no word for what is absent. */
function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
