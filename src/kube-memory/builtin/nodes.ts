import type { KubeObject } from '../../api/kube-object.ts';
import type { ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { fieldsAt, itemsAt, textAt, textsAt } from './fields.ts';
import { nodeSchema } from './schemas/node.ts';

export const nodeResource: ResourceDefinition = define({
  kind: 'Node',
  namespaced: false,
  shortNames: ['no'],
  subresources: [{ name: 'status' }],
  schema: nodeSchema,
  fieldSelectors: ['spec.unschedulable'],
  columns: [
    column('Status', statusText),
    column('Roles', rolesText),
    ageColumn,
    column('Version', (node) => textAt(node, 'status', 'nodeInfo', 'kubeletVersion') ?? ''),
    column('Internal-IP', (node) => addressOf(node, 'InternalIP'), 'wide'),
    column('External-IP', (node) => addressOf(node, 'ExternalIP'), 'wide'),
    column('OS-Image', (node) => infoOf(node, 'osImage'), 'wide'),
    column('Kernel-Version', (node) => infoOf(node, 'kernelVersion'), 'wide'),
    column('Container-Runtime', (node) => infoOf(node, 'containerRuntimeVersion'), 'wide'),
  ],
  defaults: (node) => ({ ...node, spec: fieldsAt(node, 'spec'), status: fieldsAt(node, 'status') }),
});

function statusText(node: KubeObject): string {
  const ready = itemsAt(node, 'status', 'conditions').find((condition) => condition.type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  return [...words, ...(fieldsAt(node, 'spec').unschedulable === true ? ['SchedulingDisabled'] : [])].join(',');
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function rolesText(node: KubeObject): string {
  const labels = textsAt(node, 'metadata', 'labels');
  const roles = Object.keys(labels)
    .filter((key) => key.startsWith(ROLE_PREFIX))
    .map((key) => key.slice(ROLE_PREFIX.length));
  return roles.toSorted().join(',') || '<none>';
}

function addressOf(node: KubeObject, type: string): string {
  return (
    textAt(
      itemsAt(node, 'status', 'addresses').find((address) => address.type === type),
      'address',
    ) ?? '<none>'
  );
}

function infoOf(node: KubeObject, field: string): string {
  return textAt(node, 'status', 'nodeInfo', field) || '<unknown>';
}
