import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import type { Connection } from '../../src/adapters/kube/connection.ts';
import { createKube } from '../../src/adapters/kube/kube.ts';
import type { ConnectedKube } from '../../src/adapters/kube/kube.ts';
import { startLeadership } from '../../src/adapters/kube/leadership.ts';
import { SILENT_LOG, SILENT_METRICS } from '../../src/adapters/telemetry/silent.ts';
import { KINDS } from '../../src/api/kinds.ts';
import type { KubeObject, ObjectRef, ResourceKind } from '../../src/api/kube-object.ts';
import type { CacheChange, KubeError, ObjectCache } from '../../src/ports/kube.ts';

/** A kind that no earlier run has left behind: a removed one is served for a while longer. */
function newGadgetKind(): ResourceKind {
  const group = `contract-${Math.random().toString(36).slice(2, 8)}.headgate.dev`;
  return { group, version: 'v1', kind: 'Gadget', plural: 'gadgets', namespaced: true };
}

/** What our client relies on an API server for; the same tests run over every one. */
export function kubeAdapterContract(server: string, open: () => Promise<ServedConnection>): void {
  function rule(title: string, run: (world: World) => Promise<void>): void {
    test(`${server}: ${title}`, async (t) => run(await setUp(t, await open())));
  }

  rule('what is written is in the cache at once, and stays when the watch has told it', async ({ kube, namespace }) => {
    const cache = kube.caches.open(KINDS.configMap, { namespace });
    await kube.caches.whenSynced();
    const changes: string[] = [];
    cache.subscribe((change: CacheChange) => changes.push(change.type));

    await kube.writer.write({ verb: 'create', kind: KINDS.configMap, object: configMap(namespace, 'a', '1') });
    assert.equal(valueOf(cache.get(namespace, 'a')), '1');
    const ref = refOf(namespace, 'a');
    const patched = await kube.writer.write({ verb: 'patch', ref, patchType: 'merge', body: { data: { value: '2' } } });
    assert.equal(valueOf(cache.get(namespace, 'a')), '2');
    const unchanged = await kube.writer.write({
      verb: 'patch',
      ref,
      patchType: 'merge',
      body: { data: { value: '2' } },
    });
    assert.equal(
      unchanged?.metadata.resourceVersion,
      patched?.metadata.resourceVersion,
      'a patch that changes nothing is no new version',
    );
    assert.ok(kube.writer.fresh(ref));
    await kube.writer.write({ verb: 'delete', ref });
    await whenFresh(kube, ref);

    assert.equal(cache.get(namespace, 'a'), undefined);
    assert.deepEqual(changes, ['added', 'updated', 'deleted']);
  });

  rule('what others do arrives by the watch, in order', async ({ kube, other, namespace }) => {
    const cache = kube.caches.open(KINDS.configMap, { namespace, labelSelector: 'team' });
    await kube.caches.whenSynced();
    const seen: string[] = [];
    cache.subscribe((change) =>
      seen.push(`${change.type} ${valueOf(change.type === 'deleted' ? change.old : change.object)}`),
    );
    const ref = refOf(namespace, 'a');

    await other.writer.write({ verb: 'create', kind: KINDS.configMap, object: configMap(namespace, 'unseen', '0') });
    await other.writer.write({
      verb: 'create',
      kind: KINDS.configMap,
      object: configMap(namespace, 'a', '1', { team: 'x' }),
    });
    await other.writer.write({ verb: 'patch', ref, patchType: 'merge', body: { data: { value: '2' } } });
    await other.writer.write({
      verb: 'patch',
      ref,
      patchType: 'merge',
      body: { metadata: { labels: { team: null } } },
    });
    await until(() => seen.length === 3);

    assert.deepEqual(seen, ['added 1', 'updated 2', 'deleted 2']);
  });

  rule(
    'an apply makes the object and owns its fields; another manager is refused with the fields, unless it insists',
    async ({ kube, namespace }) => {
      const ref = refOf(namespace, 'a');
      const made = await kube.writer.write({
        verb: 'apply',
        ref,
        object: configMap(namespace, 'a', '1'),
        force: false,
      });
      assert.equal(made?.metadata.managedFields?.[0]?.manager, 'headgate');

      const refused = await failure(
        kube.writer.write(
          { verb: 'apply', ref, object: configMap(namespace, 'a', '2'), force: false },
          { fieldManager: 'git' },
        ),
      );
      assert.equal(refused.reason, 'conflict');
      assert.deepEqual(
        refused.causes.map(({ field }) => field),
        ['.data.value'],
      );
      const forced = await kube.writer.write(
        { verb: 'apply', ref, object: configMap(namespace, 'a', '2'), force: true },
        { fieldManager: 'git' },
      );

      assert.equal(valueOf(forced), '2');
    },
  );

  rule('a patch on an outdated version or with a failed test is a conflict', async ({ kube, namespace }) => {
    const ref = refOf(namespace, 'a');
    const made = await kube.writer.write({
      verb: 'create',
      kind: KINDS.configMap,
      object: configMap(namespace, 'a', '1'),
    });
    await kube.writer.write({ verb: 'patch', ref, patchType: 'merge', body: { data: { value: '2' } } });

    const outdated = await failure(
      kube.writer.write({
        verb: 'patch',
        ref,
        patchType: 'merge',
        body: { metadata: { resourceVersion: made?.metadata.resourceVersion }, data: { value: '3' } },
      }),
    );
    const untrue = await failure(
      kube.writer.write({
        verb: 'patch',
        ref,
        patchType: 'json',
        body: [
          { op: 'test', path: '/data/value', value: '1' },
          { op: 'replace', path: '/data/value', value: '3' },
        ],
      }),
    );

    assert.deepEqual([outdated.reason, untrue.reason], ['conflict', 'conflict']);
  });

  rule('errors say what they mean', async ({ kube, namespace }) => {
    const ref = refOf(namespace, 'a');
    await kube.writer.write({ verb: 'create', kind: KINDS.configMap, object: configMap(namespace, 'a', '1') });

    const again = await failure(
      kube.writer.write({ verb: 'create', kind: KINDS.configMap, object: configMap(namespace, 'a', '1') }),
    );
    const missing = await failure(
      kube.writer.write({ verb: 'patch', ref: { ...ref, name: 'b' }, patchType: 'merge', body: {} }),
    );
    const invalid = await failure(
      kube.writer.write({ verb: 'create', kind: KINDS.configMap, object: configMap(namespace, 'UPPER', '1') }),
    );
    const another = await failure(
      kube.writer.write({ verb: 'delete', ref, uid: '00000000-0000-0000-0000-000000000000' }),
    );

    assert.deepEqual(
      [again.reason, missing.reason, invalid.reason, another.reason],
      ['already-exists', 'not-found', 'invalid', 'conflict'],
    );
    assert.equal(invalid.causes[0]?.field, 'metadata.name');
    assert.equal(await kube.reader.get({ ...ref, name: 'b' }), undefined);
    assert.equal(await kube.reader.get({ ...ref, kind: newGadgetKind() }), undefined);
    assert.equal(await kube.writer.write({ verb: 'delete', ref: { ...ref, name: 'b' } }), undefined);
  });

  rule('a dry run changes nothing and is not waited for', async ({ kube, namespace }) => {
    const cache = kube.caches.open(KINDS.configMap, { namespace });
    await kube.caches.whenSynced();
    const ref = refOf(namespace, 'a');

    const tried = await kube.writer.write(
      { verb: 'apply', ref, object: configMap(namespace, 'a', '1'), force: false },
      { dryRun: true },
    );

    assert.equal(valueOf(tried), '1');
    assert.ok(kube.writer.fresh(ref));
    assert.equal(cache.get(namespace, 'a'), undefined);
    assert.equal(await kube.reader.get(ref), undefined);
  });

  rule('a collection of several pages is read whole', async ({ kube, other, namespace }) => {
    const names = Array.from({ length: 1_100 }, (_, index) => `cm-${index}`);
    await Promise.all(
      names.map((name) =>
        other.writer.write({ verb: 'create', kind: KINDS.configMap, object: configMap(namespace, name, name) }),
      ),
    );

    const cache = kube.caches.open(KINDS.configMap, { namespace });
    await kube.caches.whenSynced();
    const listed = await kube.reader.list(KINDS.configMap, { namespace });

    const own = (objects: readonly KubeObject[]): number =>
      objects.filter(({ metadata }) => metadata.name.startsWith('cm-')).length;
    assert.deepEqual([own(cache.list()), own(listed)], [1_100, 1_100]);
  });

  rule(
    'a ReplicaSet is applied, its status and scale are written apart, and its deletion waits for finalizers',
    async ({ kube, namespace }) => {
      const cache = kube.caches.open(KINDS.replicaSet, { namespace });
      await kube.caches.whenSynced();
      const ref: ObjectRef = { kind: KINDS.replicaSet, namespace, name: 'rs' };

      await kube.writer.write({ verb: 'apply', ref, object: replicaSet(namespace), force: true });
      await kube.writer.write({
        verb: 'patch',
        ref,
        patchType: 'merge',
        subresource: 'scale',
        body: { spec: { replicas: 1 } },
      });
      await whenFresh(kube, ref);
      assert.equal((cache.get(namespace, 'rs')?.['spec'] as { replicas: number } | undefined)?.replicas, 1);
      await kube.writer.write({
        verb: 'patch',
        ref,
        patchType: 'strategic',
        body: { metadata: { finalizers: ['contract.headgate.dev/hold'] } },
      });
      await kube.writer.write({ verb: 'delete', ref, propagationPolicy: 'Background' });
      await whenFresh(kube, ref);
      assert.notEqual(cache.get(namespace, 'rs')?.metadata.deletionTimestamp, undefined);
      await kube.writer.write({ verb: 'patch', ref, patchType: 'merge', body: { metadata: { finalizers: null } } });
      await until(() => cache.get(namespace, 'rs') === undefined);
    },
  );

  rule(
    'a kind that is not served is noticed, and watched once its definition is there',
    async ({ kube, other, namespace }) => {
      const gadget = newGadgetKind();
      const definition: ObjectRef = {
        kind: KINDS.customResourceDefinition,
        namespace: '',
        name: `gadgets.${gadget.group}`,
      };
      const cache = kube.caches.open(gadget, { namespace });
      await kube.caches.whenSynced();
      assert.equal(cache.state, 'unserved');

      await other.writer.write({
        verb: 'create',
        kind: KINDS.customResourceDefinition,
        object: gadgetDefinition(gadget),
      });
      await until(() => cache.state === 'synced');
      await other.writer.write({
        verb: 'create',
        kind: gadget,
        object: {
          apiVersion: `${gadget.group}/v1`,
          kind: 'Gadget',
          metadata: { name: 'g', namespace },
          spec: { size: 1 },
        },
      });
      await until(() => cache.get(namespace, 'g') !== undefined);
      await other.writer.write({
        verb: 'patch',
        ref: { kind: gadget, namespace, name: 'g' },
        patchType: 'merge',
        subresource: 'status',
        body: { status: { phase: 'Good' } },
      });
      await until(() => (cache.get(namespace, 'g')?.['status'] as { phase?: string } | undefined)?.phase === 'Good');
      assert.deepEqual(cache.get(namespace, 'g')?.metadata.managedFields?.at(-1)?.fields, ['status.phase']);

      await other.writer.write({ verb: 'delete', ref: definition });
      await until(() => cache.list().length === 0);
    },
  );

  rule('an event is accepted and counted up', async ({ kube, namespace }) => {
    const involved = await kube.writer.write({
      verb: 'create',
      kind: KINDS.configMap,
      object: configMap(namespace, 'a', '1'),
    });
    assert.ok(involved !== undefined);

    for (let count = 0; count < 2; count += 1)
      kube.events.record(involved, { type: 'Warning', reason: 'Tried', message: 'for the third time' });
    await kube.events.flush(5_000);

    const events = await kube.reader.list(KINDS.event, { namespace });
    assert.deepEqual(
      events.map((event) => [event['reason'], event['count'], (event['involvedObject'] as { name: string }).name]),
      [['Tried', 2, 'a']],
    );
  });

  rule('a Lease is taken, given back and taken by the next', async ({ kube, other, namespace }) => {
    const options = {
      clock: createSystemClock(),
      random: Math.random,
      log: SILENT_LOG,
      namespace,
      name: 'lock',
      retryPeriodMs: 50,
    };
    const first = startLeadership({ ...options, client: kube.client, identity: 'first' });
    await first.whenHeld();
    const second = startLeadership({ ...options, client: other.client, identity: 'second' });

    await first.release();
    await second.whenHeld();
    await second.release();

    const lease = await kube.reader.get({ kind: KINDS.lease, namespace, name: 'lock' });
    assert.equal((lease?.['spec'] as { leaseTransitions: number } | undefined)?.leaseTransitions, 1);
  });
}

export interface ServedConnection {
  readonly connection: Connection;
  /** Ends the server, if it is this test's own. */
  readonly stop: () => Promise<void>;
}

interface World {
  readonly kube: ConnectedKube;
  /** Someone else on the same server. */
  readonly other: ConnectedKube;
  /** A namespace of this test's own. */
  readonly namespace: string;
}

async function setUp(t: TestContext, { connection, stop }: ServedConnection): Promise<World> {
  const clock = createSystemClock();
  const base = { connection, clock, random: Math.random, log: SILENT_LOG, metrics: SILENT_METRICS };
  const [kube, other] = [createKube(base), createKube(base)];
  const made = await other.client.request({
    verb: 'create',
    kind: KINDS.namespace,
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'contract-' } },
  });
  const namespace = (made as KubeObject).metadata.name;
  t.after(async () => {
    await other.writer.write({ verb: 'delete', ref: { kind: KINDS.namespace, namespace: '', name: namespace } });
    await kube.close();
    await other.close();
    await stop();
  });
  return { kube, other, namespace };
}

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    assert.ok(turns < 3_000, 'the condition comes true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function whenFresh(kube: ConnectedKube, ref: ObjectRef): Promise<void> {
  await new Promise<void>((resolve) => kube.writer.whenFresh([ref], resolve));
  assert.ok(kube.writer.fresh(ref));
}

async function failure(write: Promise<unknown>): Promise<KubeError> {
  try {
    await write;
  } catch (error) {
    assert.equal((error as Error).name, 'KubeError', String(error));
    return error as KubeError;
  }
  return assert.fail('the write is refused');
}

function refOf(namespace: string, name: string): ObjectRef {
  return { kind: KINDS.configMap, namespace, name };
}

function configMap(namespace: string, name: string, value: string, labels?: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data: { value } };
}

function valueOf(object: ReturnType<ObjectCache['get']>): string | undefined {
  return (object?.['data'] as Record<string, string> | undefined)?.['value'];
}

function replicaSet(namespace: string): KubeObject {
  const labels = { app: 'contract' };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'rs', namespace, labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'example.test/image' }] } },
    },
  };
}

function gadgetDefinition({ group, kind, plural }: ResourceKind): KubeObject {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: 'gadget', listKind: 'GadgetList' },
      versions: [
        { name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: schema } },
      ],
    },
  };
}
