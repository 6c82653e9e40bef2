import type { Script } from '../conversation.ts';
import { get, JSON_PATCH, MERGE, patch, post, put, remove, STRATEGIC, TABLE, watch } from './asks.ts';
import * as make from './objects.ts';

const NODE = { nodeName: 'nowhere' };
const RUNNING = {
  status: {
    phase: 'Running',
    podIP: '10.1.2.3',
    podIPs: [{ ip: '10.1.2.3' }],
    startTime: '2026-01-02T03:04:05Z',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-02T03:04:05Z' }],
    containerStatuses: [
      {
        name: 'main',
        ready: true,
        started: true,
        restartCount: 2,
        image: 'shop:1',
        imageID: 'x',
        state: { running: { startedAt: '2026-01-02T03:04:05Z' } },
        lastState: {
          terminated: {
            exitCode: 1,
            reason: 'Error',
            finishedAt: '2026-01-02T03:04:05Z',
            startedAt: '2026-01-02T03:04:00Z',
            containerID: 'x',
          },
        },
      },
    ],
  },
};
const HELD = { finalizers: ['headgate.dev/held'] };

/** What happens to objects over time: deletions of all kinds, watches, pages, tables of other states. */
export const lives: readonly Script[] = [
  {
    title: 'deletions by policy',
    asks: (['Foreground', 'Background', 'Orphan', 'Other'] as const).flatMap((policy) => {
      const name = policy.toLowerCase();
      return [
        post('replicasets.apps', make.workload('ReplicaSet', name, { replicas: 0 })),
        remove(`replicasets.apps/${name}?dryRun=All`, { propagationPolicy: policy }),
        remove(`replicasets.apps/${name}`, { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: policy }),
      ];
    }),
  },
  {
    title: 'deletions that wait for finalizers',
    asks: [
      post('rollouts.argoproj.io', { ...make.rollout('held'), metadata: { name: 'held', ...HELD } }),
      remove('rollouts.argoproj.io/held'),
      remove('rollouts.argoproj.io/held'),
      get('rollouts.argoproj.io', TABLE),
      patch('rollouts.argoproj.io/held', MERGE, {
        metadata: { finalizers: ['headgate.dev/held', 'headgate.dev/more'] },
      }),
      patch('rollouts.argoproj.io/held', MERGE, { spec: { replicas: 2 } }),
      patch('rollouts.argoproj.io/held', MERGE, { metadata: { deletionTimestamp: null } }),
      patch('rollouts.argoproj.io/held', JSON_PATCH, [{ op: 'remove', path: '/metadata/finalizers' }]),
      get('rollouts.argoproj.io/held'),
    ],
  },
  {
    title: 'a pod that is bound, runs, and is asked to go',
    asks: [
      post('pods', make.pod('p')),
      post('pods/p/binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'p' },
        target: { kind: 'Node', name: 'nowhere' },
      }),
      post('pods/p/binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'p' },
        target: { kind: 'Node', name: 'elsewhere' },
      }),
      get('pods/p'),
      patch('pods/p/status', STRATEGIC, RUNNING),
      patch('pods/p/status', STRATEGIC, { status: { conditions: [{ type: 'ContainersReady', status: 'True' }] } }),
      get('pods', TABLE),
      patch('pods/p', MERGE, { spec: { containers: [{ name: 'main', image: 'shop:2' }] } }),
      patch('pods/p', STRATEGIC, { spec: { containers: [{ name: 'main', image: 'shop:2' }] } }),
      patch('pods/p', STRATEGIC, { spec: { nodeName: 'elsewhere' } }),
      remove('pods/p'),
      remove('pods/p', { gracePeriodSeconds: 60 }),
      remove('pods/p', { gracePeriodSeconds: 5 }),
      get('pods', TABLE),
      remove('pods/p', { gracePeriodSeconds: 0 }),
      get('pods/p'),
    ],
  },
  {
    title: 'pods as tables show them',
    asks: [
      { call: 'pending' },
      { call: 'failed', status: { phase: 'Failed', reason: 'Evicted', message: 'no room' } },
      {
        call: 'done',
        status: {
          phase: 'Succeeded',
          containerStatuses: [
            {
              name: 'main',
              ready: false,
              restartCount: 0,
              image: 'a',
              imageID: '',
              state: { terminated: { exitCode: 0, reason: 'Completed' } },
            },
          ],
        },
      },
      {
        call: 'pulling',
        status: {
          phase: 'Pending',
          containerStatuses: [
            {
              name: 'main',
              ready: false,
              restartCount: 0,
              image: 'a',
              imageID: '',
              state: { waiting: { reason: 'ImagePullBackOff' } },
            },
          ],
        },
      },
      {
        call: 'exited',
        status: {
          phase: 'Running',
          containerStatuses: [
            {
              name: 'main',
              ready: false,
              restartCount: 4,
              image: 'a',
              imageID: '',
              state: { terminated: { exitCode: 3 } },
            },
          ],
        },
      },
      {
        call: 'gated',
        status: {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
        },
      },
    ].flatMap(({ call, status }) => [
      post('pods', make.pod(call, NODE)),
      ...(status === undefined ? [] : [patch(`pods/${call}/status`, MERGE, { status })]),
      get(`pods/${call}`, TABLE),
    ]),
  },
  {
    title: 'workloads as tables show them',
    asks: [
      post('deployments.apps', make.workload('Deployment', 'd', { replicas: 3 })),
      patch('deployments.apps/d/status', MERGE, {
        status: { replicas: 3, readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
      }),
      get('deployments.apps', TABLE),
      post('replicasets.apps', make.workload('ReplicaSet', 'r', { replicas: 3 })),
      patch('replicasets.apps/r/status', MERGE, { status: { replicas: 3, readyReplicas: 2 } }),
      get('replicasets.apps', TABLE),
      post('jobs.batch', make.job('j', { completions: 3 })),
      patch('jobs.batch/j/status', MERGE, { status: { succeeded: 1, active: 1, startTime: '2026-01-02T03:04:05Z' } }),
      get('jobs.batch', TABLE),
      patch('jobs.batch/j', MERGE, { spec: { suspend: true } }),
      patch('jobs.batch/j', MERGE, { spec: { completions: 4 } }),
      post('rollouts.argoproj.io', make.rollout('shop', { replicas: 3 })),
      patch('rollouts.argoproj.io/shop/status', MERGE, {
        status: {
          phase: 'Paused',
          updatedReplicas: 1,
          readyReplicas: 3,
          availableReplicas: 3,
          replicas: 4,
          currentStepIndex: 1,
        },
      }),
      get('rollouts.argoproj.io', TABLE),
      post('analysisruns.argoproj.io', make.analysis('AnalysisRun', 'run', [])),
      patch('analysisruns.argoproj.io/run/status', MERGE, { status: { phase: 'Failed', message: 'bad' } }),
      get('analysisruns.argoproj.io', TABLE),
      post('gitsources.headgate.dev', make.gitSource('g')),
      patch('gitsources.headgate.dev/g/status', MERGE, {
        status: {
          lastAppliedRevision: 'abc',
          conditions: [
            {
              type: 'Ready',
              status: 'False',
              reason: 'X',
              message: 'because',
              lastTransitionTime: '2026-01-02T03:04:05Z',
            },
          ],
        },
      }),
      get('gitsources.headgate.dev', TABLE),
      post('services', make.service('balanced', { type: 'LoadBalancer' })),
      post('services', make.service('headless', { clusterIP: 'None' })),
      post(
        'services',
        make.service('named', { type: 'ExternalName', externalName: 'a.test', ports: [], selector: undefined }),
      ),
      get('services', TABLE),
      patch('services/headless', MERGE, { spec: { clusterIP: '10.96.0.77' } }),
      patch('services/named', MERGE, { spec: { type: 'ClusterIP', externalName: null, ports: [{ port: 1 }] } }),
      put('services/headless', make.service('headless', { clusterIP: 'None', ports: [{ port: 81 }] })),
    ],
  },
  {
    title: 'what watches tell',
    asks: [
      post('configmaps', make.configMap('old')),
      get('configmaps'),
      { call: 'GET /api/v1/namespaces/{namespace}/configmaps?watch=1&resourceVersion={list 1}' },
      {
        call: 'GET /api/v1/namespaces/{namespace}/configmaps?watch=1&resourceVersion={list 1}&labelSelector=tier%3Dweb',
      },
      {
        call: 'GET /api/v1/namespaces/{namespace}/configmaps?watch=1&resourceVersion={list 1}&fieldSelector=metadata.name%3Dnew',
      },
      { call: 'GET /api/v1/namespaces/{namespace}/configmaps?watch=1&resourceVersion={list 1}', accept: TABLE },
      watch('configmaps'),
      watch('configmaps?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'),
      post('configmaps', make.configMap('new')),
      patch('configmaps/new', MERGE, { metadata: { labels: { tier: 'web' } } }),
      patch('configmaps/new', MERGE, { metadata: { labels: { tier: 'web' } } }),
      patch('configmaps/new', MERGE, { data: { a: '2' } }),
      patch('configmaps/new', MERGE, { metadata: { labels: { tier: 'db' } } }),
      remove('configmaps/new'),
      remove('configmaps/old'),
    ],
  },
  {
    title: 'lists in pages',
    asks: [
      ...['a', 'b', 'c', 'd', 'e'].map((name) => post('configmaps', make.configMap(name))),
      get('configmaps?limit=2'),
      get('configmaps?limit=2&continue={continue 5}'),
      post('configmaps', make.configMap('bb')),
      get('configmaps?limit=2&continue={continue 6}'),
      get('configmaps?limit=2&continue={continue 5}&resourceVersion=5'),
      get('configmaps?limit=2&labelSelector=x%3Dy'),
      get('configmaps?limit=2', TABLE),
      get('configmaps?resourceVersion=0&limit=1'),
      remove('configmaps?fieldSelector=metadata.name%3Da'),
      remove('configmaps'),
    ],
  },
  {
    title: 'a Secret and a ConfigMap that may not change',
    asks: [
      post('configmaps', { ...make.configMap('c'), immutable: true }),
      patch('configmaps/c', MERGE, { data: { a: '2' } }),
      patch('configmaps/c', MERGE, { immutable: null }),
      post('secrets', make.object('v1', 'Secret', 's', { type: 'Opaque', immutable: true, stringData: { a: 'b' } })),
      patch('secrets/s', MERGE, { data: { a: 'eA==' } }),
      patch('secrets/s', MERGE, { type: 'other' }),
    ],
  },
];
