import { customResourceDefinitions } from '../src/api/crd/definitions.ts';
import type { StructuralSchema } from '../src/api/crd/structural-schema.ts';
import { missingInMetrics, missingInRollout } from '../src/api/validation/supported.ts';
import { code, GENERATED, table } from './markdown.ts';

interface Part {
  readonly title: string;
  readonly kind: string;
  /** The way to the fields that are listed; `[]` enters a list. */
  readonly path: readonly string[];
  /** How the table of what is missing writes the same place. */
  readonly place: string;
}

const PARTS: readonly Part[] = [
  { title: 'Rollout: spec', kind: 'Rollout', path: ['spec'], place: 'spec' },
  { title: 'Strategies', kind: 'Rollout', path: ['spec', 'strategy'], place: 'spec.strategy' },
  { title: 'Canary', kind: 'Rollout', path: ['spec', 'strategy', 'canary'], place: 'spec.strategy.canary' },
  {
    title: 'Steps of a canary',
    kind: 'Rollout',
    path: ['spec', 'strategy', 'canary', 'steps', '[]'],
    place: 'spec.strategy.canary.steps[*]',
  },
  {
    title: 'Traffic routers',
    kind: 'Rollout',
    path: ['spec', 'strategy', 'canary', 'trafficRouting'],
    place: 'spec.strategy.canary.trafficRouting',
  },
  { title: 'Blue-green', kind: 'Rollout', path: ['spec', 'strategy', 'blueGreen'], place: 'spec.strategy.blueGreen' },
  {
    title: 'Metric providers',
    kind: 'AnalysisTemplate',
    path: ['spec', 'metrics', '[]', 'provider'],
    place: '[*].provider',
  },
  {
    title: 'Prometheus',
    kind: 'AnalysisTemplate',
    path: ['spec', 'metrics', '[]', 'provider', 'prometheus'],
    place: '[*].provider.prometheus',
  },
];

/** What this version runs and what it refuses, made from the schema of the kinds and the list of what is missing. */
export function supportPage(): string {
  return [
    '# What this version runs',
    '',
    GENERATED,
    '',
    'Headgate serves the whole API, and keeps every field of it. What it does not run yet it refuses by name: the Rollout',
    'gets a condition `InvalidSpec` that says so, its running version is left alone, and `headgate lint` says the same',
    'beforehand. Nothing is ever run with a part of it silently left out.',
    '',
    ...PARTS.flatMap(section),
    ...alsoMissing(),
    'Experiments and AnalysisRuns run whoever creates them: a Rollout, or you.',
    '',
  ].join('\n');
}

function section(part: Part): readonly string[] {
  const fields = Object.entries(at(schemaOf(part.kind), part.path).properties ?? {});
  const rows = fields.map(([name, field]) => {
    const whole = missing().get(part.place);
    const advice = whole ?? missing().get(`${part.place}.${name}`);
    return [
      code(name),
      firstSentence(field.description ?? ''),
      advice === undefined ? 'yes' : `not yet: ${after(advice)}`,
    ];
  });
  return [`## ${part.title}`, '', table(['Field', 'What it does', 'Runs'], rows), ''];
}

/** What is missing below the tables, and below nothing that is missing already. */
function alsoMissing(): readonly string[] {
  const shown = PARTS.map(({ place }) => place);
  const rest = [...missing()].filter(([path]) => {
    const parent = path.replace(/\.[^.]+$/, '');
    return !shown.includes(path) && !shown.includes(parent);
  });
  if (rest.length === 0) return [];
  return [
    '## Within these',
    '',
    table(
      ['Field', 'Runs'],
      rest.map(([path, advice]) => [code(path), `not yet: ${after(advice)}`]),
    ),
    '',
  ];
}

function missing(): ReadonlyMap<string, string> {
  return new Map([...missingInRollout(), ...missingInMetrics()].map(({ path, detail }) => [path, detail]));
}

/** The advice of `this version of Headgate does not X yet; Y`. */
function after(detail: string): string {
  return detail.split('; ').slice(1).join('; ');
}

function schemaOf(kind: string): StructuralSchema {
  const definition = customResourceDefinitions().find((one) => one.spec.names.kind === kind);
  const version = definition?.spec.versions[0];
  if (version === undefined) throw new Error(`no CRD of ${kind}`);
  return version.schema.openAPIV3Schema;
}

function at(schema: StructuralSchema, path: readonly string[]): StructuralSchema {
  const [name, ...rest] = path;
  if (name === undefined) return schema;
  const next = name === '[]' ? schema.items : schema.properties?.[name];
  if (next === undefined) throw new Error(`no field ${name}`);
  return at(next, rest);
}

function firstSentence(text: string): string {
  return /^(.*?[.;])(\s|$)/s.exec(text)?.[1]?.replace(/;$/, '.') ?? text;
}
