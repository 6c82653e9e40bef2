import type { Script } from '../conversation.ts';
import { get, MERGE, patch, post, put } from './asks.ts';
import {
  analysis,
  CONTAINER,
  gitSource,
  metric,
  object,
  resourceOf,
  rollout,
  route,
  template,
  type Named,
} from './objects.ts';

const PROMETHEUS = { address: 'http://prometheus.test', query: 'up' };
const AFFINITY = {
  requiredDuringSchedulingIgnoredDuringExecution: {},
  preferredDuringSchedulingIgnoredDuringExecution: { weight: 1 },
};

/** Objects of our kinds that no server takes, or takes only in part. */
const REFUSED: readonly Named[] = [
  rollout('both', { strategy: { canary: {}, blueGreen: { activeService: 'a' } } }),
  rollout('none', { strategy: {} }),
  rollout('step', { strategy: { canary: { steps: [{ setWeight: 1, pause: {} }] } } }),
  rollout('affinity', { strategy: { canary: { antiAffinity: AFFINITY } } }),
  rollout('green-affinity', { strategy: { blueGreen: { activeService: 'a', antiAffinity: AFFINITY } } }),
  rollout('text', { replicas: '3' }),
  rollout('fraction', { replicas: 1.5 }),
  rollout('huge', { replicas: 4_294_967_296 }),
  rollout('list', { selector: [] }),
  rollout('null', { selector: null, replicas: null }),
  rollout('weights', {
    strategy: { canary: { steps: [{ setWeight: '20' }, { pause: { duration: {} } }, { pause: { duration: true } }] } },
  }),
  rollout('containers', { template: { spec: { containers: [{ image: 'x' }, { name: 'a' }, { name: 'a' }] } } }),
  rollout('no_name'),
  rollout('Upper'),
  rollout('x'.repeat(254)),
  { ...rollout('labels'), metadata: { name: 'labels', labels: { 'bad key': 'x', ok: 'not ok!' } } },
  { ...rollout('owners'), metadata: { name: 'owners', ownerReferences: [{ kind: 'X', name: 'x' }] } },
  object('argoproj.io/v1alpha1', 'Rollout', 'no-spec'),
  object('argoproj.io/v1alpha1', 'Rollout', 'spec-text', { spec: 'x' }),
  analysis('AnalysisTemplate', 'two', [metric({ prometheus: PROMETHEUS, web: { url: 'http://a' } })]),
  analysis('AnalysisTemplate', 'bodies', [metric({ web: { url: 'http://a', body: 'x', jsonBody: {} } })]),
  analysis('AnalysisTemplate', 'queries', [metric({ datadog: { query: 'x', queries: { a: 'b' } } })]),
  analysis('AnalysisTemplate', 'empty', []),
  analysis('AnalysisRun', 'two', [metric({ prometheus: PROMETHEUS, web: { url: 'http://a' } })]),
  gitSource('no-url', { url: undefined }),
  gitSource('plain', { url: 'not a url' }),
  gitSource('credentials', { url: 'https://me:secret@git.test/shop' }),
  gitSource('long', { url: `https://git.test/${'x'.repeat(2_048)}` }),
  gitSource('path', { path: '../up' }),
  gitSource('root', { path: '/etc' }),
  gitSource('interval', { interval: 'soon' }),
  gitSource('secret', { credentials: { secretRef: {} } }),
  gitSource('several', { url: 'x', path: '/x', interval: 'x' }),
  route('weight', { rules: [{ backendRefs: [{ name: 'shop', port: 80, weight: -1 }] }] }),
  route('port', { rules: [{ backendRefs: [{ name: 'shop' }] }] }),
  route('path', { rules: [{ matches: [{ path: { type: 'PathPrefix', value: 'x' } }] }] }),
  route('host', { hostnames: ['1.2.3.4', 'UPPER'] }),
];

export const rules: readonly Script[] = [
  ...REFUSED.map((each) => ({
    title: `${each.kind} ${each.metadata.name.slice(0, 20)} as it should not be`,
    asks: [post(resourceOf(each), each)],
  })),
  {
    title: 'a rule over the change of a field',
    asks: [
      post('rollouts.argoproj.io', rollout('shop')),
      patch('rollouts.argoproj.io/shop', MERGE, { spec: { selector: { matchLabels: { app: 'other' } } } }),
      patch('rollouts.argoproj.io/shop', MERGE, { spec: { strategy: { blueGreen: { activeService: 'a' } } } }),
      patch('rollouts.argoproj.io/shop', MERGE, {
        spec: { strategy: { canary: null, blueGreen: { activeService: 'a' } } },
      }),
      patch('rollouts.argoproj.io/shop/status', MERGE, { status: { currentStepIndex: 'x', replicas: 1 } }),
      patch('rollouts.argoproj.io/shop/status', MERGE, {
        status: { replicas: 1, HPAReplicas: 1, selector: 'app=shop', nothing: 1 },
      }),
      get('rollouts.argoproj.io/shop/scale'),
      patch('rollouts.argoproj.io/shop/scale', MERGE, { spec: { replicas: 4 } }),
      put('rollouts.argoproj.io/shop', rollout('shop')),
    ],
  },
  {
    title: 'fields that no schema knows',
    asks: ['', 'Ignore', 'Warn', 'Strict', 'Maybe'].flatMap((validation) => {
      const query = validation === '' ? '' : `?fieldValidation=${validation}`;
      const name = `v${validation.toLowerCase()}`;
      const odd = rollout(name, {
        odd: 1,
        template: { ...template(), spec: { containers: [{ ...CONTAINER, odd: 2 }] } },
      });
      return [
        post(`rollouts.argoproj.io${query}`, odd),
        patch(`rollouts.argoproj.io/${name}${query}`, MERGE, { spec: { odd: 3 }, extra: true }),
        post(`deployments.apps${query}`, { ...odd, apiVersion: 'apps/v1', kind: 'Deployment' }),
        post(
          `configmaps${query}`,
          `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"a":"1","a":"2"},"odd":1}`,
        ),
        post(
          `gitsources.headgate.dev${query}`,
          `{"apiVersion":"headgate.dev/v1alpha1","kind":"GitSource","metadata":{"name":"${name}","odd":1},"spec":{"url":"https://a/b","url":"https://a/c","odd":1}}`,
        ),
      ];
    }),
  },
];
