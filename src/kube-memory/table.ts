import type { KubeObject } from '../api/kube-object.ts';
import { parseTimestampMs } from '../lib/timestamp.ts';
import { humanDuration } from '../lib/human-duration.ts';
import { compileJsonPath } from '../lib/json-path.ts';
import { jsonOf } from './object-json.ts';
import type { ColumnDefinition, ResourceDefinition } from './resource.ts';

/** What a Table row carries of its object: nothing, its metadata, or all of it. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** The Table form of a list or object (`as=Table;v=v1;g=meta.k8s.io`) as JSON text. */
export function tableJson(input: {
  readonly definition: ResourceDefinition;
  readonly objects: readonly KubeObject[];
  readonly nowMs: number;
  readonly includeObject: IncludeObject;
  /** JSON of the list's metadata. */
  readonly metadata: string;
  /** Later events of a watch repeat no columns. */
  readonly columns: boolean;
}): string {
  const { definition, objects, nowMs, includeObject } = input;
  const rows = objects.map((object) => rowJson({ definition, object, nowMs, includeObject }));
  const columns = input.columns ? JSON.stringify(columnDefinitions(definition)) : 'null';
  return `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${input.metadata},"columnDefinitions":${columns},"rows":[${rows.join(',')}]}`;
}

function columnDefinitions(definition: ResourceDefinition): readonly unknown[] {
  const name = {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'Name must be unique within a namespace.',
    priority: 0,
  };
  return [
    ...(hasOwnName(definition) ? [] : [name]),
    ...definition.columns.map((column) => ({
      name: column.name,
      type: column.type,
      format: column.name === 'Name' ? 'name' : '',
      description: column.description ?? '',
      priority: column.priority,
    })),
  ];
}

/** The table of events has its name as one of its own, last columns. */
function hasOwnName(definition: ResourceDefinition): boolean {
  return definition.columns.some((column) => column.name === 'Name');
}

function rowJson(input: {
  readonly definition: ResourceDefinition;
  readonly object: KubeObject;
  readonly nowMs: number;
  readonly includeObject: IncludeObject;
}): string {
  const { definition, object, nowMs } = input;
  const name = hasOwnName(definition) ? [] : [object.metadata.name];
  const cells = [...name, ...definition.columns.map((column) => cellOf(column, object, nowMs))];
  const conditions = definition.rowConditions?.(object) ?? [];
  const state = conditions.length === 0 ? '' : `,"conditions":${JSON.stringify(conditions)}`;
  return `{"cells":${JSON.stringify(cells)}${state},"object":${embeddedJson(object, input.includeObject)}}`;
}

function embeddedJson(object: KubeObject, includeObject: IncludeObject): string {
  switch (includeObject) {
    case 'None':
      return 'null';
    case 'Object':
      return jsonOf(object);
    case 'Metadata':
      return partialObjectJson(object);
  }
}

const partialByObject = new WeakMap<object, string>();

/** The PartialObjectMetadata form of an object as JSON text. */
export function partialObjectJson(object: KubeObject): string {
  let json = partialByObject.get(object);
  if (json === undefined) {
    json = JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });
    partialByObject.set(object, json);
  }
  return json;
}

const readers = new Map<string, (value: unknown) => readonly unknown[]>();

function cellOf(column: ColumnDefinition, object: KubeObject, nowMs: number): string | number | boolean | null {
  const value = typeof column.value === 'string' ? readPath(column.value, object) : column.value(object, nowMs);
  if (value === undefined || value === null) return column.type === 'date' ? '<unknown>' : null;
  // Built-in kinds have cells that are numbers in columns of texts.
  if (typeof column.value !== 'string' && (typeof value === 'string' || typeof value === 'number')) return value;
  switch (column.type) {
    case 'date':
      return ageCell(value, nowMs);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : typeof value === 'string' ? value : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}

function readPath(path: string, object: KubeObject): unknown {
  let read = readers.get(path);
  if (read === undefined) {
    read = compileJsonPath(path);
    readers.set(path, read);
  }
  return read(object)[0];
}

/** A built-in column of type date may hand out the age already; anything that is no time is shown as it is. */
function ageCell(value: unknown, nowMs: number): string {
  if (typeof value !== 'string') return '<invalid>';
  const atMs = /^\d{4}-/.test(value) ? parseTimestampMs(value) : undefined;
  return atMs === undefined ? value : humanDuration(nowMs - atMs);
}
