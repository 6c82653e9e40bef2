import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { accountKubeconfig } from '../support/account-kubeconfig.ts';
import { openApiClient, type ApiClient } from '../support/api-client.ts';
import { startControllerProcess, type ControllerProcess } from '../support/controller-process.ts';
import { canaryRollout } from '../support/manifests.ts';
import { startPlane, type Plane } from '../support/plane.ts';
import { clusterSkipReason, installKinds, Scene, until } from '../support/world.ts';

/** Long enough for a machine that is busy with other tests. */
const LEASE_MS = 9_000;
const ARGS = [
  '--sharding',
  '--leader-election-lease-duration=9s',
  '--leader-election-renew-deadline=7s',
  '--leader-election-retry-period=400ms',
  '--weight-verification-min-delay=100ms',
];
const NAMES = Array.from({ length: 24 }, (_, index) => `shop-${index}`);
const STEPS = [{ setWeight: 50 }, { pause: { duration: 1 } }, { setWeight: 75 }, { pause: { duration: 1 } }];
const PATIENCE = { waitMsMax: 90_000, pollMs: 250 };

/** A write that the API server has noted. */
interface Deed {
  readonly user: string;
  readonly object: string;
  readonly atMs: number;
}

const noAudit = process.env['HEADGATE_TEST_KUBECONFIG'] === undefined ? undefined : 'needs an audit log of its own';

describe(
  'processes that share the Rollouts, of which one is killed and one stands still',
  { skip: clusterSkipReason() ?? noAudit },
  () => {
    let directory: string;
    let plane: Plane;
    let api: ApiClient;
    const processes: ControllerProcess[] = [];

    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'headgate-sharding-'));
      plane = await startPlane({ auditLog: join(directory, 'audit.log') });
      api = openApiClient(plane.kubeconfig);
      await installKinds(api);
    });
    after(async () => {
      await Promise.all(processes.map((one) => one.kill()));
      await api.close();
      await plane.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    /** Each process has a name of its own, by which the audit log tells them apart. */
    async function start(name: string): Promise<ControllerProcess> {
      const one = startControllerProcess({ kubeconfig: await kubeconfigOf(name), args: ARGS });
      processes.push(one);
      await one.acting;
      return one;
    }

    async function kubeconfigOf(name: string): Promise<string> {
      const accounts = '/api/v1/namespaces/default/serviceaccounts';
      await api.create(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
      await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'ServiceAccount', namespace: 'default', name }],
      });
      return accountKubeconfig({ namespace: 'default', name }, { api, kubeconfig: plane.kubeconfig, directory });
    }

    function deeds(): readonly Deed[] {
      const lines = readFileSync(join(directory, 'audit.log'), 'utf8').split('\n');
      return lines.flatMap((line) => {
        const deed = line === '' ? undefined : deedIn(line);
        return deed === undefined ? [] : [deed];
      });
    }

    async function untilMembers(count: number): Promise<void> {
      await until(`${count} members that agree`, async () => {
        const leases = await api.list('/apis/coordination.k8s.io/v1/namespaces/default/leases');
        const views = leases.flatMap(({ metadata }) => metadata.annotations?.['headgate.dev/members'] ?? []);
        return views.length === count && new Set(views).size === 1 && views[0]?.split(',').length === count;
      });
    }

    it('is worked on by one process at a time, and all updates end', async () => {
      const scene = await Scene.open(api, 'shared', PATIENCE);
      const update = async (image: string): Promise<void> => {
        await Promise.all(NAMES.map((name) => scene.setImage(name, image)));
      };
      const healthy = (): Promise<unknown> => Promise.all(NAMES.map((name) => scene.untilPhase(name, 'Healthy')));
      const [killed, still] = [await start('killed'), await start('still'), await start('staying')] as const;
      await untilMembers(3);
      await scene.apply(...NAMES.map((name) => canaryRollout({ name, replicas: 2, steps: STEPS })));
      await healthy();

      await update('shop:2');
      await delay(1_500);
      await killed.kill();
      await untilMembers(2);
      await healthy();

      await update('shop:3');
      await delay(1_500);
      process.kill(still.pid, 'SIGSTOP');
      const stoodStillMs = Date.now();
      await untilMembers(1);
      await healthy();
      process.kill(still.pid, 'SIGCONT');
      await still.ended;

      await start('late');
      await untilMembers(2);
      await update('shop:4');
      await healthy();

      const all = deeds();
      assert.deepEqual([...new Set(all.map(({ user }) => user))].sort(), ['killed', 'late', 'staying', 'still']);
      assert.deepEqual(
        all.filter(({ user, atMs }) => user === 'still' && atMs > stoodStillMs + LEASE_MS),
        [],
        'who stood still writes nothing when it goes on',
      );
      for (const [object, users] of turnsOf(all)) {
        assert.equal(new Set(users).size, users.length, `${object} never goes back: ${users.join(', ')}`);
      }
    });
  },
);

/** Who wrote each object, one after the other. */
function turnsOf(all: readonly Deed[]): ReadonlyMap<string, readonly string[]> {
  const turns = new Map<string, string[]>();
  for (const { user, object } of [...all].sort((left, right) => left.atMs - right.atMs)) {
    const users = turns.get(object) ?? [];
    turns.set(object, users);
    if (users.at(-1) !== user) users.push(user);
  }
  return turns;
}

const WRITES = ['create', 'update', 'patch', 'delete'];
const PREFIX = 'system:serviceaccount:default:';

/** Writes to Rollouts and their ReplicaSets, each counted for its Rollout, that the API server took. */
function deedIn(line: string): Deed | undefined {
  const event = JSON.parse(line) as {
    readonly verb: string;
    readonly user: { readonly username: string };
    readonly objectRef?: { readonly resource: string; readonly name?: string };
    readonly responseStatus?: { readonly code: number };
    readonly requestReceivedTimestamp: string;
  };
  const { verb, user, objectRef, responseStatus } = event;
  if (!user.username.startsWith(PREFIX) || !WRITES.includes(verb) || (responseStatus?.code ?? 500) >= 300)
    return undefined;
  const rollout = /^shop-\d+/.exec(objectRef?.name ?? '')?.[0];
  if (rollout === undefined || !['rollouts', 'replicasets'].includes(objectRef?.resource ?? '')) return undefined;
  return {
    user: user.username.slice(PREFIX.length),
    object: rollout,
    atMs: Date.parse(event.requestReceivedTimestamp),
  };
}
