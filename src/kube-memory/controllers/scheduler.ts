import type { KubeObject } from '../../api/kube-object.ts';
import { fieldsAt, itemsAt, listAt, textsAt } from '../builtin/fields.ts';
import { withCondition } from './conditions.ts';
import { writeStatus, type ControllerContext } from './context.ts';

const COMPONENT = 'default-scheduler';

/** Puts a pod on the first node that takes it, or says in its condition why none does. Returns the pod with its node. */
export function placePod(context: ControllerContext, pod: KubeObject, unschedulable: boolean): KubeObject | undefined {
  const nowMs = context.clock.nowMs();
  if (listAt(pod, 'spec', 'schedulingGates').length > 0) {
    refuse(
      context,
      pod,
      { reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' },
      nowMs,
    );
    return undefined;
  }
  const nodes = context.store.list('nodes');
  const node = unschedulable ? undefined : nodes.find((each) => takes(each, pod));
  if (node === undefined) {
    const message = `0/${nodes.length} nodes are available.`;
    refuse(context, pod, { reason: 'Unschedulable', message }, nowMs);
    context.events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message, component: COMPONENT });
    return undefined;
  }
  const placed = context.store.update('pods', {
    ...pod,
    spec: { ...fieldsAt(pod, 'spec'), nodeName: node.metadata.name },
  });
  context.pods.refresh(pod.metadata.namespace, pod.metadata.name);
  const message = `Successfully assigned ${pod.metadata.namespace ?? ''}/${pod.metadata.name} to ${node.metadata.name}`;
  context.events.record(pod, { type: 'Normal', reason: 'Scheduled', message, component: COMPONENT });
  return placed;
}

function takes(node: KubeObject, pod: KubeObject): boolean {
  if (fieldsAt(node, 'spec').unschedulable === true) return false;
  const labels = node.metadata.labels ?? {};
  return Object.entries(textsAt(pod, 'spec', 'nodeSelector')).every(([key, value]) => labels[key] === value);
}

function refuse(
  context: ControllerContext,
  pod: KubeObject,
  why: { readonly reason: string; readonly message: string },
  nowMs: number,
): void {
  const conditions = withCondition(
    itemsAt(pod, 'status', 'conditions'),
    { type: 'PodScheduled', status: 'False', ...why },
    nowMs,
    {
      lastProbeTime: null,
    },
  );
  writeStatus(context, 'pods', pod, { ...fieldsAt(pod, 'status'), conditions });
}

/** A node as the simulated scheduler knows it: ready and large. */
export function simulatedNode(name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
    spec: {},
  };
}

export function simulatedNodeStatus(nowText: string, address: string): Readonly<Record<string, unknown>> {
  return {
    capacity: { cpu: '64', memory: '256Gi', pods: '10000' },
    allocatable: { cpu: '64', memory: '256Gi', pods: '10000' },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'simulated',
        lastHeartbeatTime: nowText,
        lastTransitionTime: nowText,
      },
    ],
    addresses: [{ type: 'InternalIP', address }],
    daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    nodeInfo: {
      machineID: '',
      systemUUID: '',
      bootID: '',
      kernelVersion: '',
      osImage: 'simulated',
      containerRuntimeVersion: 'sim://1',
      kubeletVersion: 'simulated',
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'none',
    },
  };
}
