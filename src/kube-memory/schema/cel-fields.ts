import { isObject } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';

/**
 * The first field that a rule reads although the schema does not have it, or undefined. Follows `self` and `oldSelf` through fields,
 * list items, map values and the variables of `all`, `exists`, `filter` and `map`; anything else it cannot know counts as right.
 */
export function undefinedField(ast: unknown, schema: OpenApiSchema, names: readonly string[]): string | undefined {
  const known = new Map(names.map((name) => [name, schema]));
  return visit(ast, known).problem;
}

/** What is known of an expression: the schema of its value, if any, and the first problem inside it. */
interface Seen {
  readonly schema: OpenApiSchema | undefined;
  readonly problem: string | undefined;
}

type Known = ReadonlyMap<string, OpenApiSchema>;

const NOTHING: Seen = { schema: undefined, problem: undefined };

function visit(node: unknown, known: Known): Seen {
  if (Array.isArray(node)) return firstProblem(node, known);
  if (!isObject(node) || typeof node['op'] !== 'string') return NOTHING;
  const args: unknown = node['args'];
  if (node['op'] === 'id') return { schema: known.get(String(args)), problem: undefined };
  if (!Array.isArray(args)) return { ...NOTHING, problem: visit(args, known).problem };
  switch (node['op']) {
    case '.':
      return fieldOf(visit(args[0], known), String(args[1]));
    case '[]':
      return itemOf(visit(args[0], known), visit(args[1], known));
    case 'rcall':
      return memberCall(args, known);
    default:
      return firstProblem(args, known);
  }
}

function firstProblem(nodes: readonly unknown[], known: Known): Seen {
  for (const node of nodes) {
    const { problem } = visit(node, known);
    if (problem !== undefined) return { schema: undefined, problem };
  }
  return NOTHING;
}

function fieldOf(parent: Seen, name: string): Seen {
  const { schema } = parent;
  if (parent.problem !== undefined || schema === undefined) return { ...parent, schema: undefined };
  const own = schema.properties?.[name];
  if (own !== undefined) return { schema: own, problem: undefined };
  const isOpen =
    schema.type !== 'object' || schema['x-kubernetes-preserve-unknown-fields'] === true || name.includes('__');
  if (isOpen) return NOTHING;
  if (isObject(schema.additionalProperties)) return { schema: schema.additionalProperties, problem: undefined };
  return schema.properties === undefined ? NOTHING : { schema: undefined, problem: `undefined field '${name}'` };
}

function itemOf(parent: Seen, index: Seen): Seen {
  const problem = parent.problem ?? index.problem;
  if (problem !== undefined) return { schema: undefined, problem };
  return { schema: itemsOf(parent.schema), problem: undefined };
}

function itemsOf(schema: OpenApiSchema | undefined): OpenApiSchema | undefined {
  if (schema?.type === 'array') return schema.items;
  return isObject(schema?.additionalProperties) ? schema.additionalProperties : undefined;
}

const BINDING = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

/** `list.all(x, ...)`: inside, `x` is an item of the list; over a map it is a key, of which nothing is known. */
function memberCall(args: readonly unknown[], known: Known): Seen {
  const [method, target, parameters] = args;
  const over = visit(target, known);
  if (over.problem !== undefined || !Array.isArray(parameters)) return { schema: undefined, problem: over.problem };
  const [variable, ...bodies] = parameters as readonly unknown[];
  if (!BINDING.has(String(method)) || !isObject(variable) || variable['op'] !== 'id')
    return firstProblem(parameters, known);
  const inside = new Map(known);
  inside.delete(String(variable['args']));
  const item = over.schema?.type === 'array' ? over.schema.items : undefined;
  if (item !== undefined) inside.set(String(variable['args']), item);
  return firstProblem(bodies, inside);
}
