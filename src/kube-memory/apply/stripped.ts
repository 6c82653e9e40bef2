import { FieldSetBuilder, type FieldSet } from './field-set.ts';

const SERVER_METADATA = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
];

/** Fields that the server sets or that name the object: no manager ever owns them. */
export const STRIPPED: FieldSet = build();

function build(): FieldSet {
  const builder = new FieldSetBuilder();
  for (const field of ['apiVersion', 'kind', 'metadata']) builder.insert([`f:${field}`]);
  for (const field of SERVER_METADATA) builder.insert(['f:metadata', `f:${field}`]);
  return builder.set;
}
