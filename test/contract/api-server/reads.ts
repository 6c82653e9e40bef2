import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client, Json } from './client.ts';
import { configMap, pod } from './objects.ts';
import { fresh } from './writes.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

/** Get and list: selectors, pages, revisions, other representations. */
export function describeReads(api: () => Client): void {
  const three = async (group: string): Promise<string> => {
    for (const index of [1, 2, 3]) {
      const labels = { group, index: String(index), ...(index === 2 ? { even: '' } : {}) };
      await api().make(
        `${api().core}/configmaps`,
        configMap(`${group}-${index}`, { index: String(index) }, { labels }),
      );
    }
    return `${api().core}/configmaps`;
  };
  const names = (list: Json): readonly string[] =>
    list.items.map((item: Json) => item.metadata.name.replace(/^.*-/, ''));

  describe('get', () => {
    it('of what does not exist is 404 NotFound with details', async () => {
      const { core, apps, name } = fresh(api());
      const { status, body } = await api().get(`${core}/configmaps/${name}`);
      const grouped = await api().get(`${apps}/deployments/${name}`);

      assert.equal(status, 404);
      assert.deepEqual(
        [body.reason, body.message, body.details],
        ['NotFound', `configmaps "${name}" not found`, { name, kind: 'configmaps' }],
      );
      assert.deepEqual(
        [grouped.body.message, grouped.body.details],
        [`deployments.apps "${name}" not found`, { name, group: 'apps', kind: 'deployments' }],
      );
    });

    it('of an unknown resource is 404, of a wrong method 405', async () => {
      const { core, name } = fresh(api());
      const resource = await api().get(`${core}/nonsense`);
      const method = await api().put(`${core}/configmaps`, configMap(name));

      assert.equal(resource.status, 404);
      assert.equal(method.status, 405);
    });
  });

  describe('list', () => {
    it('names the kind once, and carries a resourceVersion of its own', async () => {
      const { name } = fresh(api());
      const path = await three(name);
      const { status, body } = await api().get(`${path}?labelSelector=group%3D${name}`);

      assert.equal(status, 200);
      assert.deepEqual([body.kind, body.apiVersion], ['ConfigMapList', 'v1']);
      assert.match(body.metadata.resourceVersion, /^[1-9]\d*$/);
      assert.deepEqual(names(body), ['1', '2', '3']);
      assert.equal(body.items[0].kind, undefined);
    });

    const selections = [
      { selector: 'index=2', finds: ['2'] },
      { selector: 'index==2', finds: ['2'] },
      { selector: 'index!=2', finds: ['1', '3'] },
      { selector: 'index in (1,3)', finds: ['1', '3'] },
      { selector: 'index notin (1,3)', finds: ['2'] },
      { selector: 'even', finds: ['2'] },
      { selector: '!even', finds: ['1', '3'] },
      { selector: 'even=', finds: ['2'] },
      { selector: 'index>1', finds: ['2', '3'] },
      { selector: 'index<2', finds: ['1'] },
      { selector: 'index in (1,2),even', finds: ['2'] },
    ];
    it('by label selectors', async () => {
      const { name } = fresh(api());
      const path = await three(name);
      for (const { selector, finds } of selections) {
        const { body } = await api().get(`${path}?labelSelector=${encodeURIComponent(`group=${name},${selector}`)}`);
        assert.deepEqual(names(body), finds, selector);
      }
    });

    it('by field selectors', async () => {
      const { core, name, namespace } = fresh(api());
      const path = await three(name);
      const byName = await api().get(`${path}?fieldSelector=metadata.name%3D${name}-2`);
      const others = await api().get(`${path}?labelSelector=group%3D${name}&fieldSelector=metadata.name!%3D${name}-2`);
      const everywhere = await api().get(
        `/api/v1/configmaps?fieldSelector=metadata.namespace%3D${namespace},metadata.name%3D${name}-2`,
      );
      await api().make(`${core}/pods`, pod(name, { nodeName: name }));
      const onNode = await api().get(`${core}/pods?fieldSelector=spec.nodeName%3D${name},status.phase%3DPending`);
      await api().delete(`${core}/pods/${name}`, { gracePeriodSeconds: 0 });

      assert.deepEqual(names(byName.body), ['2']);
      assert.deepEqual(names(others.body), ['1', '3']);
      assert.deepEqual(names(everywhere.body), ['2']);
      assert.equal(onNode.body.items.length, 1);
    });

    it('refuses selectors that do not parse and fields that it does not know', async () => {
      const { core } = fresh(api());
      const labels = await api().get(`${core}/configmaps?labelSelector=${encodeURIComponent('a in (')}`);
      const fields = await api().get(`${core}/configmaps?fieldSelector=spec.foo%3D1`);

      assert.equal(labels.status, 400);
      assert.equal(fields.status, 400);
      assert.match(fields.body.message, /field label not supported: spec\.foo|is not a known field selector/);
    });

    it('in pages that belong together', async () => {
      const { name } = fresh(api());
      const path = await three(name);
      const first = await api().get(`${path}?limit=2&labelSelector=group%3D${name}`);
      await api().make(path, configMap(`${name}-4`, {}, { labels: { group: name } }));
      const token = encodeURIComponent(first.body.metadata.continue);
      const second = await api().get(`${path}?limit=2&labelSelector=group%3D${name}&continue=${token}`);

      assert.deepEqual(names(first.body), ['1', '2']);
      assert.deepEqual(names(second.body), ['3']);
      assert.equal(second.body.metadata.continue, undefined);
      assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
      assert.equal((await api().get(`${path}?continue=nonsense`)).status, 400);
    });

    it('counts what is left when there is no selector', async () => {
      const { name } = fresh(api());
      const path = await three(name);
      const { body } = await api().get(`${path}?limit=1`);
      const all = await api().get(path);

      assert.equal(body.metadata.remainingItemCount, all.body.items.length - 1);
    });

    it('of a revision that is not there yet is 504', async () => {
      const { core } = fresh(api());
      const now = await api().get(`${core}/configmaps?limit=1`);
      const later = Number(now.body.metadata.resourceVersion) + 1_000_000;
      const { status, body } = await api().get(`${core}/configmaps?resourceVersion=${later}`);

      assert.equal(status, 504);
      assert.match(body.message, /Too large resource version/);
    });
  });

  describe('other representations', () => {
    it('a Table of configmaps has their columns and carries metadata', async () => {
      const { name } = fresh(api());
      const path = await three(name);
      const { body } = await api().get(`${path}?labelSelector=group%3D${name}`, { accept: TABLE });

      assert.deepEqual([body.kind, body.apiVersion], ['Table', 'meta.k8s.io/v1']);
      assert.deepEqual(
        body.columnDefinitions.map((column: Json) => column.name),
        ['Name', 'Data', 'Age'],
      );
      assert.deepEqual(body.rows[0].cells.slice(0, 2).map(String), [`${name}-1`, '1']);
      assert.deepEqual(
        [body.rows[0].object.kind, body.rows[0].object.metadata.name],
        ['PartialObjectMetadata', `${name}-1`],
      );
    });

    it('a Table of one object is a Table too', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/pods`, pod(name));
      const { body } = await api().get(`${core}/pods/${name}`, { accept: TABLE });

      assert.equal(body.kind, 'Table');
      assert.deepEqual(body.rows[0].cells.slice(0, 4).map(String), [name, '0/1', 'Pending', '0']);
    });

    it('metadata alone', async () => {
      const { name } = fresh(api());
      const path = await three(name);
      const { body } = await api().get(`${path}?labelSelector=group%3D${name}`, { accept: PARTIAL_LIST });

      assert.equal(body.kind, 'PartialObjectMetadataList');
      assert.equal(body.items[0].metadata.name, `${name}-1`);
      assert.equal(body.items[0].data, undefined);
    });

    it('that the server does not have is 406', async () => {
      const { core } = fresh(api());
      assert.equal((await api().get(`${core}/configmaps`, { accept: 'text/html' })).status, 406);
    });
  });
}
