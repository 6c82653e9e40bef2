import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openInProcessApi, type Answer, type InProcessApi } from '../../test/support/in-process-api.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GADGETS = '/apis/x.io/v1/namespaces/default/gadgets';

function definition(spec: unknown, subresources: unknown = { status: {} }): Readonly<Record<string, unknown>> {
  const columns = [
    { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ];
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.x.io' },
    spec: {
      group: 'x.io',
      scope: 'Namespaced',
      names: { kind: 'Gadget', plural: 'gadgets' },
      versions: [{ name: 'v1', served: true, storage: true, schema, subresources, additionalPrinterColumns: columns }],
    },
  };
}

const SPEC = {
  type: 'object',
  required: ['size'],
  properties: {
    size: { type: 'integer', minimum: 1, maximum: 10 },
    mode: { type: 'string', enum: ['fast', 'slow'], default: 'slow' },
    port: { 'x-kubernetes-int-or-string': true },
    parts: {
      type: 'array',
      maxItems: 3,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, weight: { type: 'integer', default: 1 } },
        'x-kubernetes-validations': [{ rule: '!has(self.weight) || self.weight <= 5', message: 'weight is at most 5' }],
      },
    },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};

async function withGadgets(spec: unknown = SPEC, subresources?: unknown): Promise<InProcessApi> {
  const api = openInProcessApi();
  const { code, body } = await api.create(CRDS, definition(spec, subresources));
  assert.equal(code, 201, body.message);
  return api;
}

function gadget(spec: unknown): Readonly<Record<string, unknown>> {
  return { apiVersion: 'x.io/v1', kind: 'Gadget', metadata: { name: 'g' }, spec };
}

function create(api: InProcessApi, spec: unknown): Promise<Answer> {
  return api.create(GADGETS, gadget(spec));
}

describe('custom resources', () => {
  it('are served as soon as their definition is there, and are discovered', async () => {
    const api = await withGadgets();
    const { body: crd } = await api.get(`${CRDS}/gadgets.x.io`);
    const { body: discovered } = await api.get('/apis/x.io/v1');
    const { code } = await create(api, { size: 1 });

    const conditions = (crd.status as { conditions: readonly { type: string; status: string }[] }).conditions;
    assert.deepEqual(
      conditions.map(({ type, status }) => `${type} ${status}`),
      ['NamesAccepted True', 'Established True'],
    );
    assert.deepEqual(
      (discovered as unknown as { resources: readonly { name: string }[] }).resources.map((each) => each.name),
      ['gadgets', 'gadgets/status'],
    );
    assert.equal(code, 201);
  });

  it('get defaults and lose what the schema does not know', async () => {
    const api = await withGadgets();
    const { body } = await create(api, {
      size: 1,
      port: '80',
      bogus: true,
      parts: [{ name: 'a' }],
      free: { any: [1] },
    });
    assert.deepEqual(body.spec, {
      size: 1,
      mode: 'slow',
      port: '80',
      parts: [{ name: 'a', weight: 1 }],
      free: { any: [1] },
    });
  });

  const refusals: readonly (readonly [string, unknown, string])[] = [
    [
      'a wrong type',
      { size: 'x' },
      'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
    ],
    ['a missing field', {}, 'spec.size: Required value'],
    [
      'an unsupported value',
      { size: 1, mode: 'x' },
      'spec.mode: Unsupported value: "x": supported values: "fast", "slow"',
    ],
    [
      'a value too small',
      { size: 0 },
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    ],
    [
      'a value too large',
      { size: 11 },
      'spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10',
    ],
    ['neither int nor string', { size: 1, port: true }, 'spec.port in body must be of type integer,string: "boolean"'],
    [
      'too many items',
      { size: 1, parts: [1, 2, 3, 4].map((n) => ({ name: `${n}` })) },
      'spec.parts: Too many: 4: must have at most 3 items',
    ],
    ['equal keys', { size: 1, parts: [{ name: 'a' }, { name: 'a' }] }, 'spec.parts[1]: Duplicate value: {"name":"a"}'],
    [
      'a broken rule',
      { size: 1, parts: [{ name: 'a', weight: 6 }] },
      'spec.parts[0]: Invalid value: "object": weight is at most 5',
    ],
  ];
  for (const [what, spec, message] of refusals) {
    it(`are refused for ${what}, in the real server's words`, async () => {
      const { code, body } = await create(await withGadgets(), spec);
      assert.equal(code, 422);
      assert.ok(body.message?.startsWith('Gadget.x.io "g" is invalid: '), body.message);
      assert.ok(body.message?.includes(message), body.message);
    });
  }

  it('keep an invalid value that was stored before, as long as nobody changes it', async () => {
    const loose = { ...SPEC, properties: { ...SPEC.properties, size: { type: 'integer' } } };
    const api = await withGadgets(loose);
    await create(api, { size: 99 });
    const { body: crd } = await api.get(`${CRDS}/gadgets.x.io`);
    await api.update(`${CRDS}/gadgets.x.io`, { ...crd, spec: definition(SPEC)['spec'] });

    const elsewhere = await api.patch(`${GADGETS}/g`, 'merge', { spec: { mode: 'fast' } });
    const changed = await api.patch(`${GADGETS}/g`, 'merge', { spec: { size: 98 } });

    assert.equal(elsewhere.code, 200, elsewhere.body.message);
    assert.equal(changed.code, 422);
  });

  it('obey transition rules and make their own messages', async () => {
    const fixed = {
      type: 'integer',
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', messageExpression: '"stays " + string(oldSelf)' }],
    };
    const api = await withGadgets({ type: 'object', properties: { size: fixed } });
    const made = await create(api, { size: 1 });
    const { code, body } = await api.patch(`${GADGETS}/g`, 'merge', { spec: { size: 2 } });

    assert.equal(made.code, 201);
    assert.equal(code, 422);
    assert.match(body.message ?? '', /spec\.size: Invalid value: "integer": stays 1/);
  });

  it('ignore status in the main endpoint only when it has an endpoint of its own', async () => {
    const apart = await withGadgets();
    const together = await withGadgets(SPEC, {});
    for (const api of [apart, together]) await create(api, { size: 1 });

    const ignored = await apart.patch(`${GADGETS}/g`, 'merge', { status: { phase: 'x' } });
    const kept = await together.patch(`${GADGETS}/g`, 'merge', { status: { phase: 'x' } });
    const noEndpoint = await together.patch(`${GADGETS}/g/status`, 'merge', { status: { phase: 'y' } });

    assert.equal(ignored.body.status, undefined);
    assert.deepEqual([kept.body.status, kept.body.metadata.generation], [{ phase: 'x' }, 2]);
    assert.equal(noEndpoint.code, 404);
  });

  it('need a resourceVersion to be replaced and take no strategic merge patches', async () => {
    const api = await withGadgets();
    await create(api, { size: 1 });
    const update = await api.update(`${GADGETS}/g`, gadget({ size: 2 }));
    const patch = await api.patch(`${GADGETS}/g`, 'strategic', { spec: { size: 2 } });

    assert.match(
      update.body.message ?? '',
      /metadata\.resourceVersion: Invalid value: 0: must be specified for an update/,
    );
    assert.equal(patch.code, 415);
  });

  it('show their printer columns', async () => {
    const api = await withGadgets();
    await create(api, { size: 4 });
    await api.patch(`${GADGETS}/g/status`, 'merge', {
      status: {
        conditions: [
          { type: 'A', status: 'no' },
          { type: 'Ready', status: 'yes' },
        ],
      },
    });
    api.clock.advance(600_000);
    const { body } = await api.get(GADGETS, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    assert.deepEqual((body as unknown as { rows: readonly { cells: unknown }[] }).rows[0]?.cells, [
      'g',
      4,
      'yes',
      '10m',
    ]);
  });

  it('go with their definition, finalizers first', async () => {
    const api = await withGadgets();
    await create(api, { size: 1 });
    await api.patch(`${GADGETS}/g`, 'merge', { metadata: { finalizers: ['x.io/a'] } });
    await api.remove(`${CRDS}/gadgets.x.io`);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    const waiting = await api.get(`${GADGETS}/g`);
    await api.patch(`${GADGETS}/g`, 'merge', { metadata: { finalizers: null } });
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();

    assert.ok(waiting.body.metadata.deletionTimestamp !== undefined);
    assert.equal((await api.get(`${CRDS}/gadgets.x.io`)).code, 404);
    assert.equal((await api.get(GADGETS)).code, 404);
  });
});

describe('definitions', () => {
  const faults: readonly (readonly [string, unknown, RegExp])[] = [
    [
      'a field without a type',
      { type: 'object', properties: { a: {} } },
      /properties\[a\]\.type: Required value: must not be empty for specified object fields/,
    ],
    ['an array without items', { type: 'array' }, /items: Required value: must be specified/],
    [
      'map keys that are not required',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a'],
        items: { type: 'object', properties: { a: { type: 'string' } } },
      },
      /must have a default or be a required property/,
    ],
    ['a default of another type', { type: 'string', default: 1 }, /default: Invalid value: "integer"/],
    [
      'a rule that does not parse',
      { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.' }] },
      /x-kubernetes-validations\[0\]\.rule: Invalid value/,
    ],
    [
      'a type within anyOf',
      { type: 'object', anyOf: [{ type: 'object' }] },
      /anyOf\[0\]\.type: Forbidden: must be empty to be structural/,
    ],
  ];
  for (const [what, spec, message] of faults) {
    it(`are refused for ${what}`, async () => {
      const { code, body } = await openInProcessApi().create(CRDS, definition(spec));
      assert.equal(code, 422);
      assert.match(body.message ?? '', message);
    });
  }

  it('must be named by their plural and group', async () => {
    const { body } = await openInProcessApi().create(CRDS, { ...definition(SPEC), metadata: { name: 'x' } });
    assert.match(
      body.message ?? '',
      /metadata\.name: Invalid value: "x": must be spec\.names\.plural\+"\."\+spec\.group/,
    );
  });
});
