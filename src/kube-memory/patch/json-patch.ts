import { deepEqual } from '../../lib/deep-equal.ts';
import { isObject, setField } from '../json-value.ts';

/** A JSON patch (RFC 6902) that cannot be applied: malformed, a missing path, or a failed test. */
export class PatchFailed extends Error {
  override readonly name = 'PatchFailed';
}

interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly pointer: string;
  readonly from?: readonly string[];
  readonly value?: unknown;
}

const OPERATIONS_MAX = 10_000;

/**
 * Applies the operations in order and returns the result; the document is not changed. As in an API server, removing what is
 * absent fails, replacing an absent field of an object adds it, `test` compares JSON values, and a `null` value counts as absent
 * for `test` on a missing path.
 * Source: RFC 6902 and RFC 6901.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new PatchFailed('a JSON patch is a list of operations');
  if (patch.length > OPERATIONS_MAX)
    throw new PatchFailed(`the allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${patch.length}`);
  return patch.map(parseOperation).reduce(applyOperation, document);
}

function parseOperation(operation: unknown): Operation {
  if (!isObject(operation) || typeof operation['op'] !== 'string' || typeof operation['path'] !== 'string') {
    throw new PatchFailed(`invalid operation ${JSON.stringify(operation)}`);
  }
  const { op, path, from } = operation;
  const parsed: Operation = { op, path: parsePointer(path), pointer: path, value: operation['value'] };
  if (op === 'move' || op === 'copy') {
    if (typeof from !== 'string') throw new PatchFailed(`${op} operation without from`);
    return { ...parsed, from: parsePointer(from) };
  }
  if (op === 'add' || op === 'replace') {
    if (!Object.hasOwn(operation, 'value')) throw new PatchFailed(`${op} operation without value`);
    return parsed;
  }
  if (op === 'remove' || op === 'test') return parsed;
  throw new PatchFailed(`unexpected kind: ${op}`);
}

function parsePointer(pointer: string): readonly string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw new PatchFailed(`path ${pointer} does not begin with /`);
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function applyOperation(document: unknown, operation: Operation): unknown {
  switch (operation.op) {
    case 'add':
      return add(document, operation.path, operation.value, operation.pointer);
    case 'remove':
      return remove(document, operation.path, operation.pointer);
    case 'replace':
      return replace(document, operation.path, operation.value, operation.pointer);
    case 'move':
      return move(document, operation);
    case 'copy':
      return add(document, operation.path, read(document, operation.from ?? [], operation.pointer), operation.pointer);
    default:
      test(document, operation);
      return document;
  }
}

function move(document: unknown, operation: Operation): unknown {
  const from = operation.from ?? [];
  const into = operation.path;
  if (into.length > from.length && from.every((step, index) => step === into[index])) {
    throw new PatchFailed(`cannot move a value into itself: ${operation.pointer}`);
  }
  const value = read(document, from, operation.pointer);
  return add(remove(document, from, operation.pointer), into, value, operation.pointer);
}

function test(document: unknown, operation: Operation): void {
  const found = find(document, operation.path);
  const expected = operation.value ?? null;
  if (!deepEqual(found.value ?? null, expected)) throw new PatchFailed(`testing value ${operation.pointer} failed`);
}

function find(document: unknown, path: readonly string[]): { found: boolean; value: unknown } {
  let current = document;
  for (const step of path) {
    if (Array.isArray(current)) {
      const index = existingIndex(step, current.length);
      if (index === undefined) return { found: false, value: undefined };
      current = current[index];
    } else if (isObject(current) && Object.hasOwn(current, step)) current = current[step];
    else return { found: false, value: undefined };
  }
  return { found: true, value: current };
}

function read(document: unknown, path: readonly string[], pointer: string): unknown {
  const { found, value } = find(document, path);
  if (!found) throw missing(pointer);
  return value;
}

function add(target: unknown, path: readonly string[], value: unknown, pointer: string): unknown {
  return change(
    target,
    path,
    pointer,
    (parent, step) => {
      if (Array.isArray(parent)) return parent.toSpliced(insertIndex(step, parent.length, pointer), 0, value);
      return withField(parent, step, value);
    },
    value,
  );
}

function replace(target: unknown, path: readonly string[], value: unknown, pointer: string): unknown {
  return change(
    target,
    path,
    pointer,
    (parent, step) => {
      if (Array.isArray(parent)) {
        const index = existingIndex(step, parent.length);
        if (index === undefined) throw missing(pointer);
        return parent.with(index, value);
      }
      return withField(parent, step, value);
    },
    value,
  );
}

function remove(target: unknown, path: readonly string[], pointer: string): unknown {
  return change(
    target,
    path,
    pointer,
    (parent, step) => {
      if (Array.isArray(parent)) {
        const index = existingIndex(step, parent.length);
        if (index === undefined) throw missing(pointer);
        return parent.toSpliced(index, 1);
      }
      if (!Object.hasOwn(parent, step)) throw missing(pointer);
      const copy = { ...parent };
      delete copy[step];
      return copy;
    },
    null,
  );
}

/** Copies the containers along the path and lets `last` make the new parent of its end. */
function change(
  target: unknown,
  path: readonly string[],
  pointer: string,
  last: (parent: unknown[] | Record<string, unknown>, step: string) => unknown,
  whole: unknown,
): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return whole;
  if (!Array.isArray(target) && !isObject(target)) throw missing(pointer);
  if (rest.length === 0) return last(target, step);
  if (Array.isArray(target)) {
    const index = existingIndex(step, target.length);
    if (index === undefined) throw missing(pointer);
    return target.with(index, change(target[index], rest, pointer, last, whole));
  }
  if (!Object.hasOwn(target, step)) throw missing(pointer);
  return withField(target, step, change(target[step], rest, pointer, last, whole));
}

function withField(object: Readonly<Record<string, unknown>>, key: string, value: unknown): Record<string, unknown> {
  const copy = { ...object };
  setField(copy, key, value);
  return copy;
}

function existingIndex(step: string, length: number): number | undefined {
  if (!/^(0|[1-9]\d*|-[1-9]\d*)$/.test(step)) return undefined;
  const index = Number(step) < 0 ? length + Number(step) : Number(step);
  return index >= 0 && index < length ? index : undefined;
}

function insertIndex(step: string, length: number, pointer: string): number {
  if (step === '-') return length;
  const index = Number(step);
  if (!/^(0|[1-9]\d*)$/.test(step) || index > length)
    throw new PatchFailed(`unable to access invalid index: ${step} in ${pointer}`);
  return index;
}

function missing(pointer: string): PatchFailed {
  return new PatchFailed(`the path ${pointer} does not exist in the object`);
}
