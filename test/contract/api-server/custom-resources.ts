import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MERGE, STRATEGIC, type Client, type Json } from './client.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** CustomResourceDefinitions and what is served under them. */
export function describeCustomResources(api: () => Client): void {
  describe('custom resources', () => {
    let group = '';
    let path = '';

    before(async () => {
      group = `${api().namespace}.headgate.test`;
      path = `/apis/${group}/v1/namespaces/${api().namespace}/gates`;
      await api().make(CRDS, definition(group));
      await api().eventually(`${CRDS}/gates.${group}`, ({ body }) => conditionsOf(body)['Established'] === 'True');
      await api().eventually(path, ({ status }) => status === 200);
    });
    after(async () => {
      await api().delete(`${CRDS}/gates.${group}`);
    });

    const gate = (name: string, spec: object = {}, metadata: object = {}): Json => ({
      apiVersion: `${group}/v1`,
      kind: 'Gate',
      metadata: { name, ...metadata },
      spec: { width: 3, ...spec },
    });
    const refused = async (spec: object): Promise<string> => {
      const { status, body } = await api().post(path, gate(api().name('gate'), spec));
      assert.equal(status, 422, JSON.stringify(body));
      return body.message.replace(/^Gate\.\S+ "\S+" is invalid: /, '');
    };

    it('a definition says that its names are accepted and that it is established', async () => {
      const { body } = await api().get(`${CRDS}/gates.${group}`);

      assert.deepEqual(conditionsOf(body), { NamesAccepted: 'True', Established: 'True' });
      assert.deepEqual(body.status.storedVersions, ['v1']);
      assert.deepEqual(
        [body.status.acceptedNames.plural, body.status.acceptedNames.singular, body.status.acceptedNames.listKind],
        ['gates', 'gate', 'GateList'],
      );
    });

    it('are in discovery with short names, categories and subresources', async () => {
      const { body } = await api().get(`/apis/${group}/v1`);
      const byName = Object.fromEntries(body.resources.map((each: Json) => [each.name, each]));

      assert.deepEqual(Object.keys(byName).toSorted(), ['gates', 'gates/scale', 'gates/status']);
      assert.deepEqual(
        [byName.gates.kind, byName.gates.namespaced, byName.gates.shortNames, byName.gates.categories],
        ['Gate', true, ['gt'], ['contract']],
      );
      assert.deepEqual(byName.gates.verbs.toSorted(), [
        'create',
        'delete',
        'deletecollection',
        'get',
        'list',
        'patch',
        'update',
        'watch',
      ]);
      assert.equal(byName['gates/scale'].kind, 'Scale');
    });

    it('get defaults, and lose fields that the schema does not know', async () => {
      const name = api().name('gate');
      const body = await api().make(
        path,
        gate(name, { unknown: 1, nested: { known: 'a', other: 'b' }, free: { any: { thing: 1 } } }),
      );

      assert.deepEqual(body.spec, {
        width: 3,
        mode: 'Open',
        nested: { known: 'a', depth: 7 },
        free: { any: { thing: 1 } },
      });
      assert.equal(body.metadata.generation, 1);
    });

    it('under Strict refuse unknown fields with their paths', async () => {
      const { status, body } = await api().post(
        `${path}?fieldValidation=Strict`,
        gate(api().name('gate'), { unknown: 1, nested: { other: 'b' } }),
      );

      assert.equal(status, 400);
      assert.equal(
        body.message,
        `Gate in version "v1" cannot be handled as a Gate: strict decoding error: unknown field "spec.nested.other", unknown field "spec.unknown"`,
      );
    });

    it('keep nothing of a missing default where the object around it is missing', async () => {
      const body = await api().make(path, gate(api().name('gate')));

      assert.equal(body.spec.nested, undefined);
      assert.equal(body.spec.mode, 'Open');
    });

    const violations = [
      { spec: { width: undefined }, says: 'spec.width: Required value' },
      {
        spec: { width: 'x' },
        says: 'spec.width: Invalid value: "string": spec.width in body must be of type integer: "string"',
      },
      {
        spec: { width: 11 },
        says: 'spec.width: Invalid value: 11: spec.width in body should be less than or equal to 10',
      },
      {
        spec: { width: 0 },
        says: 'spec.width: Invalid value: 0: spec.width in body should be greater than or equal to 1',
      },
      { spec: { mode: 'Ajar' }, says: 'spec.mode: Unsupported value: "Ajar": supported values: "Open", "Closed"' },
      { spec: { label: 'toolong' }, says: 'spec.label: Too long: may not be more than 5 bytes' },
      { spec: { label: 'A' }, says: `spec.label: Invalid value: "A": spec.label in body should match '^[a-z]+$'` },
      { spec: { tags: ['a', 'a'] }, says: 'spec.tags[1]: Duplicate value: "a"' },
      { spec: { tags: ['a', 'b', 'c', 'd'] }, says: 'spec.tags: Too many: 4: must have at most 3 items' },
      { spec: { parts: [{ name: 'a' }, { name: 'a' }] }, says: 'spec.parts[1]: Duplicate value: {"name":"a"}' },
      { spec: { parts: [{ size: 1 }] }, says: 'spec.parts[0].name: Required value' },
      { spec: { low: 5, high: 3 }, says: 'spec: Invalid value: "object": low must not be above high' },
      {
        spec: { parts: [{ name: 'a', size: 99 }] },
        says: 'spec.parts[0].size: Invalid value: "integer": size is over 50',
      },
    ];
    for (const { spec, says } of violations) {
      it(`refuse ${JSON.stringify(spec)}`, async () => {
        const message = await refused(spec);
        assert.ok(message.startsWith(says) || message.startsWith(`[${says}`), message);
      });
    }

    it('follow CEL rules on the change of a field', async () => {
      const name = api().name('gate');
      await api().make(path, gate(name, { owner: 'a' }));
      const { status, body } = await api().patch(`${path}/${name}`, MERGE, { spec: { owner: 'b' } });

      assert.equal(status, 422);
      assert.match(body.message, /spec\.owner: Invalid value: "string": owner cannot change/);
    });

    it('that are invalid already may change elsewhere: errors in what stayed do not block', async () => {
      const name = api().name('gate');
      await api().make(path, gate(name, { label: 'abc', low: 1, high: 2 }));
      const crd = `${CRDS}/gates.${group}`;
      const label = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/label/maxLength';
      await api().patch(crd, 'application/json-patch+json', [{ op: 'replace', path: label, value: 2 }]);
      await api().eventually(crd, ({ body }) => conditionsOf(body)['Established'] === 'True');
      let elsewhere = await api().patch(`${path}/${name}`, MERGE, { spec: { width: 5 } });
      let inIt = await api().patch(`${path}/${name}`, MERGE, { spec: { label: 'abcd' } });
      for (let tries = 0; tries < 50 && inIt.status === 200; tries++)
        inIt = await api().patch(`${path}/${name}`, MERGE, { spec: { label: `ab${'c'.repeat((tries % 2) + 1)}` } });
      elsewhere = await api().patch(`${path}/${name}`, MERGE, { spec: { width: 6 } });
      await api().patch(crd, 'application/json-patch+json', [{ op: 'replace', path: label, value: 5 }]);

      assert.equal(inIt.status, 422);
      assert.equal(elsewhere.status, 200, JSON.stringify(elsewhere.body));
    });

    it('count generations by everything outside metadata and status', async () => {
      const name = api().name('gate');
      await api().make(path, gate(name));
      const spec = await api().patch(`${path}/${name}`, MERGE, { spec: { width: 4 } });
      const label = await api().patch(`${path}/${name}`, MERGE, { metadata: { labels: { a: 'b' } } });
      const status = await api().patch(`${path}/${name}/status`, MERGE, { status: { replicas: 2 } });

      assert.deepEqual(
        [spec.body, label.body, status.body].map((each) => each.metadata.generation),
        [2, 2, 2],
      );
    });

    it('keep status and spec apart', async () => {
      const name = api().name('gate');
      const made = await api().make(path, { ...gate(name), status: { replicas: 9 } });
      const main = await api().patch(`${path}/${name}`, MERGE, { status: { replicas: 3 } });
      const status = await api().patch(`${path}/${name}/status`, MERGE, {
        spec: { width: 9 },
        status: { replicas: 4 },
        metadata: { labels: { x: 'y' } },
      });

      assert.deepEqual([made.status, main.body.status], [undefined, undefined]);
      assert.deepEqual([status.body.spec.width, status.body.status.replicas], [3, 4]);
    });

    it('scale by the paths of their definition', async () => {
      const name = api().name('gate');
      await api().make(path, gate(name));
      await api().patch(`${path}/${name}/status`, MERGE, { status: { replicas: 2, selector: 'a=b' } });
      const { body } = await api().patch(`${path}/${name}/scale`, MERGE, { spec: { replicas: 6 } });

      assert.deepEqual(
        [body.kind, body.spec.replicas, body.status.replicas, body.status.selector],
        ['Scale', 6, 2, 'a=b'],
      );
      assert.equal((await api().get(`${path}/${name}`)).body.spec.width, 6);
    });

    it('show the columns of their definition', async () => {
      const name = api().name('gate');
      await api().make(path, gate(name, { parts: [{ name: 'a' }, { name: 'b' }] }));
      const { body } = await api().get(`${path}?fieldSelector=metadata.name%3D${name}`, { accept: TABLE });

      assert.deepEqual(
        body.columnDefinitions.map((each: Json) => [each.name, each.type, each.priority]),
        [
          ['Name', 'string', 0],
          ['Width', 'integer', 0],
          ['First', 'string', 0],
          ['Made', 'date', 0],
          ['Mode', 'string', 1],
        ],
      );
      assert.deepEqual(
        body.rows[0].cells.filter((_: unknown, index: number) => index !== 3),
        [name, 3, 'a', 'Open'],
      );
      assert.match(body.rows[0].cells[3], /^\d+s$/);
    });

    it('are merged by their list keys in server-side apply, atomic lists as a whole', async () => {
      const name = api().name('gate');
      await api().apply(`${path}/${name}`, 'one', gate(name, { parts: [{ name: 'a' }], whole: [{ x: 1 }] }));
      const merged = await api().apply(`${path}/${name}`, 'two', { ...gate(name), spec: { parts: [{ name: 'b' }] } });
      const conflict = await api().apply(`${path}/${name}`, 'two', { ...gate(name), spec: { whole: [{ y: 2 }] } });

      assert.deepEqual(merged.body.spec.parts, [{ name: 'a' }, { name: 'b' }]);
      assert.equal(conflict.status, 409);
      assert.match(conflict.body.message, /\.spec\.whole$/);
    });

    it('have no strategic merge patch', async () => {
      const name = api().name('gate');
      await api().make(path, gate(name));
      const { status, body } = await api().patch(`${path}/${name}`, STRATEGIC, { spec: { width: 4 } });

      assert.equal(status, 415);
      assert.match(
        body.message,
        /application\/json-patch\+json, application\/merge-patch\+json, application\/apply-patch\+yaml/,
      );
    });

    it('are replaced only from a resourceVersion', async () => {
      const name = api().name('gate');
      await api().make(path, gate(name));
      const { status, body } = await api().put(`${path}/${name}`, gate(name, { width: 5 }));

      assert.equal(status, 422);
      assert.match(body.message, /metadata\.resourceVersion: Invalid value: (0|0x0): must be specified for an update/);
    });

    it('write their kind in lists', async () => {
      await api().make(path, gate(api().name('gate')));
      const { body } = await api().get(path);

      assert.deepEqual([body.kind, body.apiVersion, body.items[0].kind], ['GateList', `${group}/v1`, 'Gate']);
    });

    it('a definition whose name does not fit its group is refused', async () => {
      const { status, body } = await api().post(CRDS, {
        ...definition(group),
        metadata: { name: 'other.headgate.test' },
      });

      assert.equal(status, 422);
      assert.match(
        body.message,
        new RegExp(
          `metadata\\.name: Invalid value: "other\\.headgate\\.test": must be spec\\.names\\.plural\\+"\\."\\+spec\\.group`,
        ),
      );
    });

    it('a definition whose schema is not structural is refused', async () => {
      const crd = definition(group, 'sluices', 'Sluice');
      crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.bad = {
        properties: { a: { type: 'string' } },
      };
      const { status, body } = await api().post(CRDS, crd);

      assert.equal(status, 422);
      assert.match(
        body.message,
        /spec\.validation\.openAPIV3Schema\.properties\[spec\]\.properties\[bad\]\.type: Required value: must not be empty for specified object fields/,
      );
    });

    it('a definition with a rule that does not compile is refused', async () => {
      const crd = definition(group, 'sluices', 'Sluice');
      crd.spec.versions[0].schema.openAPIV3Schema.properties.spec['x-kubernetes-validations'] = [
        { rule: 'self.nothing > 1' },
      ];
      const { status, body } = await api().post(CRDS, crd);

      assert.equal(status, 422);
      assert.match(body.message, /x-kubernetes-validations\[0\]\.rule: Invalid value: .*compilation failed/s);
    });

    it('a definition that goes takes its objects and its path along', async () => {
      const crd = definition(group, 'locks', 'Lock');
      await api().make(CRDS, crd);
      const locks = `/apis/${group}/v1/namespaces/${api().namespace}/locks`;
      await api().eventually(locks, ({ status }) => status === 200);
      await api().make(locks, {
        apiVersion: `${group}/v1`,
        kind: 'Lock',
        metadata: { name: 'one' },
        spec: { width: 1 },
      });
      await api().delete(`${CRDS}/locks.${group}`);
      await api().eventually(`${CRDS}/locks.${group}`, ({ status }) => status === 404);
      const after404 = await api().eventually(locks, ({ status }) => status === 404);

      assert.equal(after404.status, 404);
    });
  });
}

function conditionsOf(crd: Json): Record<string, string> {
  return Object.fromEntries((crd.status?.conditions ?? []).map((each: Json) => [each.type, each.status]));
}

function definition(group: string, plural = 'gates', kind = 'Gate'): Json {
  const spec = {
    type: 'object',
    required: ['width'],
    'x-kubernetes-validations': [
      { rule: '!has(self.low) || !has(self.high) || self.low <= self.high', message: 'low must not be above high' },
    ],
    properties: {
      width: { type: 'integer', minimum: 1, maximum: 10 },
      mode: { type: 'string', enum: ['Open', 'Closed'], default: 'Open' },
      label: { type: 'string', maxLength: 5, pattern: '^[a-z]+$' },
      low: { type: 'integer' },
      high: { type: 'integer' },
      owner: {
        type: 'string',
        'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'owner cannot change' }],
      },
      nested: { type: 'object', properties: { known: { type: 'string' }, depth: { type: 'integer', default: 7 } } },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      tags: { type: 'array', maxItems: 3, items: { type: 'string', maxLength: 20 }, 'x-kubernetes-list-type': 'set' },
      parts: {
        type: 'array',
        maxItems: 5,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: {
          type: 'object',
          required: ['name'],
          properties: {
            name: { type: 'string', maxLength: 20 },
            size: {
              type: 'integer',
              'x-kubernetes-validations': [{ rule: 'self <= 50', messageExpression: '"size is over " + "50"' }],
            },
          },
        },
      },
      whole: {
        type: 'array',
        maxItems: 5,
        'x-kubernetes-list-type': 'atomic',
        items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
  };
  const status = { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, ...(plural === 'gates' ? { shortNames: ['gt'], categories: ['contract'] } : {}) },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', required: ['spec'], properties: { spec, status } } },
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.width',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          additionalPrinterColumns: [
            { name: 'Width', type: 'integer', jsonPath: '.spec.width' },
            { name: 'First', type: 'string', jsonPath: '.spec.parts[0].name' },
            { name: 'Made', type: 'date', jsonPath: '.metadata.creationTimestamp' },
            { name: 'Mode', type: 'string', jsonPath: '.spec.mode', priority: 1 },
          ],
        },
      ],
    },
  };
}
