import type { z } from 'zod';

import { KINDS } from '../kinds.ts';
import type { KubeObject, ResourceKind } from '../kube-object.ts';
import { analysisRunSpecSchema, analysisRunStatusSchema, analysisTemplateSpecSchema } from '../schema/analysis.ts';
import { experimentSpecSchema, experimentStatusSchema } from '../schema/experiment.ts';
import { gitSourceSpecSchema, gitSourceStatusSchema } from '../schema/git-source.ts';
import { rolloutSpecSchema } from '../schema/rollout-spec.ts';
import { rolloutStatusSchema } from '../schema/rollout-status.ts';
import { structuralSchema, type StructuralSchema } from './structural-schema.ts';

export interface CustomResourceDefinition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames: readonly string[];
    };
    readonly scope: 'Namespaced' | 'Cluster';
    readonly versions: readonly CustomResourceVersion[];
  };
}

export interface CustomResourceVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly additionalPrinterColumns: readonly PrinterColumn[];
  readonly subresources?: { readonly status?: object; readonly scale?: Readonly<Record<string, string>> };
  readonly schema: { readonly openAPIV3Schema: StructuralSchema };
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: number;
}

interface KindDefinition {
  readonly kind: ResourceKind;
  readonly shortName: string;
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status?: z.ZodType;
  readonly subresources?: CustomResourceVersion['subresources'];
  readonly columns: readonly PrinterColumn[];
}

/** The CustomResourceDefinitions of all kinds that Headgate brings, as objects that can be applied. */
export function customResourceDefinitions(): readonly CustomResourceDefinition[] {
  return DEFINITIONS.map(customResourceDefinition);
}

const AGE = column('Age', 'date', '.metadata.creationTimestamp', 'When it was created.');
const MESSAGE = wide(column('Message', 'string', '.status.message', 'Why it is in this phase.'));
const PHASE = column('Status', 'string', '.status.phase', 'The phase.');

const DEFINITIONS: readonly KindDefinition[] = [
  {
    kind: KINDS.rollout,
    shortName: 'ro',
    description: 'A Rollout runs pods, as a Deployment does, and brings new versions to them step by step.',
    spec: rolloutSpecSchema,
    status: rolloutStatusSchema,
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.HPAReplicas',
        labelSelectorPath: '.status.selector',
      },
    },
    columns: [
      column('Desired', 'integer', '.spec.replicas', 'How many pods are wanted.'),
      column('Current', 'integer', '.status.replicas', 'How many pods there are.'),
      column('Up-to-date', 'integer', '.status.updatedReplicas', 'How many of them run the new version.'),
      column('Available', 'integer', '.status.availableReplicas', 'How many of them are available.'),
      column('Phase', 'string', '.status.phase', 'Healthy, Progressing, Paused or Degraded.'),
      column('Step', 'string', '.status.headgate.step', 'The step at work and how many there are.'),
      column('Weight', 'string', '.status.headgate.weight', 'The percentage of traffic that the new version gets.'),
      AGE,
      wide(column('Strategy', 'string', '.status.headgate.strategy', 'Canary or BlueGreen.')),
      wide(
        column('Stable', 'string', '.status.headgate.stableRevision', 'The revision and hash of the stable version.'),
      ),
      wide(column('Canary', 'string', '.status.headgate.canaryRevision', 'The revision and hash of the new version.')),
      MESSAGE,
    ],
  },
  {
    kind: KINDS.analysisTemplate,
    shortName: 'at',
    description:
      'An AnalysisTemplate says what to measure and when it is good, for Rollouts and Experiments of its namespace.',
    spec: analysisTemplateSpecSchema,
    columns: [AGE],
  },
  {
    kind: KINDS.clusterAnalysisTemplate,
    shortName: 'cat',
    description:
      'A ClusterAnalysisTemplate says what to measure and when it is good, for Rollouts and Experiments of all namespaces.',
    spec: analysisTemplateSpecSchema,
    columns: [AGE],
  },
  {
    kind: KINDS.analysisRun,
    shortName: 'ar',
    description: 'An AnalysisRun measures once and keeps what was found.',
    spec: analysisRunSpecSchema,
    // Existing tools write the status through the object itself; a status subresource would make that a silent no-op.
    status: analysisRunStatusSchema,
    columns: [PHASE, AGE, MESSAGE],
  },
  {
    kind: KINDS.experiment,
    shortName: 'exp',
    description: 'An Experiment runs versions side by side for a while and measures them.',
    spec: experimentSpecSchema,
    // As with AnalysisRun, on purpose no status subresource.
    status: experimentStatusSchema,
    columns: [PHASE, AGE, MESSAGE],
  },
  {
    kind: KINDS.gitSource,
    shortName: 'gs',
    description: 'A GitSource applies a folder of a Git repository and reverts a commit there when its Rollout aborts.',
    spec: gitSourceSpecSchema,
    status: gitSourceStatusSchema,
    subresources: { status: {} },
    columns: [
      column(
        'Ready',
        'string',
        '.status.conditions[?(@.type=="Ready")].status',
        'Whether the last commit was applied.',
      ),
      column('Revision', 'string', '.status.lastAppliedRevision', 'The commit that was applied last.'),
      AGE,
      wide(column('URL', 'string', '.spec.url', 'The repository.')),
      wide(column('Branch', 'string', '.spec.branch', 'The branch.')),
      wide(column('Path', 'string', '.spec.path', 'The folder.')),
      wide(
        column(
          'Message',
          'string',
          '.status.conditions[?(@.type=="Ready")].message',
          'What to know about the last commit.',
        ),
      ),
    ],
  },
];

function customResourceDefinition(definition: KindDefinition): CustomResourceDefinition {
  const { kind } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}`, labels: { 'app.kubernetes.io/part-of': 'headgate' } },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        shortNames: [definition.shortName],
      },
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          additionalPrinterColumns: definition.columns,
          ...(definition.subresources === undefined ? {} : { subresources: definition.subresources }),
          schema: { openAPIV3Schema: objectSchema(definition) },
        },
      ],
    },
  };
}

function objectSchema(definition: KindDefinition): StructuralSchema {
  return {
    type: 'object',
    description: definition.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'The version of the schema that this object is written in.' },
      kind: { type: 'string', description: 'The kind of this object.' },
      // The API server brings this field's own schema and refuses anything beside the type, also a description.
      metadata: { type: 'object' },
      spec: structuralSchema(definition.spec),
      ...(definition.status === undefined ? {} : { status: structuralSchema(definition.status) }),
    },
  };
}

function column(name: string, type: PrinterColumn['type'], jsonPath: string, description: string): PrinterColumn {
  return { name, type, jsonPath, description };
}

/** Shown only with `-o wide`. */
function wide(shown: PrinterColumn): PrinterColumn {
  return { ...shown, priority: 1 };
}
