import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '../../api/kube-object.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { OpenApiSchema } from '../resource.ts';
import { createKubeMemory } from '../server.ts';
import { fieldsAt } from './fields.ts';
import { gatewayApiCrds } from './gateway-api.ts';
import { podRestartsText, podStatusText } from './pod-cells.ts';
import { parseQuantity } from './quantity.ts';
import { builtinResources } from './registry.ts';
import { selectorMatches, selectorText } from './selectors.ts';

describe('the registry', () => {
  it('has every kind once', () => {
    const keys = builtinResources.map((each) => `${each.group}/${each.plural}`);
    assert.equal(new Set(keys).size, keys.length);
  });

  it('gives every field a type, and every keyed list items that have its keys', () => {
    for (const resource of builtinResources) checkSchema(resource.schema, resource.kind);
  });

  it('has defaults that are at rest: a second time changes nothing', () => {
    for (const resource of builtinResources) {
      const { group, version, kind } = resource;
      const bare: KubeObject = {
        apiVersion: `${group}/${version}`,
        kind,
        metadata: { name: 'x', namespace: 'default' },
      };
      const once = resource.defaults?.(bare) ?? bare;
      assert.deepEqual(resource.defaults?.(once) ?? once, once, kind);
    }
  });
});

function checkSchema(schema: OpenApiSchema, path: string): void {
  const isTyped =
    schema.type !== undefined ||
    schema['x-kubernetes-int-or-string'] === true ||
    schema['x-kubernetes-preserve-unknown-fields'] === true;
  assert.ok(isTyped, `${path} has a type`);
  for (const key of schema['x-kubernetes-list-map-keys'] ?? [])
    assert.ok(schema.items?.properties?.[key], `${path} has items with ${key}`);
  for (const [name, field] of Object.entries(schema.properties ?? {})) checkSchema(field, `${path}.${name}`);
  if (schema.items !== undefined) checkSchema(schema.items, `${path}[]`);
  if (typeof schema.additionalProperties === 'object') checkSchema(schema.additionalProperties, `${path}{}`);
}

describe('the Gateway API', () => {
  it('is served with its defaults, and weights merge only as whole lists of rules', async () => {
    const kube = createKubeMemory({ clock: new VirtualClock() });
    for (const crd of gatewayApiCrds) kube.store.create('customresourcedefinitions.apiextensions.k8s.io', crd);
    const route = kube.store.create('httproutes.gateway.networking.k8s.io', {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'r', namespace: 'default' },
      spec: { parentRefs: [{ name: 'g' }], rules: [{ backendRefs: [{ name: 'a', port: 80 }] }] },
    });

    assert.deepEqual(fieldsAt(route, 'spec'), {
      parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'g' }],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/' } }],
          backendRefs: [{ group: '', kind: 'Service', name: 'a', port: 80, weight: 1 }],
        },
      ],
    });
    await kube.stop();
  });
});

describe('cells of pods', () => {
  const pod = (status: object, metadata: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...metadata },
    spec: { containers: [{ name: 'a' }], initContainers: [{ name: 'i' }] },
    status,
  });
  const waiting = (reason: string): object => ({ state: { waiting: { reason } } });
  const cases = [
    { status: { phase: 'Pending' }, shows: 'Pending' },
    { status: { phase: 'Running', containerStatuses: [waiting('CrashLoopBackOff')] }, shows: 'CrashLoopBackOff' },
    {
      status: { phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 3 } } }] },
      shows: 'ExitCode:3',
    },
    { status: { phase: 'Failed', reason: 'Evicted' }, shows: 'Evicted' },
    { status: { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { running: {} } }] }, shows: 'Init:0/1' },
    { status: { phase: 'Pending', initContainerStatuses: [waiting('ErrImagePull')] }, shows: 'Init:ErrImagePull' },
  ];
  for (const { status, shows } of cases) {
    it(`show ${shows}`, () => {
      assert.equal(podStatusText(pod(status)), shows);
    });
  }

  it('show a pod that is being deleted as Terminating, one that is over as what it is', () => {
    const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z' };
    assert.equal(podStatusText(pod({ phase: 'Running' }, deleted)), 'Terminating');
    assert.equal(podStatusText(pod({ phase: 'Succeeded', reason: 'Completed' }, deleted)), 'Completed');
  });

  it('tell when the last restart was', () => {
    const containerStatuses = [{ restartCount: 3, lastState: { terminated: { finishedAt: '2026-01-01T00:00:00Z' } } }];
    assert.equal(podRestartsText(pod({ containerStatuses }), Date.UTC(2026, 0, 1, 0, 2, 5)), '3 (2m5s ago)');
  });
});

describe('selectors', () => {
  const selector = {
    matchLabels: { app: 'a' },
    matchExpressions: [
      { key: 'tier', operator: 'NotIn', values: ['x', 'b'] },
      { key: 'e', operator: 'Exists' },
    ],
  };

  it('match by all of their parts', () => {
    assert.equal(selectorMatches(selector, { app: 'a', e: '' }), true);
    assert.equal(selectorMatches(selector, { app: 'a', e: '', tier: 'x' }), false);
    assert.equal(selectorMatches(selector, { app: 'b', e: '' }), false);
    assert.equal(selectorMatches({}, { any: 'thing' }), true);
    assert.equal(selectorMatches(undefined, {}), false);
  });

  it('are printed as kubectl prints them', () => {
    assert.equal(selectorText(selector), 'app=a,e,tier notin (b,x)');
    assert.equal(selectorText({}), '<none>');
  });
});

it('quantities are read with their suffixes', () => {
  const cases: readonly (readonly [string | number, number | undefined])[] = [
    ['500m', 0.5],
    ['1Gi', 2 ** 30],
    ['1.5k', 1_500],
    ['2e3', 2_000],
    ['3E', 3e18],
    [2, 2],
    ['x', undefined],
    ['1Q', undefined],
  ];
  for (const [text, value] of cases) assert.equal(parseQuantity(text), value, String(text));
});

it('every workload shares one pod template', () => {
  const templates = builtinResources.flatMap((resource) => {
    const template = resource.schema.properties?.['spec']?.properties?.['template'];
    return template === undefined ? [] : [Object.keys(template.properties?.['spec']?.properties ?? {}).length];
  });
  assert.equal(new Set(templates).size, 1);
});
