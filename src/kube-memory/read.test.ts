import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openInProcessApi, type InProcessApi } from '../../test/support/in-process-api.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

async function withMaps(names: readonly string[]): Promise<InProcessApi> {
  const api = openInProcessApi();
  for (const name of names) {
    await api.create(MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { is: name } } });
  }
  return api;
}

function names(body: {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}): readonly string[] {
  return body.items.map((item) => item.metadata.name);
}

describe('lists', () => {
  it('come in the order of their keys, without kinds in the items of built-in lists', async () => {
    const api = await withMaps(['b', 'c', 'a']);
    const { body } = await api.get(MAPS);
    assert.equal(body.kind, 'ConfigMapList');
    assert.deepEqual(names(body), ['a', 'b', 'c']);
    assert.equal(body.items[0]?.kind, undefined);
    assert.equal(Number(body.metadata.resourceVersion), api.server.store.revision);
  });

  it('page through the state of the first page', async () => {
    const api = await withMaps(['a', 'b', 'c', 'd']);
    const { body: first } = await api.get(`${MAPS}?limit=2`);
    await api.remove(`${MAPS}/c`);
    await api.create(MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'e' } });
    const { body: second } = await api.get(`${MAPS}?limit=2&continue=${first.metadata.continue}`);

    assert.deepEqual([names(first), first.metadata.remainingItemCount], [['a', 'b'], 2]);
    assert.deepEqual([names(second), second.metadata.continue], [['c', 'd'], undefined]);
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  });

  it('say 410 to a continue token of a forgotten state, with a token to go on inconsistently', async () => {
    const api = await withMaps(['a', 'b', 'c']);
    const { body: first } = await api.get(`${MAPS}?limit=1`);
    await api.remove(`${MAPS}/a`);
    api.server.store.compact();

    const { code, body } = await api.get(`${MAPS}?limit=1&continue=${first.metadata.continue}`);
    const { body: rest } = await api.get(`${MAPS}?continue=${body.metadata.continue}`);

    assert.deepEqual([code, body.reason], [410, 'Expired']);
    assert.deepEqual(names(rest), ['b', 'c']);
  });

  it('show an exact past state as long as history knows it', async () => {
    const api = await withMaps(['a', 'b']);
    const { body: then } = await api.get(MAPS);
    await api.remove(`${MAPS}/a`);
    const past = `${MAPS}?resourceVersionMatch=Exact&resourceVersion=${then.metadata.resourceVersion}`;

    assert.deepEqual(names((await api.get(past)).body), ['a', 'b']);
    assert.deepEqual(names((await api.get(MAPS)).body), ['b']);
    api.server.store.compact();
    assert.equal((await api.get(past)).code, 410);
  });

  it('wait for nobody: a revision of the future is a time-out', async () => {
    const api = await withMaps(['a']);
    const { code, body } = await api.get(`${MAPS}?resourceVersion=1000`);
    assert.deepEqual([code, body.reason], [504, 'Timeout']);
  });

  const selections: readonly (readonly [string, readonly string[]])[] = [
    ['labelSelector=is%3Da', ['a']],
    ['labelSelector=is%21%3Da', ['b', 'c']],
    ['labelSelector=is+in+%28a%2Cb%29', ['a', 'b']],
    ['labelSelector=is+notin+%28a%2Cb%29', ['c']],
    ['labelSelector=is', ['a', 'b', 'c']],
    ['labelSelector=%21is', []],
    ['labelSelector=is+in+%28a%2Cb%29%2Cis%21%3Da', ['b']],
    ['fieldSelector=metadata.name%3Dc', ['c']],
    ['fieldSelector=metadata.name%21%3Dc', ['a', 'b']],
  ];
  for (const [query, expected] of selections) {
    it(`select by ${decodeURIComponent(query)}`, async () => {
      const api = await withMaps(['a', 'b', 'c']);
      assert.deepEqual(names((await api.get(`${MAPS}?${query}`)).body), expected);
    });
  }

  it('refuse selectors that mean nothing', async () => {
    const api = await withMaps([]);
    const field = await api.get(`${MAPS}?fieldSelector=data.x%3D1`);
    const label = await api.get(`${MAPS}?labelSelector=a%3D%3D%3D`);
    assert.deepEqual([field.code, label.code], [400, 400]);
    assert.match(
      field.body.message ?? '',
      /^"data\.x" is not a known field selector: only "metadata\.name", "metadata\.namespace"$/,
    );
  });

  it('come as tables and as metadata alone', async () => {
    const api = await withMaps(['a']);
    api.clock.advance(90_000);
    const table = await api.get(MAPS, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' });
    const partial = await api.get(`${MAPS}/a`, {
      accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    });

    assert.equal(table.body.kind, 'Table');
    assert.deepEqual((table.body as unknown as { rows: readonly { cells: unknown }[] }).rows[0]?.cells, [
      'a',
      0,
      '90s',
    ]);
    assert.equal(partial.body.kind, 'PartialObjectMetadata');
    assert.equal(partial.body.metadata.name, 'a');
  });

  it('are refused in forms that are not served', async () => {
    const api = await withMaps([]);
    assert.equal((await api.get(MAPS, { accept: 'application/vnd.kubernetes.protobuf' })).code, 406);
  });
});
