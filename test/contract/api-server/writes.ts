import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from './client.ts';
import { configMap, deployment, pod } from './objects.ts';

/** Create, read, replace, delete: what every client relies on. */
export function describeWrites(api: () => Client): void {
  describe('create', () => {
    it('answers 201 with uid, resourceVersion and creationTimestamp', async () => {
      const { core, name, namespace } = fresh(api());
      const { status, body } = await api().post(`${core}/configmaps`, configMap(name, { a: '1' }));

      assert.equal(status, 201);
      assert.deepEqual(
        [body.kind, body.apiVersion, body.metadata.name, body.metadata.namespace],
        ['ConfigMap', 'v1', name, namespace],
      );
      assert.match(body.metadata.uid, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
      assert.match(body.metadata.resourceVersion, /^[1-9]\d*$/);
      assert.match(body.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.equal(body.metadata.generation, undefined);
    });

    it('of a taken name is 409 AlreadyExists', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/configmaps`, configMap(name));
      const { status, body } = await api().post(`${core}/configmaps`, configMap(name));

      assert.equal(status, 409);
      assert.deepEqual([body.kind, body.status, body.reason, body.code], ['Status', 'Failure', 'AlreadyExists', 409]);
      assert.equal(body.message, `configmaps "${name}" already exists`);
      assert.deepEqual(body.details, { name, kind: 'configmaps' });
    });

    it('in a namespace that does not exist is 404', async () => {
      const { status, body } = await api().post('/api/v1/namespaces/contract-nowhere/configmaps', configMap('x'));

      assert.equal(status, 404);
      assert.equal(body.message, 'namespaces "contract-nowhere" not found');
    });

    it('with generateName completes the name', async () => {
      const { core } = fresh(api());
      const body = await api().make(`${core}/configmaps`, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { generateName: 'gen-' },
      });

      assert.match(body.metadata.name, /^gen-[a-z0-9]{5}$/);
      assert.equal(body.metadata.generateName, 'gen-');
    });

    it('without a name is refused', async () => {
      const { core } = fresh(api());
      const { status, body } = await api().post(`${core}/configmaps`, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {},
      });

      assert.equal(status, 422);
      assert.equal(
        body.message,
        'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
      );
      assert.deepEqual(body.details.causes, [
        {
          reason: 'FieldValueRequired',
          message: 'Required value: name or generateName is required',
          field: 'metadata.name',
        },
      ]);
    });

    it('with a bad name says which rule it breaks', async () => {
      const { core } = fresh(api());
      const { status, body } = await api().post(`${core}/configmaps`, configMap('A_b'));

      assert.equal(status, 422);
      assert.match(
        body.message,
        /^ConfigMap "A_b" is invalid: metadata\.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist/,
      );
    });

    it('with a resourceVersion is refused', async () => {
      const { core, name } = fresh(api());
      const { status, body } = await api().post(`${core}/configmaps`, configMap(name, {}, { resourceVersion: '12' }));

      assert.equal(status, 500);
      assert.match(body.message, /resourceVersion should not be set on objects to be created/);
    });

    it('with another namespace in the body than in the path is 400', async () => {
      const { core, name } = fresh(api());
      const { status, body } = await api().post(`${core}/configmaps`, configMap(name, {}, { namespace: 'default' }));

      assert.equal(status, 400);
      assert.equal(
        body.message,
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    });

    it('drops a status where that has its own endpoint', async () => {
      const { apps, name } = fresh(api());
      const body = await api().make(`${apps}/deployments`, { ...deployment(name), status: { replicas: 7 } });

      assert.equal(body.status.replicas, undefined);
    });

    it('as a dry run fills defaults and stores nothing', async () => {
      const { apps, name } = fresh(api());
      const { status, body } = await api().post(`${apps}/deployments?dryRun=All`, deployment(name));
      const after = await api().get(`${apps}/deployments/${name}`);

      assert.equal(status, 201);
      assert.equal(body.spec.progressDeadlineSeconds, 600);
      assert.equal(body.metadata.resourceVersion, undefined);
      assert.equal(after.status, 404);
    });

    it('refuses bodies that are no JSON, of another kind or of an unknown media type', async () => {
      const { core } = fresh(api());
      const broken = await api().post(`${core}/configmaps`, '{"kind":');
      const other = await api().post(`${core}/configmaps`, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'x' },
      });
      const media = await api().call('POST', `${core}/configmaps`, { body: 'x', type: 'text/plain' });

      assert.deepEqual([broken.status, other.status, media.status], [400, 400, 415]);
    });
  });

  describe('strict field validation', () => {
    const unknown = (name: string): object => ({ ...deployment(name), spec: { ...deployment(name).spec, replica: 3 } });

    it('Strict refuses unknown fields with their paths', async () => {
      const { apps, name } = fresh(api());
      const { status, body } = await api().post(`${apps}/deployments?fieldValidation=Strict`, unknown(name));

      assert.equal(status, 400);
      assert.equal(
        body.message,
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replica"',
      );
    });

    it('Warn, which is the default, answers with a Warning header', async () => {
      const { apps, name } = fresh(api());
      const { status, headers } = await api().post(`${apps}/deployments`, unknown(name));

      assert.equal(status, 201);
      assert.equal(headers['warning'], '299 - "unknown field \\"spec.replica\\""');
    });

    it('Ignore says nothing', async () => {
      const { apps, name } = fresh(api());
      const { status, headers } = await api().post(`${apps}/deployments?fieldValidation=Ignore`, unknown(name));

      assert.equal(status, 201);
      assert.equal(headers['warning'], undefined);
    });

    it('Strict refuses duplicate fields', async () => {
      const { core, name } = fresh(api());
      const text = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"a":"1"},"data":{"a":"2"}}`;
      const { status, body } = await api().post(`${core}/configmaps?fieldValidation=Strict`, text);

      assert.equal(status, 400);
      assert.match(body.message, /strict decoding error: duplicate field "data"/);
    });

    it('a value of the wrong JSON type is 400', async () => {
      const { apps, name } = fresh(api());
      const { status, body } = await api().post(`${apps}/deployments`, deployment(name, { replicas: 'x' }));

      assert.equal(status, 400);
      assert.match(
        body.message,
        /cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field .*spec\.replicas of type int32/,
      );
    });
  });

  describe('replace', () => {
    it('from an outdated read is 409 Conflict', async () => {
      const { core, name } = fresh(api());
      const first = await api().make(`${core}/configmaps`, configMap(name, { a: '1' }));
      await api().put(`${core}/configmaps/${name}`, { ...first, data: { a: '2' } });
      const { status, body } = await api().put(`${core}/configmaps/${name}`, { ...first, data: { a: '3' } });

      assert.equal(status, 409);
      assert.equal(body.reason, 'Conflict');
      assert.equal(
        body.message,
        `Operation cannot be fulfilled on configmaps "${name}": the object has been modified; please apply your changes to the latest version and try again`,
      );
    });

    it('without a resourceVersion overwrites', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/configmaps`, configMap(name, { a: '1' }));
      const { status, body } = await api().put(`${core}/configmaps/${name}`, configMap(name, { b: '2' }));

      assert.equal(status, 200);
      assert.deepEqual(body.data, { b: '2' });
    });

    it('that changes nothing keeps the resourceVersion', async () => {
      const { core, name } = fresh(api());
      const first = await api().make(`${core}/configmaps`, configMap(name, { a: '1' }));
      const { body } = await api().put(`${core}/configmaps/${name}`, first);

      assert.equal(body.metadata.resourceVersion, first.metadata.resourceVersion);
    });

    it('with the uid of another object is 409', async () => {
      const { core, name } = fresh(api());
      const first = await api().make(`${core}/configmaps`, configMap(name));
      const uid = '00000000-0000-0000-0000-000000000000';
      const { status, body } = await api().put(`${core}/configmaps/${name}`, configMap(name, {}, { uid }));

      assert.equal(status, 409);
      assert.match(
        body.message,
        new RegExp(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${first.metadata.uid}`),
      );
    });

    it('with another name in the body than in the path is 400', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/configmaps`, configMap(name));
      const { status, body } = await api().put(`${core}/configmaps/${name}`, configMap('other'));

      assert.equal(status, 400);
      assert.equal(body.message, `the name of the object (other) does not match the name on the URL (${name})`);
    });

    it('of an object that does not exist is 404', async () => {
      const { core, name } = fresh(api());
      const { status, body } = await api().put(`${core}/configmaps/${name}`, configMap(name));

      assert.equal(status, 404);
      assert.equal(body.message, `configmaps "${name}" not found`);
    });

    it('cannot change what only the server sets', async () => {
      const { core, name } = fresh(api());
      const first = await api().make(`${core}/configmaps`, configMap(name));
      const metadata = { ...first.metadata, creationTimestamp: '2020-01-01T00:00:00Z', generation: 9 };
      const { body } = await api().put(`${core}/configmaps/${name}`, { ...first, metadata });

      assert.equal(body.metadata.creationTimestamp, first.metadata.creationTimestamp);
    });
  });

  describe('generations', () => {
    it('count changes of the spec, not of metadata or status', async () => {
      const { apps, name } = fresh(api());
      const path = `${apps}/deployments/${name}`;
      const created = await api().make(`${apps}/deployments`, deployment(name));
      const paused = await api().put(path, { ...created, spec: { ...created.spec, paused: true } });
      const labelled = await api().put(path, {
        ...paused.body,
        metadata: { ...paused.body.metadata, labels: { a: 'b' } },
      });
      const latest = (await api().get(path)).body;
      const reported = await api().put(`${path}/status`, {
        ...latest,
        status: { ...latest.status, collisionCount: 3 },
      });

      const generations = [created, paused.body, labelled.body, reported.body].map((each) => each.metadata.generation);
      assert.deepEqual(generations, [1, 2, 2, 2]);
    });

    it('a status write changes the status alone, a spec write everything but the status', async () => {
      const { apps, name } = fresh(api());
      const path = `${apps}/deployments/${name}`;
      await api().make(`${apps}/deployments`, deployment(name, { paused: true }));
      const before = (await api().get(path)).body;
      const status = await api().patch(`${path}/status`, 'application/merge-patch+json', {
        spec: { replicas: 5 },
        metadata: { labels: { from: 'status' } },
        status: { collisionCount: 4 },
      });
      const spec = await api().patch(path, 'application/merge-patch+json', {
        spec: { minReadySeconds: 5 },
        status: { collisionCount: 9 },
      });

      assert.deepEqual([status.body.spec.replicas, status.body.status.collisionCount], [before.spec.replicas, 4]);
      assert.deepEqual([spec.body.spec.minReadySeconds, spec.body.status.collisionCount], [5, 4]);
    });
  });

  describe('delete', () => {
    it('answers a Status that names what went', async () => {
      const { core, name } = fresh(api());
      const made = await api().make(`${core}/configmaps`, configMap(name));
      const { status, body } = await api().delete(`${core}/configmaps/${name}`);

      assert.equal(status, 200);
      assert.deepEqual([body.kind, body.status], ['Status', 'Success']);
      assert.deepEqual(body.details, { name, kind: 'configmaps', uid: made.metadata.uid });
      assert.equal((await api().delete(`${core}/configmaps/${name}`)).status, 404);
    });

    it('honours preconditions on uid and resourceVersion', async () => {
      const { core, name } = fresh(api());
      const made = await api().make(`${core}/configmaps`, configMap(name));
      const path = `${core}/configmaps/${name}`;
      const wrongUid = await api().delete(path, { preconditions: { uid: 'nope' } });
      const wrongVersion = await api().delete(path, { preconditions: { resourceVersion: '1' } });
      const right = await api().delete(path, {
        preconditions: { uid: made.metadata.uid, resourceVersion: made.metadata.resourceVersion },
      });

      assert.deepEqual([wrongUid.status, wrongVersion.status, right.status], [409, 409, 200]);
      assert.match(
        wrongUid.body.message,
        /the UID in the precondition \(nope\) does not match the UID in record \(.+\)\. The object might have been deleted and then recreated$/,
      );
    });

    it('waits for finalizers, and none can be added meanwhile', async () => {
      const { core, name } = fresh(api());
      const path = `${core}/configmaps/${name}`;
      await api().make(`${core}/configmaps`, configMap(name, {}, { finalizers: ['contract.test/a'] }));
      const deleted = await api().delete(path);
      const marked = (await api().get(path)).body;
      const added = await api().patch(path, 'application/merge-patch+json', {
        metadata: { finalizers: ['contract.test/a', 'contract.test/b'] },
      });
      const removed = await api().patch(path, 'application/merge-patch+json', { metadata: { finalizers: null } });

      assert.equal(deleted.status, 200);
      assert.ok(marked.metadata.deletionTimestamp !== undefined);
      assert.equal(marked.metadata.deletionGracePeriodSeconds, 0);
      assert.equal(added.status, 422);
      assert.match(
        added.body.message,
        /metadata\.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"contract\.test\/b"\}/,
      );
      assert.equal(removed.status, 200);
      assert.equal((await api().get(path)).status, 404);
    });

    it('of a dry run leaves the object', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/configmaps`, configMap(name));
      const { status } = await api().delete(`${core}/configmaps/${name}?dryRun=All`);

      assert.deepEqual([status, (await api().get(`${core}/configmaps/${name}`)).status], [200, 200]);
    });

    it('of a pod on a node gives it its grace period; zero grace ends it at once', async () => {
      const { core, name } = fresh(api());
      const path = `${core}/pods/${name}`;
      await api().make(`${core}/pods`, pod(name, { nodeName: 'contract-nowhere', terminationGracePeriodSeconds: 77 }));
      const first = await api().delete(path);
      const now = await api().delete(path, { gracePeriodSeconds: 0 });

      assert.equal(first.body.kind, 'Pod');
      assert.equal(first.body.metadata.deletionGracePeriodSeconds, 77);
      assert.equal(now.status, 200);
      assert.equal((await api().get(path)).status, 404);
    });

    it('of a pod on no node is immediate', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/pods`, pod(name));
      const { body } = await api().delete(`${core}/pods/${name}`);

      assert.equal(body.kind, 'Pod');
      assert.equal((await api().get(`${core}/pods/${name}`)).status, 404);
    });

    it('of a collection takes what the selector matches', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/configmaps`, configMap(`${name}-1`, {}, { labels: { group: name } }));
      await api().make(`${core}/configmaps`, configMap(`${name}-2`, {}, { labels: { group: name } }));
      await api().make(`${core}/configmaps`, configMap(`${name}-3`));
      const { status } = await api().delete(`${core}/configmaps?labelSelector=group%3D${name}`);
      const left = await api().get(`${core}/configmaps/${name}-3`);

      assert.equal(status, 200);
      assert.equal((await api().get(`${core}/configmaps?labelSelector=group%3D${name}`)).body.items.length, 0);
      assert.equal(left.status, 200);
    });
  });
}

/** Paths and a name of its own for one test. */
export function fresh(api: Client): {
  readonly core: string;
  readonly apps: string;
  readonly name: string;
  readonly namespace: string;
} {
  return { core: api.core, apps: api.apps, name: api.name(), namespace: api.namespace };
}
