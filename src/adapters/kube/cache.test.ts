import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import type { CacheOptions } from '../../ports/kube.ts';
import { SILENT_LOG } from '../telemetry/silent.ts';
import { createCache } from './cache.ts';
import type { FillableCache } from './cache.ts';
import { createTrim } from './trim.ts';

function setUp(scope?: CacheOptions): FillableCache {
  return createCache({ kind: KINDS.configMap, trim: createTrim(), log: SILENT_LOG, scope });
}

function object(name: string, version: number, more: Partial<KubeObject['metadata']> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion: String(version), ...more },
  };
}

function versionsIn(cache: FillableCache): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(cache.list().map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
}

test('a list takes away what is not in it, except what our own writes made after it was read', () => {
  const cache = setUp();
  cache.replace([object('old', 5), object('kept', 6)], '10');
  cache.absorb(object('ours', 15));

  cache.replace([object('kept', 6)], '12');

  assert.deepEqual(versionsIn(cache), { kept: '6', ours: '15' });
});

test('a list that was read before our own write does not undo it', () => {
  const cache = setUp();
  cache.replace([object('a', 5)], '10');
  cache.absorb(object('a', 15));

  cache.replace([object('a', 5)], '12');

  assert.deepEqual(versionsIn(cache), { a: '15' });
});

test('a spec that did not change stays the object that it was', () => {
  const cache = setUp();
  const withSpec = (version: number, generation: number, image: string): KubeObject => ({
    ...object('a', version, { generation }),
    spec: { image },
  });
  const specOf = (): unknown => cache.get('ns', 'a')?.['spec'];
  cache.replace([withSpec(1, 1, 'v1')], '1');
  const first = specOf();

  cache.changed(withSpec(2, 1, 'v1'), '2');
  assert.equal(specOf(), first, 'only the status changed');
  cache.changed(withSpec(3, 2, 'v2'), '3');
  assert.deepEqual(specOf(), { image: 'v2' });
  cache.changed(withSpec(4, 2, 'v3'), '4');
  assert.deepEqual(specOf(), { image: 'v3' }, 'whatever the generation says');
});

test('the version that the watch has come to never goes back', () => {
  const cache = setUp();
  cache.replace([], '100');

  cache.reached('99');
  cache.changed(object('a', 98), '98');

  assert.equal(cache.version, '100');
});

test('the answer to a write is ignored when the watch is past it: the object is gone meanwhile', () => {
  const cache = setUp();
  cache.replace([], '20');

  cache.absorb(object('a', 15));

  assert.deepEqual(cache.list(), []);
});

test('what a live read found holds against older news, until the watch has come as far', () => {
  const cache = setUp();
  cache.replace([object('a', 5)], '10');

  cache.settle({ namespace: 'ns', name: 'a', object: undefined, version: '30' });
  cache.changed(object('a', 20), '20');
  assert.equal(cache.get('ns', 'a'), undefined);
  cache.deleted(object('a', 25));
  cache.changed(object('a', 40, { uid: 'another' }), '40');

  assert.deepEqual(versionsIn(cache), { a: '40' });
});

test('under a label selector, only what matches it is taken from an answer', () => {
  const cache = setUp({ labelSelector: 'team' });
  cache.replace([object('a', 5, { labels: { team: 'x' } })], '10');

  cache.absorb(object('b', 11, { labels: { team: 'x' } }));
  cache.absorb(object('c', 12));
  cache.absorb(object('a', 13));

  assert.deepEqual(versionsIn(cache), { a: '5', b: '11' });
});

test('only what is in the namespace is taken from an answer, and nothing before the first list', () => {
  const cache = setUp({ namespace: 'ns' });
  cache.absorb(object('early', 5));
  cache.replace([], '10');
  cache.absorb(object('elsewhere', 11, { namespace: 'other' }));

  assert.deepEqual(cache.list(), []);
});

test('an index that is added later finds what is here already, and follows what changes', () => {
  const cache = setUp();
  cache.replace([object('a', 5, { labels: { team: 'x' } })], '10');

  cache.addIndexes({ team: ({ metadata }) => Object.values(metadata.labels ?? {}) });
  assert.equal(cache.byIndex('team', 'x').length, 1);
  cache.changed(object('a', 11, { labels: { team: 'y' } }), '11');

  assert.equal(cache.byIndex('team', 'x').length, 0);
  assert.equal(cache.byIndex('team', 'y').length, 1);
});

test('an index function that fails hides the object from that index only', () => {
  const cache = setUp({
    indexes: {
      broken: () => {
        throw new Error('no');
      },
    },
  });

  cache.replace([object('a', 5)], '10');

  assert.equal(cache.list().length, 1);
  assert.deepEqual(cache.byIndex('broken', 'x'), []);
});

test('versions are compared as numbers of any length', () => {
  const cache = setUp();
  cache.replace([object('a', 9)], '9');
  cache.changed(
    { ...object('a', 0), metadata: { ...object('a', 0).metadata, resourceVersion: '18446744073709551615' } },
    '18446744073709551615',
  );
  cache.changed(
    { ...object('a', 0), metadata: { ...object('a', 0).metadata, resourceVersion: '18446744073709551614' } },
    '18446744073709551614',
  );

  assert.deepEqual(versionsIn(cache), { a: '18446744073709551615' });
});

test('the echo of a write is known by its version, once, unless the watch was there first', () => {
  const cache = setUp();
  cache.replace([object('a', 5)], '10');
  cache.absorb(object('a', 15));
  cache.changed(object('b', 20), '20');
  cache.absorb(object('b', 20));

  assert.deepEqual(
    [cache.isEcho('14'), cache.isEcho('15'), cache.isEcho('15'), cache.isEcho('20')],
    [false, true, false, false],
  );
});
