import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, ResourceKind } from '../../api/kube-object.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { ConfigObservation } from '../../core/versioned-config/resolve.ts';
import type { CacheChange, CacheOptions, KubeCaches, ObjectCache } from '../../ports/kube.ts';
import { ConfigCaches } from './config-caches.ts';

interface OpenCache {
  state: ObjectCache['state'];
  readonly objects: KubeObject[];
  emit(object: KubeObject): void;
}

/** Caches by what they were opened for: `configmaps/team/settings`, `configmaps/copies`. */
function fakeCaches(): { readonly open: ReadonlyMap<string, OpenCache>; readonly caches: KubeCaches } {
  const open = new Map<string, OpenCache>();
  const keys = new Map<unknown, string>();
  const caches: KubeCaches = {
    open: <T extends KubeObject>(kind: ResourceKind, options: CacheOptions<T> = {}): ObjectCache<T> => {
      assert.equal(options.mayBeRefused, true);
      const key = options.name === undefined ? 'copies' : `${options.namespace}/${options.name}`;
      const listeners: ((change: CacheChange<T>) => void)[] = [];
      const entry: OpenCache = {
        state: 'syncing',
        objects: [],
        emit: (object) => {
          entry.objects.push(object);
          for (const listener of listeners) listener({ type: 'added', object: object as T });
        },
      };
      const cache: ObjectCache<T> = {
        kind,
        get state() {
          return entry.state;
        },
        get: (_namespace, name) => entry.objects.find(({ metadata }) => metadata.name === name) as T | undefined,
        list: () => entry.objects as T[],
        byIndex: () => entry.objects as T[],
        subscribe: (listener) => {
          listeners.push(listener);
          return () => undefined;
        },
      };
      open.set(`${kind.plural}/${key}`, entry);
      keys.set(cache, `${kind.plural}/${key}`);
      return cache;
    },
    release: (cache) => open.delete(keys.get(cache) ?? ''),
    whenSynced: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return { open, caches };
}

function rollout(configMaps: readonly string[], annotations = { 'headgate.dev/versioned-config': 'true' }): Rollout {
  const envFrom = configMaps.map((name) => ({ configMapRef: { name } }));
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'shop', namespace: 'team', uid: 'uid', annotations },
    spec: { template: { spec: { containers: [{ name: 'app', envFrom }] } } },
  };
}

function configMap(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'team' }, data: {} };
}

function setUp(): { readonly open: ReadonlyMap<string, OpenCache>; readonly config: ConfigCaches; woken: string[] } {
  const { open, caches } = fakeCaches();
  const woken: string[] = [];
  const config = new ConfigCaches({ caches, namespace: undefined, wake: (key) => void woken.push(key) });
  return { open, config, woken };
}

/** What a pass sees at the beginning of time. */
function look(config: ConfigCaches, key: string, seen: Rollout): ConfigObservation | 'syncing' | undefined {
  const found = config.look(key, seen, 0);
  return found === 'syncing' ? found : found.config;
}

function sync(open: ReadonlyMap<string, OpenCache>, state: ObjectCache['state'] = 'synced'): void {
  for (const cache of open.values()) cache.state = state;
}

test('nothing is watched for a Rollout that does not ask for it', () => {
  const { open, config } = setUp();

  assert.equal(
    look(config, 'team/shop', rollout(['settings'], { 'headgate.dev/versioned-config': 'false' })),
    undefined,
  );
  assert.equal(open.size, 0);
});

test('copies are known before sources are watched, and both before a decision', () => {
  const { open, config } = setUp();

  assert.equal(look(config, 'team/shop', rollout(['settings'])), 'syncing');
  assert.deepEqual([...open.keys()], ['configmaps/copies']);
  sync(open);
  assert.equal(look(config, 'team/shop', rollout(['settings'])), 'syncing');
  assert.deepEqual([...open.keys()], ['configmaps/copies', 'configmaps/team/settings']);
  sync(open);

  assert.deepEqual(look(config, 'team/shop', rollout(['settings'])), {
    sources: { 'configmap/settings': null },
    copies: [],
    refused: [],
  });
});

test('a source wakes all who read it, and is watched as long as one does', () => {
  const { open, config, woken } = setUp();
  for (let turn = 0; turn < 3; turn += 1) {
    look(config, 'team/shop', rollout(['settings', 'more']));
    look(config, 'team/till', rollout(['settings']));
    sync(open);
  }
  open.get('configmaps/team/settings')?.emit(configMap('settings'));
  assert.deepEqual(woken, ['team/shop', 'team/till']);

  look(config, 'team/shop', rollout(['settings']));
  assert.deepEqual([...open.keys()], ['configmaps/copies', 'configmaps/team/settings']);
  config.forget('team/shop');
  assert.ok(open.has('configmaps/team/settings'));
  look(config, 'team/till', rollout(['settings'], { 'headgate.dev/versioned-config': 'false' }));

  assert.deepEqual([...open.keys()], ['configmaps/copies']);
});

test('a copy that is named as such is no source', () => {
  const { open, config } = setUp();
  look(config, 'team/shop', rollout(['settings-0123456789']));
  open.get('configmaps/copies')?.emit(configMap('settings-0123456789'));
  sync(open);

  const seen = look(config, 'team/shop', rollout(['settings-0123456789']));

  assert.deepEqual(seen === 'syncing' ? seen : seen?.sources, {});
  assert.deepEqual([...open.keys()], ['configmaps/copies']);
});

test('a missing right is an observation, of copies and of sources', () => {
  const { open, config } = setUp();
  look(config, 'team/shop', rollout(['settings']));
  sync(open, 'refused');
  look(config, 'team/shop', rollout(['settings']));
  sync(open, 'refused');

  assert.deepEqual(look(config, 'team/shop', rollout(['settings'])), {
    sources: {},
    copies: [],
    refused: ['configmap'],
  });
  sync(open, 'synced');
  assert.deepEqual(look(config, 'team/shop', rollout(['settings'])), {
    sources: { 'configmap/settings': null },
    copies: [],
    refused: [],
  });
});
