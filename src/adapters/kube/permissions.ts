import { KINDS } from '../../api/kinds.ts';
import type { ResourceKind } from '../../api/kube-object.ts';
import { assert } from '../../lib/assert.ts';
import type { CallGuard } from './client.ts';

export type PermissionVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'impersonate';

/** What needs rights that not everybody wants to grant. */
export type Feature = 'versionedConfig';

/** One line of what Headgate may do, and why. The chart's roles are made of these lines, and tests prove that each is needed. */
export interface Permission {
  readonly kind: ResourceKind;
  readonly subresource?: string;
  readonly verbs: readonly PermissionVerb[];
  /**
   * `watched`: where Rollouts are looked after (the cluster, or one namespace). `own`: only the controller's namespace.
   * `lease`: where the Lease lies, which is the own namespace unless another one is named.
   */
  readonly scope: 'watched' | 'own' | 'lease';
  readonly why: string;
  /** Granted only where this is wanted, by a value of the chart. */
  readonly feature?: Feature;
  /** True for rights that the API server checks although no call names them (owner references, create by apply). */
  readonly indirect?: boolean;
}

const SERVICE_ACCOUNT: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};

const VERSIONED_VERBS: readonly PermissionVerb[] = ['list', 'watch', 'create', 'delete'];

/** Every call that this layer may make for the controllers. No wildcards; Secrets are read one by one, and listed only where their versions are kept. */
export const PERMISSIONS: readonly Permission[] = [
  watched(KINDS.rollout, ['list', 'watch', 'patch'], 'what is asked for; spec leaves that are commands are cleared'),
  watched(KINDS.rollout, ['patch'], 'the status is recorded', 'status'),
  indirect(
    KINDS.rollout,
    ['update'],
    'owner references that block deletion, on clusters that check them',
    'finalizers',
  ),
  watched(KINDS.analysisTemplate, ['list', 'watch'], 'what a step measures'),
  watched(KINDS.clusterAnalysisTemplate, ['list', 'watch'], 'what a step measures, for all namespaces'),
  watched(
    KINDS.analysisRun,
    ['list', 'watch', 'create', 'patch', 'delete'],
    'measurements: started, recorded, terminated, trimmed',
  ),
  indirect(KINDS.analysisRun, ['update'], 'owner references of Jobs that a metric runs', 'finalizers'),
  watched(
    KINDS.experiment,
    ['list', 'watch', 'create', 'patch', 'delete'],
    'versions side by side: started by a step, recorded, terminated, trimmed',
  ),
  indirect(
    KINDS.experiment,
    ['update'],
    'owner references of the pods, Services and runs of an Experiment',
    'finalizers',
  ),
  watched(
    KINDS.replicaSet,
    ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    'one per revision: created, scaled, trimmed',
  ),
  watched(
    KINDS.pod,
    ['list', 'patch'],
    'pods that are older than a restart that was asked for, or get the metadata of another role',
  ),
  watched(KINDS.pod, ['create'], 'a restart evicts them, as far as disruption budgets allow', 'eviction'),
  watched(
    KINDS.service,
    ['list', 'watch', 'create', 'patch', 'delete'],
    'the selector leaf that tells stable from canary; whole ones only for Experiments',
  ),
  watched(KINDS.endpointSlice, ['list', 'watch'], 'whether a Service reaches pods before traffic is sent there'),
  watched(KINDS.ingress, ['list', 'watch', 'create', 'patch', 'delete'], 'the canary Ingress'),
  watched(KINDS.httpRoute, ['list', 'watch', 'patch'], 'weights of the two backends, and rules of steps'),
  watched(KINDS.grpcRoute, ['list', 'watch', 'patch'], 'weights of the two backends, and rules of steps'),
  watched(KINDS.job, ['get', 'create', 'patch', 'delete'], 'Jobs that a metric runs'),
  watched(KINDS.secret, ['get'], 'credentials that a metric, a GitSource or a notification names'),
  watched(KINDS.deployment, ['list', 'watch', 'patch'], 'templates that Rollouts refer to; their size goes down'),
  watched(KINDS.podTemplate, ['list', 'watch'], 'templates that Rollouts refer to'),
  watched(KINDS.event, ['create', 'patch'], 'what happened, for people'),
  watched(KINDS.gitSource, ['list', 'watch'], 'where Rollouts come from'),
  watched(KINDS.gitSource, ['patch'], 'the journal of applies and reverts', 'status'),
  watched(SERVICE_ACCOUNT, ['impersonate'], 'every apply of a GitSource acts as the account that it names'),
  versioned(KINDS.configMap, ['get', ...VERSIONED_VERBS], 'what versions are made with, and its copies'),
  versioned(KINDS.secret, VERSIONED_VERBS, 'what versions are made with, and its copies; one is read above'),
  {
    kind: KINDS.lease,
    verbs: ['get', 'create', 'patch'],
    scope: 'lease',
    why: 'one controller acts at a time, or one group of replicas',
  },
  {
    kind: KINDS.lease,
    verbs: ['list', 'delete'],
    scope: 'own',
    why: 'replicas that share know of each other; Leases of those that are gone are cleared away',
  },
];

function versioned(kind: ResourceKind, verbs: readonly PermissionVerb[], why: string): Permission {
  return { ...watched(kind, verbs, why), feature: 'versionedConfig' };
}

function watched(kind: ResourceKind, verbs: readonly PermissionVerb[], why: string, subresource?: string): Permission {
  return { kind, subresource, verbs, scope: 'watched', why };
}

function indirect(kind: ResourceKind, verbs: readonly PermissionVerb[], why: string, subresource: string): Permission {
  return { kind, subresource, verbs, scope: 'watched', why, indirect: true };
}

/** A rule of an RBAC role. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** The rules of the role for one scope, without what only a feature needs, or of that feature; in the table's order. */
export function policyRules(
  scope: Permission['scope'],
  options: { readonly namespacedOnly?: boolean; readonly feature?: Feature } = {},
): readonly PolicyRule[] {
  return PERMISSIONS.filter((permission) => permission.scope === scope && permission.feature === options.feature)
    .filter((permission) => options.namespacedOnly !== true || permission.kind.namespaced)
    .map(({ kind, subresource, verbs }) => ({
      apiGroups: [kind.group],
      resources: [subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`],
      verbs,
    }));
}

/** The ClusterRole of the chart (or, for the namespaced variant, its Role): what may be done where Rollouts are looked after. */
export function generateClusterRole(name = 'headgate'): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules: policyRules('watched'),
  };
}

/** The Role in a watched namespace, for a controller that looks after that namespace only. */
export function generateNamespacedRole(options: { readonly name: string; readonly namespace: string }): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: options,
    rules: policyRules('watched', { namespacedOnly: true }),
  };
}

/** The Role in the controller's own namespace. */
export function generateOwnRole(options: { readonly name: string; readonly namespace: string }): object {
  const rules = [...policyRules('lease'), ...policyRules('own')];
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: options, rules };
}

/** For tests: with it, a client proves that the table is complete; its record shows that nothing in the table is idle. */
export function createCallGuard(): CallGuard {
  const allowed = new Set(PERMISSIONS.flatMap(rightsOf));
  const used = new Set<string>();

  function need(right: string): void {
    assert(allowed.has(right), `the table of permissions allows: ${right}`);
    used.add(right);
  }

  return {
    check(call) {
      if (call.impersonate !== undefined) {
        need(rightName('impersonate', SERVICE_ACCOUNT));
        return;
      }
      need(rightName(call.verb, call.kind, call.subresource));
      // The API server asks for `create` too when an apply may create the object; whether it will is not known here.
      if (call.contentType?.includes('apply-patch') === true && call.subresource === undefined)
        need(rightName('create', call.kind));
    },
    used: () => used,
  };
}

/** Rights of the table that a run has not used: none may be left after all scenarios together. */
export function unusedRights(used: ReadonlySet<string>): readonly string[] {
  return PERMISSIONS.filter((permission) => permission.indirect !== true)
    .flatMap(rightsOf)
    .filter((right) => !used.has(right));
}

function rightsOf(permission: Permission): readonly string[] {
  return permission.verbs.map((verb) => rightName(verb, permission.kind, permission.subresource));
}

function rightName(verb: string, kind: ResourceKind, subresource?: string): string {
  return `${verb} ${kind.group}/${kind.plural}${subresource === undefined ? '' : `/${subresource}`}`;
}
