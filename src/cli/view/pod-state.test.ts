import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerStatus, Pod } from '../../api/workloads.ts';
import { podState } from './pod-state.ts';

function pod(status: Pod['status'], metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', ...metadata },
    spec: { initContainers: [{ name: 'init' }], containers: [{ name: 'app' }] },
    status,
  };
}

const READY = [{ type: 'Ready', status: 'True' }] as const;
const running: ContainerStatus = { name: 'app', ready: true, state: { running: {} } };
const done: ContainerStatus = {
  name: 'init',
  ready: true,
  state: { terminated: { exitCode: 0, reason: 'Completed' } },
};
const waiting = (name: string, reason: string, message?: string): ContainerStatus => ({
  name,
  ready: false,
  state: { waiting: { reason, message } },
});

const CASES: readonly (readonly [string, Pod, string, string | undefined])[] = [
  [
    'runs and is ready',
    pod({ phase: 'Running', conditions: READY, initContainerStatuses: [done], containerStatuses: [running] }),
    '✔ Running',
    undefined,
  ],
  [
    'runs, but its probe fails',
    pod({ phase: 'Running', containerStatuses: [{ ...running, ready: false }] }),
    '◌ Running',
    'container app runs, but its readiness probe has not passed',
  ],
  [
    'cannot pull its image',
    pod({ phase: 'Pending', containerStatuses: [waiting('app', 'ImagePullBackOff', 'no such tag')] }),
    '✖ ImagePullBackOff',
    'ImagePullBackOff in container app: no such tag',
  ],
  [
    'is being made',
    pod({ phase: 'Pending', containerStatuses: [waiting('app', 'ContainerCreating')] }),
    '◌ ContainerCreating',
    'ContainerCreating in container app',
  ],
  [
    'has no node',
    pod({
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes fit' }],
    }),
    '◌ Pending',
    'Unschedulable: 0/3 nodes fit',
  ],
  [
    'is not past its init container',
    pod({ phase: 'Pending', initContainerStatuses: [{ name: 'init', state: { running: {} } }] }),
    '◌ Init:0/1',
    'Init:0/1',
  ],
  [
    'fails in its init container',
    pod({ phase: 'Pending', initContainerStatuses: [waiting('init', 'CrashLoopBackOff', 'back-off 10s')] }),
    '✖ Init:CrashLoopBackOff',
    'Init:CrashLoopBackOff in container init: back-off 10s',
  ],
  ['was evicted', pod({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' }), '✖ Evicted', 'Evicted'],
  [
    'goes',
    pod({ phase: 'Running', conditions: READY }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    '• Terminating',
    undefined,
  ],
];

describe('the state of a pod', () => {
  for (const [title, given, mark, reason] of CASES) {
    it(`that ${title} is ${mark}`, () => {
      const state = podState(given);

      assert.equal(`${state.mark.icon} ${state.mark.text}`, mark);
      assert.equal(state.reason, reason);
    });
  }
});
