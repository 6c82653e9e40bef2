import { customResourceDefinitions } from '../src/api/crd/definitions.ts';
import type { StructuralSchema } from '../src/api/crd/structural-schema.ts';
import { code, GENERATED, table } from './markdown.ts';

/** Every field of a GitSource, made from its schema. */
export function gitSourcePage(): string {
  const definition = customResourceDefinitions().find((one) => one.spec.names.kind === 'GitSource');
  const schema = definition?.spec.versions[0]?.schema.openAPIV3Schema;
  return [
    '# GitSource',
    '',
    GENERATED,
    '',
    '`headgate.dev/v1alpha1`. How to use it is told in [the guide](../guides/git.md); `kubectl explain gitsource.spec` shows',
    'the same fields.',
    '',
    ...part('Spec', schema?.properties?.['spec']),
    ...part('Status', schema?.properties?.['status']),
  ].join('\n');
}

function part(title: string, schema: StructuralSchema | undefined): readonly string[] {
  const rows = fieldsOf(schema ?? {}, '');
  return [`## ${title}`, '', table(['Field', 'Type', 'Meaning'], rows), ''];
}

function fieldsOf(schema: StructuralSchema, above: string): readonly (readonly string[])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${above}${name}`;
    const inner = field.type === 'array' ? (field.items ?? {}) : field;
    const type = field.type === 'array' ? `list of ${inner.type ?? 'any'}` : (field.type ?? 'any');
    const required = schema.required?.includes(name) === true ? 'Required. ' : '';
    const own = [code(path), type, required + (field.description ?? '')];
    return [own, ...fieldsOf(inner, `${path}${field.type === 'array' ? '[].' : '.'}`)];
  });
}
