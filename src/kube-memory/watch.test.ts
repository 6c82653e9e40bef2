import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openInProcessApi, type WatchRecord } from '../../test/support/in-process-api.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

function configMap(name: string, extra: Readonly<Record<string, unknown>> = {}): unknown {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...extra } };
}

function told(watch: WatchRecord): readonly string[] {
  return watch.events.map(({ type, object }) => `${type} ${object.metadata?.name ?? object.kind}`);
}

/** Lets the store announce what was committed. */
const settled = (): Promise<void> => new Promise((resolve) => queueMicrotask(resolve));

describe('watch', () => {
  it('tells the state first when no revision is given, then every change in order', async () => {
    const api = openInProcessApi();
    await api.create(MAPS, configMap('a'));

    const watch = await api.watch(`${MAPS}?watch=true`);
    await api.create(MAPS, configMap('b'));
    await api.patch(`${MAPS}/a`, 'merge', { data: { x: '1' } });
    await api.remove(`${MAPS}/b`);
    await settled();

    assert.deepEqual(told(watch), ['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
  });

  it('goes on after a revision without repeating or losing anything', async () => {
    const api = openInProcessApi();
    const { body: first } = await api.create(MAPS, configMap('a'));
    await api.create(MAPS, configMap('b'));

    const watch = await api.watch(`${MAPS}?watch=true&resourceVersion=${first.metadata.resourceVersion}`);
    await api.create(MAPS, configMap('c'));
    await settled();

    assert.deepEqual(told(watch), ['ADDED b', 'ADDED c']);
  });

  it('gives a deletion the revision of the deletion', async () => {
    const api = openInProcessApi();
    const { body: made } = await api.create(MAPS, configMap('a'));
    const watch = await api.watch(`${MAPS}?watch=true&resourceVersion=${made.metadata.resourceVersion}`);

    await api.remove(`${MAPS}/a`);
    await settled();

    assert.ok(Number(watch.events[0]?.object.metadata.resourceVersion) > Number(made.metadata.resourceVersion));
  });

  it('shows a selector its transitions as additions and deletions', async () => {
    const api = openInProcessApi();
    const watch = await api.watch(`${MAPS}?watch=true&labelSelector=on%3Dyes`);
    await api.create(MAPS, configMap('a'));
    await api.patch(`${MAPS}/a`, 'merge', { metadata: { labels: { on: 'yes' } } });
    await api.patch(`${MAPS}/a`, 'merge', { data: { x: '1' } });
    await api.patch(`${MAPS}/a`, 'merge', { metadata: { labels: null } });
    await settled();

    assert.deepEqual(told(watch), ['ADDED a', 'MODIFIED a', 'DELETED a']);
    assert.deepEqual(watch.events[2]?.object.metadata.labels, { on: 'yes' }, 'the last state that matched');
  });

  it('answers a forgotten revision with an ERROR event of code 410', async () => {
    const api = openInProcessApi();
    const { body: made } = await api.create(MAPS, configMap('a'));
    await api.create(MAPS, configMap('b'));
    api.server.store.compact();

    const watch = await api.watch(`${MAPS}?watch=true&resourceVersion=${made.metadata.resourceVersion}`);

    assert.equal(watch.events[0]?.type, 'ERROR');
    assert.equal(watch.events[0]?.object.code, 410);
    assert.equal(watch.events[0]?.object.reason, 'Expired');
    assert.equal(watch.ended(), 'end');
  });

  it('marks the end of the initial events with a bookmark', async () => {
    const api = openInProcessApi();
    await api.create(MAPS, configMap('a'));

    const watch = await api.watch(
      `${MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );

    assert.deepEqual(told(watch).slice(0, 1), ['ADDED a']);
    assert.equal(watch.events[1]?.type, 'BOOKMARK');
    assert.equal(watch.events[1]?.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
    assert.equal(Number(watch.events[1]?.object.metadata.resourceVersion), api.server.store.revision);
  });

  it('refuses initial events without the match that makes them consistent', async () => {
    const api = openInProcessApi();
    const { code, body } = await api.get(`${MAPS}?watch=true&sendInitialEvents=true`);
    assert.equal(code, 422);
    assert.match(body.message ?? '', /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/);
  });

  it('sends bookmarks while nothing happens and ends after timeoutSeconds', async () => {
    const api = openInProcessApi();
    const watch = await api.watch(`${MAPS}?watch=true&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=90`);

    api.clock.advance(61_000);
    assert.deepEqual(
      watch.events.map((event) => event.type),
      ['BOOKMARK'],
    );
    api.clock.advance(30_000);
    assert.equal(watch.ended(), 'end');
    assert.equal(api.clock.nextAtMs(), undefined, 'no timer is left');
  });

  it('drops its timers when the reader goes away', async () => {
    const api = openInProcessApi();
    const watch = await api.watch(`${MAPS}?watch=true&allowWatchBookmarks=true`);
    watch.stream.cancel();
    await api.create(MAPS, configMap('a'));
    await settled();

    assert.deepEqual(watch.events, []);
    assert.equal(api.clock.nextAtMs(), undefined);
  });
});
