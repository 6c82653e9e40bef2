import { createHash } from 'node:crypto';

import type { GitSource, InventoryEntry } from '../../api/git-source.ts';
import type { KubeObject, ObjectRef, ResourceKind } from '../../api/kube-object.ts';
import { orderForApply } from '../../core/gitops/apply-order.ts';
import { carryOver, steeringOf, type Steering } from '../../core/gitops/carry-over.ts';
import { differs, droppedFields, project } from '../../core/gitops/drift.ts';
import { inventoryEntryOf, prunePlan } from '../../core/gitops/inventory.ts';
import { identityOf, type Manifest, type ManifestProblem } from '../../core/gitops/manifest.ts';
import { FIELD_MANAGER, GIT_ANNOTATIONS } from '../../core/gitops/names.ts';
import { otherOwnerOf, stampOrigin } from '../../core/gitops/origin.ts';
import { placeObjects } from '../../core/gitops/placement.ts';
import { templateOf, templateReferences, versionParts } from '../../core/gitops/references.ts';
import { sortedJson } from '../../lib/sorted-json.ts';
import type { KindDirectory, Kube } from '../../ports/kube.ts';
import { causeOf, isKubeError } from '../failure.ts';
import type { Declaration } from './declaration.ts';
import type { LiveObjects } from './live-objects.ts';
import { refusalText } from './refusal.ts';

export interface ApplyTools {
  readonly kube: Kube;
  readonly kinds: KindDirectory;
  readonly live: LiveObjects;
  /** What earlier passes learned of what is declared. */
  readonly memory: ApplyMemory;
  /** Declarations of kinds that nobody watches, found as declared lately: looked at again when this forgets them. */
  readonly settled: Set<string>;
  readonly scope: 'own-namespace' | 'cluster';
  /**
   * Asked before anything is written: false when the branch has moved on. Putting drift right with an old declaration would undo
   * what a newer commit brought, be it by hand or by another process that acts at the same time.
   */
  readonly isCurrent: () => Promise<boolean>;
}

/** By refKey-like identity: what the API server made of a declaration that it does not store literally. */
export type ApplyMemory = Map<
  string,
  { readonly digest: string; readonly stored: string; readonly dropped: readonly string[] }
>;

export interface ApplyResult {
  readonly problems: readonly ManifestProblem[];
  readonly inventory: readonly InventoryEntry[];
  /** How many objects were written. */
  readonly applied: number;
  readonly pruned: number;
  /** Objects that could not be judged yet, or whose failure will pass: look again soon. */
  readonly again: boolean;
  /** Why prune holds something back. */
  readonly heldBack?: string;
}

/** Brings the cluster to a declaration, as the GitSource's account. A problem with one object stops only what depends on it. */
export async function applyDeclaration(
  tools: ApplyTools,
  source: GitSource,
  declaration: Declaration,
  rollouts: readonly KubeObject[],
): Promise<ApplyResult> {
  const ownNamespace = source.metadata.namespace ?? '';
  const account = accountOf(source);
  const resolved = await resolveKinds(tools.kinds, declaration.manifests, account);
  const placed = placeObjects(declaration.manifests, {
    ownNamespace,
    defaultNamespace: source.spec.targetNamespace ?? ownNamespace,
    scope: tools.scope,
    isNamespaced: (object) => resolved.get(kindKey(object))?.namespaced,
  });
  const steering = steeringOf([...rollouts, ...placed.manifests.map((manifest) => manifest.object)]);
  const declared = new Map(placed.manifests.map(({ object }) => [identityOf(object, ''), object]));
  const pass: Pass = { tools, source, declaration, declared, account, resolved, steering, failed: new Set() };

  const problems: ManifestProblem[] = [...declaration.problems, ...placed.problems];
  let applied = 0;
  let again = false;
  for (const manifest of orderForApply(placed.manifests)) {
    const outcome = await applyOne(pass, manifest);
    if (outcome.result === 'applied') applied += 1;
    if (outcome.again === true) again = true;
    if (outcome.problem !== undefined) {
      problems.push({ file: manifest.file, line: manifest.line, message: outcome.problem });
      if (outcome.result === 'failed') pass.failed.add(identityOf(manifest.object, ownNamespace));
    }
  }
  forgetOthers(tools.memory, declared);

  const entries = placed.manifests.map((manifest) => inventoryEntryOf(manifest.object, manifest.file));
  const plan = prunePlan({
    inventory: source.status?.inventory?.entries ?? [],
    declared: entries,
    prune: source.spec.prune === true,
    hasUnreadable: declaration.problems.length > 0 || placed.problems.length > 0,
  });
  const isCurrent = plan.delete.length === 0 || (await tools.isCurrent());
  const pruned = isCurrent ? await prune(pass, plan.delete) : { kept: plan.delete, problems: [] };
  return {
    problems: [...problems, ...pruned.problems],
    inventory: [...entries, ...plan.keep, ...pruned.kept],
    applied,
    pruned: plan.delete.length - pruned.kept.length,
    again: again || pruned.kept.length > 0,
    heldBack: plan.heldBack,
  };
}

/** Generated names are new with each commit, and would stay for as long as the GitSource does. */
function forgetOthers(memory: ApplyMemory, declared: ReadonlyMap<string, KubeObject>): void {
  for (const identity of memory.keys()) if (!declared.has(identity)) memory.delete(identity);
}

interface Pass {
  readonly tools: ApplyTools;
  readonly source: GitSource;
  readonly declaration: Declaration;
  /** In their namespaces, by identity. */
  readonly declared: ReadonlyMap<string, KubeObject>;
  readonly account: string;
  readonly resolved: ReadonlyMap<string, ResourceKind>;
  readonly steering: Steering;
  /** Identities that could not be applied in this pass. */
  readonly failed: Set<string>;
}

type Outcome =
  | { readonly result: 'unchanged' | 'applied'; readonly problem?: string; readonly again?: boolean }
  | { readonly result: 'failed' | 'waiting'; readonly problem?: string; readonly again?: boolean };

/** `system:serviceaccount:namespace:name` of the account whose rights count. */
export function accountOf(source: GitSource): string {
  return `system:serviceaccount:${source.metadata.namespace ?? ''}:${source.spec.serviceAccountName ?? 'default'}`;
}

async function resolveKinds(
  kinds: KindDirectory,
  manifests: readonly Manifest[],
  impersonate: string,
): Promise<ReadonlyMap<string, ResourceKind>> {
  const resolved = new Map<string, ResourceKind>();
  for (const { object } of manifests) {
    if (resolved.has(kindKey(object))) continue;
    const kind = await kinds.find(object.apiVersion, object.kind, { impersonate });
    if (kind !== undefined) resolved.set(kindKey(object), kind);
  }
  return resolved;
}

function kindKey(object: KubeObject): string {
  return `${object.apiVersion}/${object.kind}`;
}

async function applyOne(pass: Pass, manifest: Manifest): Promise<Outcome> {
  const { object } = manifest;
  const title = `${object.kind} ${object.metadata.name}`;
  // A kind that this same commit brings is known a moment after its CRD.
  const kind =
    pass.resolved.get(kindKey(object)) ??
    (await pass.tools.kinds.find(object.apiVersion, object.kind, { impersonate: pass.account }));
  if (kind === undefined)
    return {
      result: 'failed',
      problem: `the API server knows no ${object.kind} in ${object.apiVersion}: install its CRD or correct apiVersion and kind`,
      again: true,
    };
  const blocker = blockerOf(pass, manifest);
  if (blocker !== undefined)
    return { result: 'failed', problem: `${title} waits for ${blocker}, which could not be applied` };
  try {
    return await bring(pass, manifest, {
      kind,
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
    });
  } catch (error) {
    if (!isKubeError(error)) throw error;
    // Somebody wrote in between: the next pass starts from what is true then.
    if (error.reason === 'conflict') return { result: 'waiting', again: true };
    return {
      result: 'failed',
      problem: `applying ${title}: ${refusalText(object, error, pass.source.spec.serviceAccountName ?? 'default')}`,
      again: error.reason !== 'invalid',
    };
  }
}

/** A ConfigMap or Secret of the same commit that a workload names and that failed: its pods could not start. */
function blockerOf(pass: Pass, manifest: Manifest): string | undefined {
  if (pass.failed.size === 0) return undefined;
  const namespace = manifest.object.metadata.namespace ?? '';
  const references = templateReferences(templateOf(manifest.object));
  const found = references.find((reference) => pass.failed.has(`/${reference.kind} ${namespace}/${reference.name}`));
  return found === undefined ? undefined : `${found.kind} ${found.name}`;
}

async function bring(pass: Pass, manifest: Manifest, ref: ObjectRef): Promise<Outcome> {
  const { tools, source, declaration, account } = pass;
  const digest = digestOf(withParts(manifest.object, pass.declared));
  const identity = identityOf(manifest.object, '');
  const seen = `${identity} ${digest}`;
  const unchanged = (): Outcome => ({
    result: 'unchanged',
    ...unknownFields(manifest, tools.memory.get(identity)?.dropped ?? []),
  });
  if (tools.settled.has(seen)) return unchanged();
  const sourceKey = `${source.metadata.namespace}/${source.metadata.name}`;
  const live = await tools.live.read(ref, account);
  if (live === 'stale') return { result: 'waiting', again: true };
  const owner = otherOwnerOf(live, sourceKey);
  if (owner !== undefined)
    return {
      result: 'failed',
      problem: `${manifest.object.kind} ${ref.name} is managed by ${owner} already: take it out of one of the two`,
    };

  const stamped = stampOrigin(manifest.object, live, {
    source: sourceKey,
    commit: declaration.commit,
    file: manifest.file,
    digest,
  });
  const wanted = carryOver(stamped, live, pass.steering);
  if (live !== undefined && isAsDeclared({ memory: tools.memory, identity, digest, wanted, live })) {
    if (!tools.live.isWatched(ref)) tools.settled.add(seen);
    return unchanged();
  }
  if (!(await tools.isCurrent())) return { result: 'waiting', again: true };
  const answer = await tools.kube.writer.write(
    { verb: 'apply', ref, object: wanted, force: true },
    { fieldManager: FIELD_MANAGER, impersonate: account },
  );
  const dropped = answer === undefined ? [] : droppedFields(withoutVersion(wanted), answer);
  if (answer !== undefined)
    tools.memory.set(identity, { digest, stored: JSON.stringify(project(withoutVersion(wanted), answer)), dropped });
  return { result: 'applied', ...unknownFields(manifest, dropped) };
}

function unknownFields(manifest: Manifest, dropped: readonly string[]): { readonly problem?: string } {
  if (dropped.length === 0) return {};
  return {
    problem: `${manifest.object.kind} ${manifest.object.metadata.name}: the API server knows no field ${dropped.join(', ')} and left it out: correct the name`,
  };
}

interface Comparison {
  readonly memory: ApplyMemory;
  readonly identity: string;
  readonly digest: string;
  readonly wanted: KubeObject;
  readonly live: KubeObject;
}

/** The live object came from this very declaration, and shows it; literally, or in the form that the API server gave it after the last apply. */
function isAsDeclared({ memory, identity, digest, wanted, live }: Comparison): boolean {
  if (live.metadata.annotations?.[GIT_ANNOTATIONS.digest] !== digest || live.metadata.deletionTimestamp !== undefined)
    return false;
  const literal = withoutVersion(wanted);
  if (differs(literal, live) === undefined) return true;
  const known = memory.get(identity);
  return known?.digest === digest && known.stored === JSON.stringify(project(literal, live));
}

function withoutVersion(object: KubeObject): KubeObject {
  const { resourceVersion: _version, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/**
 * A commit that changes what a version of a Rollout is made of changes the Rollout: the template of the workload that it refers
 * to, and ConfigMaps that belong to its versions. Not so Secrets: a digest is seen by people who may not read them.
 */
function withParts(object: KubeObject, declared: ReadonlyMap<string, KubeObject>): KubeObject {
  if (object.kind !== 'Rollout') return object;
  const parts = versionParts(object, object.metadata.namespace ?? '', (identity) => declared.get(identity));
  const configMaps = parts.content.filter((identity) => identity.startsWith('/ConfigMap '));
  return {
    ...object,
    ...(parts.workload === undefined ? {} : { template: parts.template }),
    ...(configMaps.length === 0 ? {} : { content: configMaps.flatMap((identity) => declared.get(identity) ?? []) }),
  };
}

/** Of the declaration alone, with keys in order: independent of how the file is written. */
function digestOf(object: KubeObject): string {
  return createHash('sha256').update(sortedJson(object)).digest('hex').slice(0, 16);
}

/** Deletes what left the repository, if it is still ours and nobody asked to keep it. */
async function prune(
  pass: Pass,
  entries: readonly InventoryEntry[],
): Promise<{ readonly kept: readonly InventoryEntry[]; readonly problems: readonly ManifestProblem[] }> {
  const kept: InventoryEntry[] = [];
  const problems: ManifestProblem[] = [];
  for (const entry of entries) {
    try {
      await pruneOne(pass, entry);
    } catch (error) {
      if (!isKubeError(error)) throw error;
      kept.push(entry);
      problems.push({ file: entry.file ?? '', message: `deleting ${entry.kind} ${entry.name}: ${causeOf(error)}` });
    }
  }
  return { kept, problems };
}

async function pruneOne(pass: Pass, entry: InventoryEntry): Promise<void> {
  const { tools, source, account } = pass;
  const apiVersion =
    entry.group === undefined || entry.group === '' ? entry.version : `${entry.group}/${entry.version}`;
  const kind = await tools.kinds.find(apiVersion, entry.kind, { impersonate: account });
  if (kind === undefined) return;
  const ref: ObjectRef = { kind, namespace: entry.namespace ?? '', name: entry.name };
  const live = await tools.kube.reader.get(ref, { impersonate: account });
  const annotations = live?.metadata.annotations ?? {};
  if (
    live === undefined ||
    annotations[GIT_ANNOTATIONS.source] !== `${source.metadata.namespace}/${source.metadata.name}`
  )
    return;
  if (annotations[GIT_ANNOTATIONS.prune] === 'disabled') return;
  await tools.kube.writer.write(
    { verb: 'delete', ref, uid: live.metadata.uid, propagationPolicy: 'Background' },
    { impersonate: account },
  );
}
