import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { generateCrds } from '../../../scripts/generate-crds.ts';
import { customResourceDefinitions } from './definitions.ts';
import type { StructuralSchema } from './structural-schema.ts';

const CRDS = new URL('../../../crds/', import.meta.url);
const DEFINITIONS = customResourceDefinitions();
const FILE_BYTES_MAX = 300_000;
const HELM_BYTES_MAX = 1024 * 1024;

interface Node {
  readonly path: string;
  readonly schema: StructuralSchema;
  /** Whether every list above has a bound. */
  readonly bounded: boolean;
  readonly mapValue: boolean;
}

describe('the CRDs', () => {
  it('in crds/ are what the schemas say', () => {
    const generated = generateCrds();

    assert.deepEqual(readdirSync(CRDS).sort(), [...generated.keys()].sort());
    for (const [name, yaml] of generated) assert.equal(readFileSync(new URL(name, CRDS), 'utf8'), yaml, name);
  });

  it('fit into one request each and into one Helm release together', () => {
    const sizes = [...generateCrds().values()].map((yaml) => Buffer.byteLength(yaml));

    assert.ok(sizes.every((size) => size < FILE_BYTES_MAX));
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) < HELM_BYTES_MAX);
  });

  it('are structural: every node has a type, and nothing is said twice', () => {
    for (const { path, schema } of allNodes()) {
      const typed = schema.type !== undefined;
      const free = schema['x-kubernetes-preserve-unknown-fields'] === true;
      const either = schema['x-kubernetes-int-or-string'] === true;
      assert.ok(typed || free || either, `${path} has no type`);
      assert.ok(!(typed && either), `${path} has a type and is int-or-string`);
      assert.ok(
        schema.properties === undefined || schema.additionalProperties === undefined,
        `${path} mixes fields and keys`,
      );
      assert.ok(
        (schema.type === 'array') === (schema.items !== undefined),
        `${path} has items exactly if it is a list`,
      );
      assert.ok(schema.anyOf === undefined || either, `${path} has a choice of types`);
      for (const field of schema.required ?? [])
        assert.ok(schema.properties?.[field], `${path}.${field} is required but unknown`);
    }
  });

  it('merge lists only by keys that every item has', () => {
    const keyed = allNodes().filter(({ schema }) => schema['x-kubernetes-list-type'] === 'map');

    assert.ok(keyed.length > 0);
    for (const { path, schema } of keyed) {
      for (const key of schema['x-kubernetes-list-map-keys'] ?? assert.fail(`${path} has no keys`)) {
        const field = schema.items?.properties?.[key];
        assert.ok(field?.type === 'string' || field?.type === 'integer', `${path}: ${key} is no plain field`);
        assert.ok(
          schema.items?.required?.includes(key) || field.default !== undefined,
          `${path}: ${key} may be missing`,
        );
      }
    }
  });

  it('merge containers, environment, ports, mounts and volumes by key', () => {
    const pod = schemaOf('rollouts').properties?.['spec']?.properties?.['template']?.properties?.['spec'];
    const container = pod?.properties?.['containers']?.items;
    const keys = (schema: StructuralSchema | undefined) => schema?.['x-kubernetes-list-map-keys'];

    assert.deepEqual(keys(pod?.properties?.['containers']), ['name']);
    assert.deepEqual(keys(pod?.properties?.['initContainers']), ['name']);
    assert.deepEqual(keys(pod?.properties?.['volumes']), ['name']);
    assert.deepEqual(keys(container?.properties?.['env']), ['name']);
    assert.deepEqual(keys(container?.properties?.['ports']), ['containerPort', 'protocol']);
    assert.deepEqual(keys(container?.properties?.['volumeMounts']), ['mountPath']);
    assert.equal(keys(pod?.properties?.['imagePullSecrets']), undefined);
  });

  it('keep fields of a pod template that they do not know, at every depth', () => {
    const template = schemaOf('rollouts').properties?.['spec']?.properties?.['template'];
    // Label selectors are closed in Kubernetes too.
    const objects = nodes({ schema: template ?? {}, path: 'template' }).filter(
      ({ path, schema }) =>
        schema.type === 'object' && schema.additionalProperties === undefined && !path.includes('abelSelector'),
    );

    assert.ok(objects.length > 20);
    for (const { path, schema } of objects) assert.equal(schema['x-kubernetes-preserve-unknown-fields'], true, path);
  });

  it('describe every field', () => {
    for (const { path, schema, mapValue } of allNodes()) {
      if (/^\w+\.metadata$/.test(path)) continue;
      assert.ok(mapValue || (schema.description ?? '') !== '', `${path} has no description`);
    }
  });

  it('say nothing about the metadata of the object, as the API server demands', () => {
    for (const { spec } of DEFINITIONS) {
      assert.deepEqual(schemaOf(spec.names.plural).properties?.['metadata'], { type: 'object' });
    }
  });

  it('let rules run on bounded lists only, and on fields that rules can see', () => {
    const ruled = allNodes().filter(({ schema }) => schema['x-kubernetes-validations'] !== undefined);

    assert.ok(ruled.length > 0);
    for (const { path, schema, bounded } of ruled) {
      assert.ok(bounded, `${path} has a rule below a list without maxItems`);
      for (const rule of schema['x-kubernetes-validations'] as readonly { rule: string; message: string }[]) {
        assert.ok(rule.message.length > 0, `${path} has a rule without a message`);
        if (rule.rule.includes('self.matches'))
          assert.ok(schema.maxLength !== undefined, `${path} matches text without maxLength`);
        for (const [, field = ''] of rule.rule.matchAll(/self\.(\w+)\b(?!\()/g)) {
          const seen = schema.properties?.[field];
          assert.ok(
            seen?.type !== undefined &&
              (seen.additionalProperties?.type !== undefined) === (seen.additionalProperties !== undefined),
            `${path}: rules cannot see ${field}`,
          );
        }
      }
    }
  });

  it('have the subresources that today’s tools expect', () => {
    const of = (plural: string) => definitionOf(plural).spec.versions[0]?.subresources;

    assert.deepEqual(of('rollouts'), {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.HPAReplicas',
        labelSelectorPath: '.status.selector',
      },
    });
    assert.equal(of('analysisruns'), undefined);
    assert.equal(of('experiments'), undefined);
    assert.deepEqual(of('gitsources'), { status: {} });
  });

  it('show columns that exist', () => {
    for (const definition of DEFINITIONS) {
      for (const { name, jsonPath } of definition.spec.versions[0]?.additionalPrinterColumns ?? []) {
        if (jsonPath.startsWith('.metadata') || jsonPath.includes('[')) continue;
        let schema: StructuralSchema | undefined = schemaOf(definition.spec.names.plural);
        for (const field of jsonPath.slice(1).split('.')) schema = schema?.properties?.[field];
        assert.ok(schema, `${definition.spec.names.kind}: column ${name} reads ${jsonPath}`);
      }
    }
  });
});

function definitionOf(plural: string) {
  return DEFINITIONS.find((entry) => entry.spec.names.plural === plural) ?? assert.fail(plural);
}

function schemaOf(plural: string): StructuralSchema {
  return definitionOf(plural).spec.versions[0]?.schema.openAPIV3Schema ?? assert.fail(plural);
}

function allNodes(): readonly Node[] {
  return DEFINITIONS.flatMap(({ spec }) => nodes({ schema: schemaOf(spec.names.plural), path: spec.names.kind }));
}

function nodes(at: { schema: StructuralSchema; path: string; bounded?: boolean; mapValue?: boolean }): readonly Node[] {
  const { schema, path, bounded = true, mapValue = false } = at;
  return [
    { path, schema, bounded, mapValue },
    ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
      nodes({ schema: child, path: `${path}.${name}`, bounded }),
    ),
    ...(schema.items === undefined
      ? []
      : nodes({ schema: schema.items, path: `${path}[]`, bounded: bounded && schema.maxItems !== undefined })),
    ...(schema.additionalProperties === undefined
      ? []
      : nodes({ schema: schema.additionalProperties, path: `${path}[key]`, bounded: false, mapValue: true })),
  ];
}
