import type { KubeObject } from '../api/kube-object.ts';
import { formatTimestamp } from '../lib/timestamp.ts';
import { listAt, stringAt, valueAt } from './json-value.ts';
import type { ServerState } from './server-state.ts';
import { conflict } from './status-error.ts';
import type { Target, WriteOptions } from './target.ts';
import { commit, storedObject } from './write.ts';

/** Gives a pod its node, as a scheduler asks for it. Throws 404, and 409 when the pod has one. */
export function bindPod(
  server: ServerState,
  target: Target,
  binding: Readonly<Record<string, unknown>>,
  options: WriteOptions,
): void {
  const pod = storedObject(server, target);
  const present = stringAt(pod, 'spec', 'nodeName') ?? '';
  if (present !== '')
    throw conflict(
      { group: '', plural: 'pods/binding', kind: 'Binding' },
      target.name,
      `pod ${target.name} is already assigned to node ${JSON.stringify(present)}`,
    );
  const bound = boundTo(pod, stringAt(binding, 'target', 'name') ?? '', server.clock.nowMs());
  if (!options.dryRun) commit(server, target, bound);
}

function boundTo(pod: KubeObject, nodeName: string, nowMs: number): KubeObject {
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: formatTimestamp(nowMs),
  };
  const others = listAt(pod, 'status', 'conditions').filter((each) => stringAt(each, 'type') !== 'PodScheduled');
  const spec = valueAt(pod, ['spec']) as object;
  const status = valueAt(pod, ['status']) as object;
  return { ...pod, spec: { ...spec, nodeName }, status: { ...status, conditions: [...others, scheduled] } };
}
