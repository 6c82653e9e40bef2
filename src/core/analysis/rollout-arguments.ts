import type { Argument } from '../../api/analysis.ts';
import type { Rollout, RolloutArgument } from '../../api/rollout.ts';

/** What the values of a Rollout's arguments may refer to. */
export interface ArgumentSources {
  readonly rollout: Rollout;
  readonly stableHash: string;
  readonly latestHash: string;
}

/** Arguments with their values, or the first that has none. */
export type ResolvedArguments =
  | { readonly ok: true; readonly args: readonly Argument[] }
  | { readonly ok: false; readonly message: string };

/** Fills in the arguments that a Rollout gives to its analysis: values, hashes of versions, fields of the Rollout. */
export function resolveRolloutArguments(args: readonly RolloutArgument[], sources: ArgumentSources): ResolvedArguments {
  const resolved: Argument[] = [];
  for (const argument of args) {
    const value = valueOf(argument, sources);
    if (typeof value !== 'string') return { ok: false, message: `args.${argument.name}: ${value.problem}` };
    resolved.push({ name: argument.name, value });
  }
  return { ok: true, args: resolved };
}

type Unresolvable = { readonly problem: string };

function valueOf(argument: RolloutArgument, sources: ArgumentSources): string | Unresolvable {
  const { valueFrom } = argument;
  if (valueFrom?.podTemplateHashValue === 'Stable') return sources.stableHash;
  if (valueFrom?.podTemplateHashValue === 'Latest') return sources.latestHash;
  if (valueFrom?.fieldRef !== undefined) return fieldOf(sources.rollout, valueFrom.fieldRef.fieldPath);
  return argument.value ?? '';
}

function fieldOf(rollout: Rollout, path: string): string | Unresolvable {
  return path.startsWith('metadata.') ? metadataField(rollout, path) : anyField(rollout, path);
}

const SUBSCRIPT = /^metadata\.(labels|annotations)\['(.+)'\]$/;

/** As the downward API reads an object's own metadata: what is not there is empty. */
function metadataField(rollout: Rollout, path: string): string | Unresolvable {
  const { metadata } = rollout;
  const subscript = SUBSCRIPT.exec(path);
  if (subscript !== null) {
    const [, map, key = ''] = subscript;
    return (map === 'labels' ? metadata.labels : metadata.annotations)?.[key] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
      return formatMap(metadata.labels);
    case 'metadata.annotations':
      return formatMap(metadata.annotations);
    default:
      return { problem: `unsupported fieldPath: ${path}` };
  }
}

function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/** Any other path, through maps by name and through lists by index, to a single value. */
function anyField(rollout: Rollout, path: string): string | Unresolvable {
  let value: unknown = rollout;
  for (const section of path.split(/[.[\]]+/)) {
    if (section === '') continue;
    if (Array.isArray(value)) {
      if (!/^[+-]?\d+$/.test(section)) return { problem: `invalid index '${section}'` };
      if (Number(section) >= value.length) return { problem: `index ${section} out of range` };
      value = value[Number(section)];
    } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, section)) {
      value = Reflect.get(value, section);
    } else {
      return { problem: `invalid path ${path} in rollout` };
    }
  }
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return { problem: `path ${path} in rollout must terminate in a primitive value` };
}
