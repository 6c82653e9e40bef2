import { isObject } from '../json-value.ts';

/**
 * A set of field paths as managedFields keep them (`FieldsV1`): a tree by path element, where each element may be a member itself
 * and may have children. Elements are written as on the wire: `f:name`, `k:{"name":"web"}`, `v:"x"`, `i:0`.
 */
export interface FieldSet {
  readonly members: ReadonlySet<string>;
  readonly children: ReadonlyMap<string, FieldSet>;
}

interface MutableFieldSet {
  readonly members: Set<string>;
  readonly children: Map<string, MutableFieldSet>;
}

export const EMPTY_SET: FieldSet = { members: new Set(), children: new Map() };

export function isEmpty(set: FieldSet): boolean {
  return set.members.size === 0 && set.children.size === 0;
}

/** Collects paths into a set; the whole object (an empty path) belongs to nobody. */
export class FieldSetBuilder {
  readonly set: MutableFieldSet = { members: new Set(), children: new Map() };

  insert(path: readonly string[]): void {
    let node = this.set;
    for (let depth = 0; depth < path.length; depth++) {
      const element = path[depth] ?? '';
      if (depth === path.length - 1) node.members.add(element);
      else node = childOf(node, element);
    }
  }
}

function childOf(node: MutableFieldSet, element: string): MutableFieldSet {
  let child = node.children.get(element);
  if (child === undefined) node.children.set(element, (child = { members: new Set(), children: new Map() }));
  return child;
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmpty(left)) return right;
  if (isEmpty(right)) return left;
  const children = new Map(left.children);
  for (const [element, child] of right.children) {
    const other = children.get(element);
    children.set(element, other === undefined ? child : union(other, child));
  }
  return { members: new Set([...left.members, ...right.members]), children };
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    const shared = other === undefined ? EMPTY_SET : intersection(child, other);
    if (!isEmpty(shared)) children.set(element, shared);
  }
  return { members: membersWhere(left, (member) => right.members.has(member)), children };
}

/** Members of `left` that are not members of `right`; a member's children are members of their own. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmpty(right)) return left;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    const rest = other === undefined ? child : difference(child, other);
    if (!isEmpty(rest)) children.set(element, rest);
  }
  return { members: membersWhere(left, (member) => !right.members.has(member)), children };
}

function membersWhere(set: FieldSet, keep: (member: string) => boolean): ReadonlySet<string> {
  const members = new Set<string>();
  for (const member of set.members) if (keep(member)) members.add(member);
  return members;
}

export function equalSets(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true;
  if (left.members.size !== right.members.size || left.children.size !== right.children.size) return false;
  for (const member of left.members) if (!right.members.has(member)) return false;
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    if (other === undefined || !equalSets(child, other)) return false;
  }
  return true;
}

/** All member paths in order: parents before children, elements sorted. */
export function* pathsOf(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  for (const element of sortedElements(set)) {
    const path = [...prefix, element];
    if (set.members.has(element)) yield path;
    const child = set.children.get(element);
    if (child !== undefined) yield* pathsOf(child, path);
  }
}

/** `.spec.containers[name="web"].image`, as conflicts name a path. */
export function formatPath(path: readonly string[]): string {
  return path.map(formatElement).join('');
}

function formatElement(element: string): string {
  const content = element.slice(2);
  if (element.startsWith('f:')) return `.${content}`;
  if (element.startsWith('i:')) return `[${content}]`;
  if (element.startsWith('v:')) return `[=${content}]`;
  const key: unknown = JSON.parse(content);
  const fields = isObject(key) ? Object.entries(key) : [];
  return `[${fields.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}

function sortedElements(set: FieldSet): readonly string[] {
  return [...new Set([...set.members, ...set.children.keys()])].sort();
}

const parsedSets = new WeakMap<object, FieldSet>();
const emptyJson = Object.freeze({});

/** The set in the `fieldsV1` of a managedFields entry; parsed once for each stored entry. */
export function parseFieldsV1(fields: unknown): FieldSet {
  if (!isObject(fields)) return EMPTY_SET;
  const known = parsedSets.get(fields);
  if (known !== undefined) return known;
  const parsed = parseNode(fields);
  parsedSets.set(fields, parsed);
  return parsed;
}

function parseNode(fields: Readonly<Record<string, unknown>>): FieldSet {
  const members = new Set<string>();
  const children = new Map<string, FieldSet>();
  for (const [element, child] of Object.entries(fields)) {
    if (element === '.' || !isObject(child)) continue;
    const keys = Object.keys(child);
    if (keys.length === 0 || '.' in child) members.add(element);
    if (keys.length > ('.' in child ? 1 : 0)) children.set(element, parseNode(child));
  }
  return { members, children };
}

/** The wire form of a set. */
export function formatFieldsV1(set: FieldSet): Readonly<Record<string, unknown>> {
  const fields = formatNode(set, false);
  parsedSets.set(fields, set);
  return fields;
}

function formatNode(set: FieldSet, isMember: boolean): Record<string, unknown> {
  const fields: Record<string, unknown> = isMember ? { '.': emptyJson } : {};
  for (const element of sortedElements(set)) {
    const child = set.children.get(element);
    fields[element] = child === undefined ? emptyJson : formatNode(child, set.members.has(element));
  }
  return fields;
}
