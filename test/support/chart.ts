import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { Manifest } from './api-client.ts';
import { planeTool } from './plane.ts';

const CHART = join(import.meta.dirname, '..', '..', 'charts', 'headgate');
const HELM = planeTool('helm');

/** Why the chart cannot be rendered here; undefined when it can, or has to be. */
export function noHelmReason(): string | undefined {
  const helmIsHere = spawnSync(HELM, ['version']).status === 0;
  return helmIsHere || process.env['HEADGATE_CLUSTER'] === 'required' ? undefined : 'helm is not on PATH';
}

export interface Release {
  readonly release?: string;
  readonly namespace: string;
  /** Flags of `helm template`. */
  readonly flags: readonly string[];
}

/** The objects of a release. */
export function renderChart({ release = 'headgate', namespace, flags }: Release): readonly Manifest[] {
  const text = execFileSync(HELM, ['template', release, CHART, '--namespace', namespace, ...flags], {
    encoding: 'utf8',
    maxBuffer: 32 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return (loadAll(text) as readonly (Manifest | null)[]).filter((object) => object !== null);
}

const PLURALS: Readonly<Record<string, string>> = {
  ServiceAccount: 'serviceaccounts',
  Service: 'services',
  Deployment: 'deployments',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  CustomResourceDefinition: 'customresourcedefinitions',
};

/** Where the API serves an object of the chart. */
export function pathOfChartObject({ apiVersion = 'v1', kind = '', metadata }: Manifest): string {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const scope = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${scope}/${PLURALS[kind]}/${metadata.name}`;
}
