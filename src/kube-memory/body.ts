import { CORE_SCHEMA, NOT_RESOLVED, boolYaml11Tag, defineScalarTag, intCoreTag, load, mergeTag } from 'js-yaml';
import { duplicateFields } from './json-duplicates.ts';
import { isObject } from './json-value.ts';
import { parseMediaType } from './negotiate.ts';
import type { ApiRequest } from './request.ts';
import { badRequest, unsupportedMediaType } from './status-error.ts';
import { decodeProtobuf, WireProblem } from './wire/protobuf.ts';

/** Go's YAML reads `0644` as octal, as YAML 1.1 does; everything else about integers is YAML 1.2. */
const intTag = defineScalarTag('tag:yaml.org,2002:int', {
  ...intCoreTag,
  resolve: (source, isExplicit, tagName) => {
    if (/^[-+]?0[0-7]+$/.test(source))
      return source.startsWith('-') ? -Number.parseInt(source.slice(1), 8) : Number.parseInt(source, 8);
    const value = intCoreTag.resolve(source, isExplicit, tagName);
    return value === NOT_RESOLVED ? NOT_RESOLVED : value;
  },
});
const KUBERNETES_YAML = CORE_SCHEMA.withTags(mergeTag, boolYaml11Tag, intTag);
const YAML_ALIASES_MAX = 100;

/** The object in a request's body, JSON or YAML; throws 415 on other media types and 400 when it does not parse. */
export function objectBody(request: ApiRequest): Record<string, unknown> {
  const { type } = parseMediaType(request.headers['content-type'] ?? 'application/json');
  if (type === PROTOBUF) return protobufBody(request);
  const text = textBody(request);
  let value: unknown;
  if (type === 'application/json' || type === '' || type === '*/*') value = parseJson(text);
  else if (type === 'application/yaml' || type === 'text/yaml') value = parseYaml(text);
  else throw unsupportedMediaType(['application/json', 'application/yaml']);
  if (!isObject(value)) throw badRequest('the body of the request is not an object');
  return value;
}

/** The body as text; a protobuf body is none. */
export function textBody(request: ApiRequest): string {
  return typeof request.body === 'string' ? request.body : '';
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

function protobufBody(request: ApiRequest): Record<string, unknown> {
  try {
    return decodeProtobuf(
      typeof request.body === 'string' ? Buffer.from(request.body) : (request.body ?? new Uint8Array()),
    );
  } catch (error) {
    if (error instanceof WireProblem) throw unsupportedMediaType(['application/json', 'application/yaml']);
    throw error;
  }
}

/** JSON texts of bodies, for those who want to know of duplicate keys. */
const textOf = new WeakMap<object, string>();

/** The keys that the body gave twice, by their paths. */
export function duplicatesInBody(body: object): readonly string[] {
  const text = textOf.get(body);
  return text === undefined ? [] : duplicateFields(text);
}

export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) textOf.set(value, text);
    return value;
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${messageOf(error)}`);
  }
}

export function parseYaml(text: string): unknown {
  if (text.trim() === '') return undefined;
  if (text.trimStart().startsWith('{')) return parseJson(text);
  try {
    return load(text, { schema: KUBERNETES_YAML, maxAliases: YAML_ALIASES_MAX });
  } catch (error) {
    throw badRequest(`error decoding YAML: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
