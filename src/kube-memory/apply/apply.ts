import { sortedJson } from '../../lib/sorted-json.ts';
import { decode } from '../decode.ts';
import { isObject, objectAt, stringAt, valueAt, withValueAt } from '../json-value.ts';
import { apiVersionOf, inVersion } from '../object-json.ts';
import { wholeSchema } from '../schema/object-meta.ts';
import type { ServerState } from '../server-state.ts';
import { badRequest, notFound, plainFailure } from '../status-error.ts';
import { hasStatusSubresource, type Target, type WriteOptions, type Written } from '../target.ts';
import { checkIdentity, checkUid, createObject, storeUpdate } from '../write.ts';
import { applyConfiguration } from './application.ts';
import { typingProblem } from './typed.ts';

/**
 * Server-side apply: the configuration is merged into the live object, fields that the manager applied before and leaves out now are
 * removed unless others have them, and a field that another manager set to something else is a conflict (409) unless forced.
 * Source: the behaviour of structured-merge-diff v6 (`merge/update.go`).
 */
export function applyObject(
  server: ServerState,
  target: Target,
  config: Readonly<Record<string, unknown>>,
  options: WriteOptions,
): Written {
  checkConfiguration(target, config);
  const stored = server.store.collection(target.resource.key).get(target.namespace, target.name);
  const live = stored === undefined ? undefined : inVersion(stored, target.definition);
  if (live === undefined && options.subresource !== '') throw notFound(target.definition, target.name);
  const wanted = appliedPart(target, config, options);
  const { merged: laidOver, managedFields } = applyConfiguration({
    definition: target.definition,
    live,
    config: wanted,
    manager: options.fieldManager,
    subresource: options.subresource,
    force: options.force,
    nowMs: server.clock.nowMs(),
  });
  const merged = live === undefined ? laidOver : withLastApplied(laidOver, config, options.fieldManager);
  if (live === undefined) return createObject(server, target, merged, options, managedFields);
  const sent = decode(merged, target.definition, 'Ignore');
  checkIdentity(target, sent.object);
  checkUid(target, sent.object, live);
  const object = storeUpdate(server, target, { old: live, next: sent.object, options, applied: managedFields });
  return { object: inVersion(object, target.definition), created: false, warnings: [] };
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** What kubectl applied from its own side is kept up to date when it applies by the server, so that both ways stay possible. */
function withLastApplied(
  merged: Record<string, unknown>,
  config: Readonly<Record<string, unknown>>,
  manager: string,
): Record<string, unknown> {
  const metadata = objectAt(merged, 'metadata');
  const annotations = objectAt(metadata, 'annotations');
  if (manager !== 'kubectl' || annotations[LAST_APPLIED] === undefined) return merged;
  const { managedFields: _managers, ...meta } = objectAt(config, 'metadata');
  const { [LAST_APPLIED]: _before, ...others } = objectAt(meta, 'annotations');
  const plain = withValueAt(meta, ['annotations'], Object.keys(others).length === 0 ? undefined : others);
  const applied = `${sortedJson({ ...config, metadata: plain })}\n`;
  return { ...merged, metadata: { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: applied } } };
}

function checkConfiguration(target: Target, config: Readonly<Record<string, unknown>>): void {
  const { definition } = target;
  const expected = apiVersionOf(definition);
  if (typeof config['apiVersion'] !== 'string' || typeof config['kind'] !== 'string')
    throw badRequest(`invalid object type: /, Kind=${stringAt(config, 'kind') ?? ''}`);
  if (config['apiVersion'] !== expected) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${String(config['apiVersion'])}, expected: ${expected}`,
    );
  }
  const name = valueAt(config, ['metadata', 'name']);
  if (typeof name === 'string' && name !== '' && name !== target.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
  const managers = valueAt(config, ['metadata', 'managedFields']);
  if (Array.isArray(managers) && managers.length > 0) throw badRequest('metadata.managedFields must be nil');
  const problem = typingProblem(config, wholeSchema(definition));
  if (problem === undefined) return;
  const what = `${stringAt(config, 'metadata', 'namespace') ?? ''}/${target.name}; ${definition.group}/${definition.version}, Kind=${definition.kind}`;
  throw plainFailure(`failed to create typed patch object (${what}): ${problem}`);
}

/** The part of a configuration that its endpoint takes: status alone, or everything but a status with an endpoint of its own. */
function appliedPart(
  target: Target,
  config: Readonly<Record<string, unknown>>,
  options: WriteOptions,
): Record<string, unknown> {
  const { metadata, status, ...rest } = config;
  const meta: Record<string, unknown> = { ...(isObject(metadata) ? metadata : {}), name: target.name };
  if (target.namespace !== undefined) meta['namespace'] = target.namespace;
  delete meta['managedFields'];
  if (options.subresource === 'status') {
    const { name, namespace, resourceVersion, uid } = meta;
    const identity = Object.fromEntries(
      Object.entries({ name, namespace, resourceVersion, uid }).filter(([, value]) => value !== undefined),
    );
    return {
      apiVersion: rest['apiVersion'],
      kind: rest['kind'],
      metadata: identity,
      ...(status === undefined ? {} : { status }),
    };
  }
  const isPlain = !hasStatusSubresource(target.definition) && status !== undefined;
  return { ...rest, metadata: meta, ...(isPlain ? { status } : {}) };
}
