import { applyMergePatch } from '../lib/merge-patch.ts';
import { parseJson } from './body.ts';
import { decode, type Decoded } from './decode.ts';
import { isObject } from './json-value.ts';
import { parseMediaType } from './negotiate.ts';
import { applyJsonPatch, PatchFailed } from './patch/json-patch.ts';
import { applyStrategicMergePatch } from './patch/strategic-merge.ts';
import type { ApiRequest } from './request.ts';
import { wholeSchema } from './schema/object-meta.ts';
import type { ServerState } from './server-state.ts';
import { invalidValue } from './schema/field-error.ts';
import { ApiError, badRequest, failure, invalid, unsupportedMediaType } from './status-error.ts';
import type { Target, WriteOptions, Written } from './target.ts';
import { checkIdentity, checkUid, storedObject, storeUpdate } from './write.ts';
import { inVersion } from './object-json.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const PATCH_TYPES: ReadonlyMap<string, PatchType> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
  ['application/apply-patch+yaml', 'apply'],
]);

/** The kind of patch in a request; throws 415 on others, and on strategic merge for custom resources. */
export function patchTypeOf(request: ApiRequest, custom: boolean): PatchType {
  const type = PATCH_TYPES.get(parseMediaType(request.headers['content-type'] ?? '').type);
  if (type !== undefined && !(custom && type === 'strategic')) return type;
  throw unsupportedMediaType([...PATCH_TYPES.keys()].filter((each) => !custom || !each.includes('strategic')));
}

/** Applies a JSON, merge or strategic merge patch to a stored object. Throws 400, 404, 409 and 422. */
export function patchObject(
  server: ServerState,
  target: Target,
  patch: { readonly type: Exclude<PatchType, 'apply'>; readonly text: string },
  options: WriteOptions,
): Written {
  const { definition } = target;
  const old = storedObject(server, target);
  const patched = patchedValue(old, patch, wholeSchema(definition));
  const sent = decodePatched(patched, target, options);
  checkIdentity(target, sent.object);
  checkUid(target, sent.object, old);
  const object = storeUpdate(server, target, { old, next: sent.object, options });
  return { object: inVersion(object, definition), created: false, warnings: sent.warnings };
}

/** Built-in kinds show the whole object when a patch leaves one that is none. */
function decodePatched(patched: Readonly<Record<string, unknown>>, target: Target, options: WriteOptions): Decoded {
  const { definition } = target;
  try {
    return decode(patched, definition, options.fieldValidation);
  } catch (error) {
    const isStrict = error instanceof ApiError && error.message.includes('strict decoding error');
    if (!(error instanceof ApiError) || target.resource.custom || isStrict) throw error;
    const shown = invalidValue('patch', JSON.stringify(patched), error.message);
    throw invalid({ group: '', plural: '', kind: '' }, '', [shown]);
  }
}

/** The document that a patch makes of another; throws 400 when the patch is malformed and 422 when it cannot be applied. */
export function patchedValue(
  document: Readonly<Record<string, unknown>>,
  patch: { readonly type: Exclude<PatchType, 'apply'>; readonly text: string },
  schema: Parameters<typeof applyStrategicMergePatch>[2],
): Readonly<Record<string, unknown>> {
  const parsed = parsePatch(patch.text);
  const patched = applyPatch(document, parsed, patch.type, schema);
  if (!isObject(patched)) throw badRequest('the patch does not leave an object');
  return patched;
}

function parsePatch(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw badRequest(`error decoding patch: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function applyPatch(
  document: Readonly<Record<string, unknown>>,
  patch: unknown,
  type: Exclude<PatchType, 'apply'>,
  schema: Parameters<typeof applyStrategicMergePatch>[2],
): unknown {
  try {
    switch (type) {
      case 'json':
        if (!Array.isArray(patch)) throw badRequest('error decoding patch: a JSON patch is a list of operations');
        return applyJsonPatch(document, patch);
      case 'merge':
        if (!isObject(patch)) throw badRequest('error decoding patch: a merge patch is an object');
        return applyMergePatch(document, patch);
      case 'strategic':
        if (!isObject(patch)) throw badRequest('error decoding patch: a strategic merge patch is an object');
        return applyStrategicMergePatch(document, patch, schema);
    }
  } catch (error) {
    if (!(error instanceof PatchFailed)) throw error;
    throw failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
}
