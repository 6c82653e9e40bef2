import {
  CORE_SCHEMA,
  YAMLException,
  NOT_RESOLVED,
  binaryTag,
  boolYaml11Tag,
  defineScalarTag,
  load,
  mergeTag,
} from 'js-yaml';

import type { YamlParser } from '../../ports/git.ts';

const ALIASES_MAX = 1_000;
const DEPTH_MAX = 200;
/** The largest CRDs have some tens of thousands. */
const NODES_MAX = 500_000;

/**
 * YAML with the scalar rules of Kubernetes' own tools: `yes`, `on` and their kin are booleans, a leading zero makes an octal number,
 * merge keys merge, and a date stays a string.
 */
export function createYamlParser(): YamlParser {
  return {
    parse(text) {
      try {
        const value = load(text, { schema: KUBERNETES_SCHEMA, maxAliases: ALIASES_MAX, maxDepth: DEPTH_MAX });
        if (nodeCount(value) > NODES_MAX) return { error: 'too large once its aliases are expanded', line: 1 };
        return { value };
      } catch (error) {
        if (!(error instanceof YAMLException)) throw error;
        return { error: error.reason, line: (error.mark?.line ?? 0) + 1 };
      }
    },
  };
}

/** Values below this one, an aliased one as often as it is used; counting ends soon after the limit. */
function nodeCount(root: unknown): number {
  const waiting: unknown[] = [root];
  let count = 0;
  while (waiting.length > 0 && count <= NODES_MAX) {
    const value = waiting.pop();
    count += 1;
    if (typeof value !== 'object' || value === null) continue;
    for (const child of Object.values(value)) waiting.push(child);
  }
  return count;
}

const booleanTag = defineScalarTag('tag:yaml.org,2002:bool', { ...boolYaml11Tag, implicit: true });

const integerTag = defineScalarTag<number>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: '+-0123456789'.split(''),
  identify: (data) => Number.isInteger(data),
  resolve(source) {
    const match = /^([+-]?)(?:0b([01_]+)|0x([0-9a-fA-F_]+)|0o([0-7_]+)|0([0-7_]+)|(0|[1-9][0-9_]*))$/.exec(source);
    if (match === null) return NOT_RESOLVED;
    const [, sign, binary, hexadecimal, octal, oldOctal, decimal] = match;
    const [digits, base] =
      binary !== undefined
        ? [binary, 2]
        : hexadecimal !== undefined
          ? [hexadecimal, 16]
          : (octal ?? oldOctal) !== undefined
            ? [octal ?? oldOctal ?? '', 8]
            : [decimal ?? '', 10];
    const value = Number.parseInt(digits.replaceAll('_', ''), base);
    if (Number.isNaN(value)) return NOT_RESOLVED;
    return sign === '-' && value !== 0 ? -value : value;
  },
});

const KUBERNETES_SCHEMA = CORE_SCHEMA.withTags(booleanTag, integerTag, mergeTag, binaryTag);
