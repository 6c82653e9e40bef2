import type { CustomResourceDefinition } from '../api/crd/definitions.ts';
import type { StructuralSchema } from '../api/crd/structural-schema.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { isPlainObject } from '../lib/merge-patch.ts';

/** Paths in `spec` that the schema of the object's kind does not know: an API server drops such fields without a word. */
export function unknownFields(object: KubeObject, definitions: readonly CustomResourceDefinition[]): readonly string[] {
  const definition = definitions.find(({ spec }) => spec.names.kind === object.kind);
  const schema = definition?.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec'];
  return schema === undefined ? [] : unknownIn(object['spec'], schema, 'spec');
}

function unknownIn(value: unknown, schema: StructuralSchema, path: string): readonly string[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, index) => unknownIn(item, items, `${path}[${index}]`));
  }
  if (!isPlainObject(value) || schema['x-kubernetes-preserve-unknown-fields'] === true) return [];
  const { properties, additionalProperties } = schema;
  if (properties === undefined && additionalProperties === undefined) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    const known = properties?.[name] ?? additionalProperties;
    return known === undefined ? [`${path}.${name}`] : unknownIn(field, known, `${path}.${name}`);
  });
}
