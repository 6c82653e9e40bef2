import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MERGE, type Client, type Json, type Watch } from './client.ts';
import { configMap } from './objects.ts';
import { fresh } from './writes.ts';

/** Watch: order, selectors, bookmarks, initial events, time-outs, and revisions that are gone. */
export function describeWatches(api: () => Client): void {
  const labelled = (name: string, group: string): Json => configMap(name, {}, { labels: { group } });
  const open = (query: string): Promise<Watch> => api().watch(`${api().core}/configmaps?watch=true&${query}`);
  const revisionNow = async (): Promise<string> =>
    (await api().get(`${api().core}/configmaps?limit=1`)).body.metadata.resourceVersion;
  const told = (events: readonly Json[]): readonly string[] =>
    events.map((event) => `${event.type} ${event.object.metadata.name}`);

  describe('watch', () => {
    it('from a revision tells everything after it, once and in order', async () => {
      const { core, name } = fresh(api());
      const since = await revisionNow();
      await api().make(`${core}/configmaps`, labelled(name, name));
      await api().patch(`${core}/configmaps/${name}`, MERGE, { data: { a: '1' } });
      await api().delete(`${core}/configmaps/${name}`);
      const watch = await open(`resourceVersion=${since}&labelSelector=group%3D${name}`);
      const events = await watch.take(3);
      await watch.close();

      assert.equal(watch.status, 200);
      assert.deepEqual(told(events), [`ADDED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`]);
      const revisions = events.map((event) => Number(event.object.metadata.resourceVersion));
      assert.deepEqual(
        revisions,
        revisions.toSorted((left, right) => left - right),
      );
      assert.equal(new Set(revisions).size, 3);
      assert.equal(events[0].object.kind, 'ConfigMap');
    });

    it('tells live changes as they come', async () => {
      const { core, name } = fresh(api());
      const watch = await open(`resourceVersion=${await revisionNow()}&labelSelector=group%3D${name}`);
      await api().make(`${core}/configmaps`, labelled(name, name));
      const events = await watch.take(1);
      await watch.close();

      assert.deepEqual(told(events), [`ADDED ${name}`]);
    });

    it('by selector: an object that leaves it is DELETED, one that enters is ADDED', async () => {
      const { core, name } = fresh(api());
      const watch = await open(`resourceVersion=${await revisionNow()}&labelSelector=group%3D${name}`);
      await api().make(`${core}/configmaps`, labelled(name, name));
      await api().patch(`${core}/configmaps/${name}`, MERGE, { metadata: { labels: { group: 'other' } } });
      await api().patch(`${core}/configmaps/${name}`, MERGE, { metadata: { labels: { group: name } } });
      const events = await watch.take(3);
      await watch.close();

      assert.deepEqual(told(events), [`ADDED ${name}`, `DELETED ${name}`, `ADDED ${name}`]);
      assert.equal(events[1].object.metadata.labels.group, name);
    });

    it('without a revision starts with what exists', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/configmaps`, labelled(`${name}-1`, name));
      await api().make(`${core}/configmaps`, labelled(`${name}-2`, name));
      const watch = await open(`labelSelector=group%3D${name}`);
      const events = await watch.take(2);
      await watch.close();

      assert.deepEqual(told(events).toSorted(), [`ADDED ${name}-1`, `ADDED ${name}-2`]);
    });

    it('with sendInitialEvents marks their end by a bookmark', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/configmaps`, labelled(name, name));
      const watch = await open(
        `labelSelector=group%3D${name}&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
      );
      const [added, bookmark] = await watch.take(2);
      await watch.close();

      assert.equal(added.type, 'ADDED');
      assert.equal(bookmark.type, 'BOOKMARK');
      assert.equal(bookmark.object.kind, 'ConfigMap');
      assert.equal(bookmark.object.metadata.annotations['k8s.io/initial-events-end'], 'true');
      assert.ok(Number(bookmark.object.metadata.resourceVersion) >= Number(added.object.metadata.resourceVersion));
    });

    it('with sendInitialEvents wants resourceVersionMatch=NotOlderThan', async () => {
      const { core } = fresh(api());
      const { status, body } = await api().get(`${core}/configmaps?watch=true&sendInitialEvents=true&timeoutSeconds=1`);

      assert.equal(status, 422);
      assert.match(
        body.message,
        /resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/,
      );
    });

    it('ends after timeoutSeconds', async () => {
      const { name } = fresh(api());
      const watch = await open(`labelSelector=group%3D${name}&timeoutSeconds=1`);

      assert.deepEqual(await watch.rest(), []);
    });

    it('of one object by its name', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/configmaps`, configMap(name));
      const watch = await open(`fieldSelector=metadata.name%3D${name}`);
      const events = await watch.take(1);
      await watch.close();

      assert.deepEqual(told(events), [`ADDED ${name}`]);
    });

    it('from a revision that history no longer covers gets an ERROR event with 410 Expired', async (t) => {
      const { compact } = api().target;
      if (compact === undefined) return t.skip('this server cannot be told to forget');
      compact();
      const watch = await open('resourceVersion=1&timeoutSeconds=5');
      const [event] = await watch.take(1);
      await watch.close();

      assert.equal(event.type, 'ERROR');
      assert.deepEqual([event.object.kind, event.object.code, event.object.reason], ['Status', 410, 'Expired']);
      assert.match(event.object.message, /^too old resource version: 1 \(\d+\)$/);
    });

    it('as a Table repeats no columns after the first event', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/configmaps`, labelled(`${name}-1`, name));
      await api().make(`${core}/configmaps`, labelled(`${name}-2`, name));
      const { body } = await api().get(`${core}/configmaps?watch=true&labelSelector=group%3D${name}&timeoutSeconds=1`, {
        accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
      });
      const [first, second] = String(body)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));

      assert.equal(first.object.kind, 'Table');
      assert.equal(first.object.columnDefinitions.length, 3);
      assert.equal(second.object.columnDefinitions, null);
      assert.equal(second.object.rows.length, 1);
    });
  });
}
