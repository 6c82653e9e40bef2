import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JSON_PATCH, MERGE, STRATEGIC, type Client, type Json } from './client.ts';
import { configMap, deployment, service } from './objects.ts';
import { fresh } from './writes.ts';

/** JSON patch, merge patch and strategic merge patch. */
export function describePatches(api: () => Client): void {
  const makeMap = async (data: Record<string, string>): Promise<string> => {
    const { core, name } = fresh(api());
    await api().make(`${core}/configmaps`, configMap(name, data));
    return `${core}/configmaps/${name}`;
  };
  const makeDeployment = async (): Promise<string> => {
    const { apps, name } = fresh(api());
    await api().make(`${apps}/deployments`, deployment(name));
    return `${apps}/deployments/${name}`;
  };

  describe('JSON patch', () => {
    it('applies its operations in order', async () => {
      const path = await makeMap({ a: '1', b: '2' });
      const { status, body } = await api().patch(path, JSON_PATCH, [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'replace', path: '/data/a', value: '9' },
        { op: 'remove', path: '/data/b' },
        { op: 'add', path: '/metadata/annotations', value: {} },
        { op: 'add', path: '/metadata/annotations/c~1d', value: '3' },
        { op: 'copy', from: '/data/a', path: '/data/e' },
        { op: 'move', from: '/data/e', path: '/data/f' },
      ]);

      assert.equal(status, 200);
      assert.deepEqual(body.data, { a: '9', f: '9' });
      assert.deepEqual(body.metadata.annotations, { 'c/d': '3' });
    });

    it('whose test fails changes nothing and is 422', async () => {
      const path = await makeMap({ a: '1' });
      const { status, body } = await api().patch(path, JSON_PATCH, [
        { op: 'replace', path: '/data/a', value: '2' },
        { op: 'test', path: '/data/a', value: '1' },
      ]);

      assert.equal(status, 422);
      assert.equal(body.reason, 'Invalid');
      assert.equal((await api().get(path)).body.data.a, '1');
    });

    it('on a path that does not exist is 422, malformed 400', async () => {
      const path = await makeMap({});
      const missing = await api().patch(path, JSON_PATCH, [{ op: 'remove', path: '/data/nope' }]);
      const malformed = await api().patch(path, JSON_PATCH, { op: 'remove' });

      assert.equal(missing.status, 422);
      assert.equal(malformed.status, 400);
    });

    it('reaches into lists', async () => {
      const path = await makeDeployment();
      const { body } = await api().patch(path, JSON_PATCH, [
        { op: 'add', path: '/spec/template/spec/containers/0/env/0', value: { name: 'Z', value: '0' } },
        { op: 'add', path: '/spec/template/spec/containers/0/env/-', value: { name: 'Y', value: '9' } },
      ]);

      assert.deepEqual(envNames(body), ['Z', 'A', 'B', 'Y']);
    });

    it('guards with a test on resourceVersion', async () => {
      const path = await makeMap({});
      const { status } = await api().patch(path, JSON_PATCH, [
        { op: 'test', path: '/metadata/resourceVersion', value: '1' },
        { op: 'add', path: '/data', value: { a: '1' } },
      ]);

      assert.equal(status, 422);
    });
  });

  describe('merge patch', () => {
    it('merges objects, removes nulls and replaces lists', async () => {
      const path = await makeDeployment();
      const { status, body } = await api().patch(path, MERGE, {
        metadata: { labels: { a: 'b' } },
        spec: {
          revisionHistoryLimit: null,
          template: { spec: { containers: [{ name: 'other', image: 'other:1' }] } },
        },
      });

      assert.equal(status, 200);
      assert.equal(body.metadata.labels.a, 'b');
      assert.equal(body.spec.revisionHistoryLimit, 10);
      assert.deepEqual(
        body.spec.template.spec.containers.map((container: Json) => container.name),
        ['other'],
      );
    });

    it('from an outdated resourceVersion is 409', async () => {
      const path = await makeMap({ a: '1' });
      const { status } = await api().patch(path, MERGE, { metadata: { resourceVersion: '1' }, data: { a: '2' } });

      assert.equal(status, 409);
    });

    it('that changes nothing keeps the resourceVersion', async () => {
      const path = await makeMap({ a: '1' });
      const before = (await api().get(path)).body.metadata.resourceVersion;
      const { body } = await api().patch(path, MERGE, { data: { a: '1' } });

      assert.equal(body.metadata.resourceVersion, before);
    });

    it('of what does not exist is 404', async () => {
      const { core, name } = fresh(api());
      assert.equal((await api().patch(`${core}/configmaps/${name}`, MERGE, { data: {} })).status, 404);
    });

    it('to an invalid object is 422 and changes nothing', async () => {
      const path = await makeDeployment();
      const { status, body } = await api().patch(path, MERGE, { spec: { replicas: -1 } });

      assert.equal(status, 422);
      assert.match(body.message, /spec\.replicas: Invalid value: -1: must be greater than or equal to 0$/);
      assert.equal((await api().get(path)).body.spec.replicas, 0);
    });

    it('as a dry run answers the result alone', async () => {
      const path = await makeMap({ a: '1' });
      const { body } = await api().patch(`${path}?dryRun=All`, MERGE, { data: { a: '2' } });

      assert.equal(body.data.a, '2');
      assert.equal((await api().get(path)).body.data.a, '1');
    });
  });

  describe('strategic merge patch', () => {
    it('merges lists by their key', async () => {
      const path = await makeDeployment();
      const { status, body } = await api().patch(path, STRATEGIC, {
        spec: {
          template: {
            spec: {
              containers: [
                {
                  name: 'web',
                  env: [
                    { name: 'B', value: '3' },
                    { name: 'C', value: '4' },
                  ],
                },
              ],
            },
          },
        },
      });
      const [web] = body.spec.template.spec.containers;

      assert.equal(status, 200);
      assert.equal(web.image, 'web:1');
      assert.deepEqual(Object.fromEntries(web.env.map((entry: Json) => [entry.name, entry.value])), {
        A: '1',
        B: '3',
        C: '4',
      });
    });

    it('deletes an item by $patch, and replaces a list by $patch', async () => {
      const path = await makeDeployment();
      const deleted = await api().patch(path, STRATEGIC, {
        spec: { template: { spec: { containers: [{ name: 'web', env: [{ name: 'A', $patch: 'delete' }] }] } } },
      });
      const replaced = await api().patch(path, STRATEGIC, {
        spec: {
          template: {
            spec: { containers: [{ name: 'web', env: [{ $patch: 'replace' }, { name: 'N', value: '1' }] }] },
          },
        },
      });

      assert.deepEqual(envNames(deleted.body), ['B']);
      assert.deepEqual(envNames(replaced.body), ['N']);
    });

    it('keeps only what $retainKeys names', async () => {
      const path = await makeDeployment();
      const { body } = await api().patch(path, STRATEGIC, {
        spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      });

      assert.deepEqual(body.spec.strategy, { type: 'Recreate' });
    });

    it('orders a list by $setElementOrder', async () => {
      const path = await makeDeployment();
      const { body } = await api().patch(path, STRATEGIC, {
        spec: {
          template: {
            spec: {
              containers: [
                {
                  name: 'web',
                  '$setElementOrder/env': [{ name: 'B' }, { name: 'A' }],
                  env: [{ name: 'A', value: '7' }],
                },
              ],
            },
          },
        },
      });

      assert.deepEqual(envNames(body), ['B', 'A']);
    });

    it('touches one key of a selector and leaves the others', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/services`, service(name));
      const { body } = await api().patch(`${core}/services/${name}`, STRATEGIC, {
        spec: { selector: { hash: 'abc' } },
      });

      assert.deepEqual(body.spec.selector, { app: name, hash: 'abc' });
      assert.equal(body.spec.ports.length, 1);
    });

    it('merges a Service port by its number', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/services`, service(name));
      const { body } = await api().patch(`${core}/services/${name}`, STRATEGIC, {
        spec: { ports: [{ port: 80, targetPort: 8081 }] },
      });

      assert.deepEqual(body.spec.ports, [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8081 }]);
    });

    it('removes by null', async () => {
      const path = await makeDeployment();
      await api().patch(path, STRATEGIC, { metadata: { annotations: { a: '1', b: '2' } } });
      const { body } = await api().patch(path, STRATEGIC, { metadata: { annotations: { a: null } } });

      assert.deepEqual(body.metadata.annotations, { b: '2' });
    });
  });

  it('a patch of an unknown type is 415', async () => {
    const path = await makeMap({});
    assert.equal((await api().patch(path, 'application/json', {})).status, 415);
  });

  describe('scale', () => {
    it('is read and written beside the object', async () => {
      const { apps, name } = fresh(api());
      await api().make(`${apps}/deployments`, deployment(name));
      const path = `${apps}/deployments/${name}`;
      const read = await api().get(`${path}/scale`);
      await api().patch(path, MERGE, { spec: { paused: true } });
      const put = await api().put(`${path}/scale`, {
        ...read.body,
        metadata: { name, namespace: api().namespace },
        spec: { replicas: 3 },
      });
      const patched = await api().patch(`${path}/scale`, MERGE, { spec: { replicas: 4 } });

      assert.deepEqual(
        [read.body.kind, read.body.apiVersion, read.body.spec.replicas],
        ['Scale', 'autoscaling/v1', undefined],
      );
      assert.equal(read.body.status.selector, `app=${name}`);
      assert.deepEqual([put.body.spec.replicas, patched.body.spec.replicas], [3, 4]);
      assert.equal((await api().get(path)).body.spec.replicas, 4);
    });
  });
}

function envNames(object: Json): readonly string[] {
  return object.spec.template.spec.containers[0].env.map((entry: Json) => entry.name);
}
