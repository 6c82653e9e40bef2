import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { APPLY, MERGE, type Client, type Json } from './client.ts';
import { configMap, deployment } from './objects.ts';
import { fresh } from './writes.ts';

/** Server-side apply: ownership by field, conflicts, removal, and the shape of managedFields. */
export function describeApply(api: () => Client): void {
  const map = (name: string, data: Record<string, string>): Json => configMap(name, data);
  const at = (name: string): string => `${api().core}/configmaps/${name}`;
  const container = (name: string, fields: object): Json => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { template: { spec: { containers: [{ name: 'web', ...fields }] } } },
  });

  describe('server-side apply', () => {
    it('creates what is not there (201) and records who owns which field', async () => {
      const { name } = fresh(api());
      const { status, body } = await api().apply(at(name), 'one', map(name, { a: '1' }));
      const [entry] = body.metadata.managedFields;

      assert.equal(status, 201);
      assert.deepEqual(
        [entry.manager, entry.operation, entry.apiVersion, entry.fieldsType, entry.subresource],
        ['one', 'Apply', 'v1', 'FieldsV1', undefined],
      );
      assert.deepEqual(entry.fieldsV1, { 'f:data': { 'f:a': {} } });
      assert.match(entry.time, /Z$/);
    });

    it('without a field manager is 400', async () => {
      const { name } = fresh(api());
      const { status, body } = await api().patch(at(name), APPLY, map(name, {}));

      assert.equal(status, 422);
      assert.match(body.message, /fieldManager: Required value: is required for apply patch/);
    });

    it('takes YAML', async () => {
      const { name } = fresh(api());
      const yaml = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "1"\n`;
      const { status, body } = await api().apply(at(name), 'one', yaml);

      assert.equal(status, 201);
      assert.deepEqual(body.data, { a: '1' });
    });

    it('twice the same keeps the resourceVersion', async () => {
      const { name } = fresh(api());
      const first = await api().apply(at(name), 'one', map(name, { a: '1' }));
      const second = await api().apply(at(name), 'one', map(name, { a: '1' }));

      assert.equal(second.status, 200);
      assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
    });

    it('of another value of a field that someone else owns is a conflict', async () => {
      const { name } = fresh(api());
      await api().apply(at(name), 'one', map(name, { a: '1' }));
      const { status, body } = await api().apply(at(name), 'two', map(name, { a: '2' }));

      assert.equal(status, 409);
      assert.equal(body.reason, 'Conflict');
      assert.equal(body.message, 'Apply failed with 1 conflict: conflict with "one": .data.a');
      assert.deepEqual(body.details.causes, [
        { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
      ]);
    });

    it('of several conflicting fields lists them by manager', async () => {
      const { name } = fresh(api());
      await api().apply(at(name), 'one', map(name, { a: '1', b: '1' }));
      const { body } = await api().apply(at(name), 'two', map(name, { a: '2', b: '2' }));

      assert.equal(body.message, 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b');
    });

    it('by force takes the field over', async () => {
      const { name } = fresh(api());
      await api().apply(at(name), 'one', map(name, { a: '1', b: '1' }));
      const { status, body } = await api().apply(at(name), 'two', map(name, { a: '2' }), '&force=true');

      assert.equal(status, 200);
      assert.deepEqual(body.data, { a: '2', b: '1' });
      assert.deepEqual(owners(body), { one: { 'f:data': { 'f:b': {} } }, two: { 'f:data': { 'f:a': {} } } });
    });

    it('of an equal value shares the field, which stays until the last owner drops it', async () => {
      const { name } = fresh(api());
      await api().apply(at(name), 'one', map(name, { a: '1' }));
      const shared = await api().apply(at(name), 'two', map(name, { a: '1' }));
      const kept = await api().apply(at(name), 'one', map(name, {}));
      const gone = await api().apply(at(name), 'two', map(name, {}));

      assert.equal(shared.status, 200);
      assert.deepEqual(kept.body.data, { a: '1' });
      assert.equal(gone.body.data, undefined);
    });

    it('without a field that it owned alone removes it', async () => {
      const { name } = fresh(api());
      await api().apply(at(name), 'one', map(name, { a: '1', b: '2' }));
      const { body } = await api().apply(at(name), 'one', map(name, { b: '2' }));

      assert.deepEqual(body.data, { b: '2' });
    });

    it('conflicts with a plain update of the field', async () => {
      const { name } = fresh(api());
      await api().apply(at(name), 'one', map(name, { a: '1' }));
      await api().patch(`${at(name)}?fieldManager=editor`, MERGE, { data: { a: '2' } });
      const { status, body } = await api().apply(at(name), 'one', map(name, { a: '1' }));

      assert.equal(status, 409);
      assert.match(
        body.message,
        /^Apply failed with 1 conflict: conflict with "editor" using v1( at [^:]+:\d\d:\d\dZ)?: \.data\.a$/,
      );
    });

    it('a plain update owns what it changes, under its user agent when it names no manager', async () => {
      const { name } = fresh(api());
      await api().apply(at(name), 'one', map(name, { a: '1', b: '1' }));
      const { body } = await api().patch(at(name), MERGE, { data: { b: '2' } });

      assert.deepEqual(owners(body), { one: { 'f:data': { 'f:a': {} } }, contract: { 'f:data': { 'f:b': {} } } });
      const entry = body.metadata.managedFields.find((each: Json) => each.manager === 'contract');
      assert.equal(entry.operation, 'Update');
    });

    it('merges list items by their keys', async () => {
      const { apps, name } = fresh(api());
      const path = `${apps}/deployments/${name}`;
      await api().apply(path, 'one', deployment(name));
      const { status, body } = await api().apply(path, 'two', container(name, { env: [{ name: 'C', value: '3' }] }));
      const [web] = body.spec.template.spec.containers;

      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(
        web.env.map((entry: Json) => entry.name),
        ['A', 'B', 'C'],
      );
      assert.deepEqual(owners(body)['two'], {
        'f:spec': {
          'f:template': {
            'f:spec': {
              'f:containers': {
                'k:{"name":"web"}': {
                  '.': {},
                  'f:name': {},
                  'f:env': { 'k:{"name":"C"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
                },
              },
            },
          },
        },
      });
    });

    it('keys ports by number and protocol, with the default protocol', async () => {
      const { apps, name } = fresh(api());
      const path = `${apps}/deployments/${name}`;
      const { body } = await api().apply(path, 'one', deployment(name));
      const ports =
        owners(body)['one']['f:spec']['f:template']['f:spec']['f:containers']['k:{"name":"web"}']['f:ports'];

      assert.deepEqual(Object.keys(ports), ['k:{"containerPort":8080,"protocol":"TCP"}']);
    });

    it('removes only its own items of a list', async () => {
      const { apps, name } = fresh(api());
      const path = `${apps}/deployments/${name}`;
      await api().apply(path, 'one', deployment(name));
      await api().apply(path, 'two', container(name, { env: [{ name: 'C', value: '3' }] }));
      const { body } = await api().apply(path, 'two', container(name, {}));

      assert.deepEqual(
        body.spec.template.spec.containers[0].env.map((entry: Json) => entry.name),
        ['A', 'B'],
      );
    });

    it('does not own what the server defaults', async () => {
      const { apps, name } = fresh(api());
      const path = `${apps}/deployments/${name}`;
      const { body } = await api().apply(path, 'one', deployment(name));
      const other = await api().apply(path, 'two', {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name },
        spec: { progressDeadlineSeconds: 30 },
      });

      assert.equal(owners(body)['one']['f:spec']['f:progressDeadlineSeconds'], undefined);
      assert.equal(other.status, 200);
      assert.equal(other.body.spec.progressDeadlineSeconds, 30);
    });

    it('with managedFields in the body is refused', async () => {
      const { name } = fresh(api());
      const { status, body } = await api().apply(
        at(name),
        'one',
        configMap(name, {}, { managedFields: [{ manager: 'x' }] }),
      );

      assert.equal(status, 400);
      assert.match(body.message, /metadata\.managedFields must be nil/);
    });

    it('from an outdated resourceVersion is 409', async () => {
      const { name } = fresh(api());
      const first = await api().apply(at(name), 'one', map(name, { a: '1' }));
      await api().patch(at(name), MERGE, { data: { z: '1' } });
      const stale = configMap(name, { a: '2' }, { resourceVersion: first.body.metadata.resourceVersion });

      assert.equal((await api().apply(at(name), 'one', stale)).status, 409);
    });

    it('to the status subresource has an entry of its own', async () => {
      const { apps, name } = fresh(api());
      const path = `${apps}/deployments/${name}`;
      await api().apply(path, 'one', deployment(name, { paused: true }));
      const status = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, status: { collisionCount: 3 } };
      const { body } = await api().apply(`${path}/status`, 'one', status);
      const entry = body.metadata.managedFields.find(
        (each: Json) => each.manager === 'one' && each.subresource === 'status',
      );

      assert.equal(body.status.collisionCount, 3);
      assert.deepEqual(entry.fieldsV1, { 'f:status': { 'f:collisionCount': {} } });
    });

    it('of an invalid object is 422 and creates nothing', async () => {
      const { apps, name } = fresh(api());
      const { status } = await api().apply(`${apps}/deployments/${name}`, 'one', deployment(name, { replicas: -1 }));

      assert.equal(status, 422);
      assert.equal((await api().get(`${apps}/deployments/${name}`)).status, 404);
    });

    it('as a dry run stores nothing', async () => {
      const { name } = fresh(api());
      const { status } = await api().apply(at(name), 'one', map(name, { a: '1' }), '&dryRun=All');

      assert.equal(status, 201);
      assert.equal((await api().get(at(name))).status, 404);
    });

    it('an empty list of managers resets the record', async () => {
      const { name } = fresh(api());
      await api().apply(at(name), 'one', map(name, { a: '1' }));
      const { body } = await api().patch(at(name), MERGE, { metadata: { managedFields: [{}] } });

      assert.equal(body.metadata.managedFields, undefined);
    });
  });
}

function owners(object: Json): Json {
  return Object.fromEntries(object.metadata.managedFields.map((entry: Json) => [entry.manager, entry.fieldsV1]));
}
