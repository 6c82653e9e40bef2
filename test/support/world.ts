import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { customResourceDefinitions } from '../../src/api/crd/definitions.ts';
import { gatewayApiCrds } from '../../src/kube-memory/builtin/gateway-api.ts';
import { startControllers } from '../../src/kube-memory/controllers/start.ts';
import { startKubeMemory } from '../../src/kube-memory/server.ts';
import { openApiClient, type ApiClient, type Manifest } from './api-client.ts';
import { planeIsBuilt, startPlane } from './plane.ts';

/** A cluster that scenario tests run on: the embedded API, or a real control plane. */
export interface Cluster {
  readonly name: 'embedded' | 'cluster';
  readonly kubeconfig: string;
  readonly api: ApiClient;
  stop(): Promise<void>;
}

/** Why the real control plane is left out of this run, or undefined when it is used. */
export function clusterSkipReason(): string | undefined {
  if (process.env['HEADGATE_TEST_KUBECONFIG'] !== undefined) return undefined;
  if (process.env['HEADGATE_CLUSTER'] === 'required') return undefined;
  if (process.env['HEADGATE_CLUSTER'] === 'auto' && planeIsBuilt()) return undefined;
  return 'set HEADGATE_CLUSTER=required (after npm run cluster -- build) or HEADGATE_TEST_KUBECONFIG to run on a real control plane';
}

export async function openCluster(name: Cluster['name']): Promise<Cluster> {
  const cluster = name === 'embedded' ? await openEmbedded() : await openReal();
  await installKinds(cluster.api);
  return cluster;
}

async function openEmbedded(): Promise<Cluster> {
  const clock = createSystemClock();
  const server = await startKubeMemory({ clock });
  const controllers = startControllers(server.store, clock, { startMs: 50 });
  const directory = mkdtempSync(join(tmpdir(), 'headgate-test-'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, server.kubeconfig());
  const api = openApiClient(kubeconfig);
  return {
    name: 'embedded',
    kubeconfig,
    api,
    stop: async () => {
      await api.close();
      controllers.stop();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function openReal(): Promise<Cluster> {
  const given = process.env['HEADGATE_TEST_KUBECONFIG'];
  if (given !== undefined) {
    const api = openApiClient(given);
    return { name: 'cluster', kubeconfig: given, api, stop: () => api.close() };
  }
  const plane = await startPlane();
  const api = openApiClient(plane.kubeconfig);
  return {
    name: 'cluster',
    kubeconfig: plane.kubeconfig,
    api,
    stop: async () => {
      await api.close();
      await plane.stop();
    },
  };
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Installs our CRDs and those of the Gateway API, and waits until they are served. */
export async function installKinds(api: ApiClient): Promise<void> {
  const crds = [...customResourceDefinitions(), ...gatewayApiCrds] as unknown as readonly Manifest[];
  for (const crd of crds) await api.apply(`${CRDS}/${crd.metadata.name}`, crd);
  for (const crd of crds) {
    await until(`CRD ${crd.metadata.name} to be established`, async () => {
      const found = await api.get(`${CRDS}/${crd.metadata.name}`);
      return found?.['status']?.conditions?.some(
        (condition: { type: string; status: string }) =>
          condition.type === 'Established' && condition.status === 'True',
      );
    });
  }
}

/** How long something is waited for, and how often it is looked at. */
export interface Patience {
  readonly waitMsMax: number;
  readonly pollMs: number;
}

const PATIENCE: Patience = { waitMsMax: 60_000, pollMs: 40 };

/** Polls until `look` answers something; fails with `what` and the last thing seen. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  describe?: () => Promise<unknown>,
  { waitMsMax, pollMs }: Patience = PATIENCE,
): Promise<T> {
  const endMs = Date.now() + waitMsMax;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > endMs) {
      const seen = describe === undefined ? '' : `; last seen: ${JSON.stringify(await describe(), undefined, 1)}`;
      throw new Error(`waited ${waitMsMax / 1_000} s for ${what}${seen}`);
    }
    await delay(pollMs);
  }
}

let namespaces = 0;

/** A namespace of its own for one story, with the words that stories are told in. */
export class Scene {
  readonly api: ApiClient;
  readonly namespace: string;
  readonly patience: Patience;

  private constructor(api: ApiClient, namespace: string, patience: Patience) {
    this.api = api;
    this.namespace = namespace;
    this.patience = patience;
  }

  static async open(api: ApiClient, title: string, patience = PATIENCE): Promise<Scene> {
    namespaces += 1;
    const namespace = `${title}-${process.pid}-${namespaces}`;
    await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    return new Scene(api, namespace, patience);
  }

  path(resource: string, name = ''): string {
    const [plural = '', group = ''] = resource.split(/\.(.*)/s);
    const version = group === 'argoproj.io' || group === 'headgate.dev' ? 'v1alpha1' : 'v1';
    const root = group === '' ? '/api/v1' : `/apis/${group}/${version}`;
    return `${root}/namespaces/${this.namespace}/${plural}${name === '' ? '' : `/${name}`}`;
  }

  async apply(...objects: readonly unknown[]): Promise<void> {
    for (const object of objects as readonly Manifest[]) {
      await this.api.apply(this.path(resourceOf(object), object.metadata.name), object);
    }
  }

  rollout(name: string): Promise<Manifest> {
    return this.#present('rollouts.argoproj.io', name);
  }

  get(resource: string, name: string): Promise<Manifest | undefined> {
    return this.api.get(this.path(resource, name));
  }

  list(resource: string): Promise<readonly Manifest[]> {
    return this.api.list(this.path(resource));
  }

  async setImage(name: string, image: string): Promise<void> {
    await this.api.jsonPatch(this.path('rollouts.argoproj.io', name), [
      { op: 'replace', path: '/spec/template/spec/containers/0/image', value: image },
    ]);
  }

  patchSpec(name: string, spec: unknown): Promise<Manifest> {
    return this.api.patch(this.path('rollouts.argoproj.io', name), { spec });
  }

  patchStatus(name: string, status: unknown): Promise<Manifest> {
    return this.api.patch(`${this.path('rollouts.argoproj.io', name)}/status`, { status });
  }

  /** Waits for a Rollout that looks as asked. */
  untilRollout(name: string, what: string, looks: (rollout: Manifest) => boolean): Promise<Manifest> {
    return until(
      `Rollout ${this.namespace}/${name} to be ${what}`,
      async () => {
        const rollout = await this.rollout(name);
        return looks(rollout) ? rollout : undefined;
      },
      async () => ({ status: (await this.rollout(name))['status'], events: await this.eventLines(name) }),
      this.patience,
    );
  }

  /** Waits for an AnalysisRun that looks as asked. */
  untilRun(name: string, what: string, looks: (run: Manifest) => boolean): Promise<Manifest> {
    const resource = 'analysisruns.argoproj.io';
    return until(
      `AnalysisRun ${this.namespace}/${name} to be ${what}`,
      async () => {
        const run = await this.get(resource, name);
        return run !== undefined && looks(run) ? run : undefined;
      },
      () => this.get(resource, name),
      this.patience,
    );
  }

  untilPhase(name: string, phase: string): Promise<Manifest> {
    return this.untilRollout(name, phase, (rollout) => {
      const { status } = rollout;
      return status?.phase === phase && status.observedGeneration === String(rollout.metadata.generation);
    });
  }

  async replicaSets(): Promise<readonly Manifest[]> {
    const found = await this.list('replicasets.apps');
    return [...found].sort((left, right) => revisionOf(left) - revisionOf(right));
  }

  /** How many pods each version is to have, the oldest first. */
  async sizes(): Promise<readonly number[]> {
    return (await this.replicaSets()).map((replicaSet) => replicaSet['spec'].replicas as number);
  }

  async eventLines(name: string): Promise<readonly string[]> {
    const events = await this.list('events');
    return events
      .filter((event) => event['involvedObject'].name === name)
      .map((event) => `${event['type']} ${event['reason']}: ${event['message']}`);
  }

  async close(): Promise<void> {
    for (const rollout of await this.list('rollouts.argoproj.io')) {
      await this.api.delete(this.path('rollouts.argoproj.io', rollout.metadata.name));
    }
    for (const experiment of await this.list('experiments.argoproj.io')) {
      await this.api.delete(this.path('experiments.argoproj.io', experiment.metadata.name));
    }
    await this.api.delete(`/api/v1/namespaces/${this.namespace}`);
  }

  async #present(resource: string, name: string): Promise<Manifest> {
    const found = await this.get(resource, name);
    if (found === undefined) throw new Error(`${resource} ${this.namespace}/${name} does not exist`);
    return found;
  }
}

export function revisionOf(object: Manifest): number {
  return Number(object.metadata.annotations?.['rollout.argoproj.io/revision'] ?? 0);
}

export function conditionOf(
  object: Manifest,
  type: string,
): { readonly status: string; readonly reason: string; readonly message: string } | undefined {
  return object['status']?.conditions?.find((condition: { type: string }) => condition.type === type);
}

const PLURALS: Readonly<Record<string, string>> = {
  Rollout: 'rollouts.argoproj.io',
  AnalysisTemplate: 'analysistemplates.argoproj.io',
  AnalysisRun: 'analysisruns.argoproj.io',
  Experiment: 'experiments.argoproj.io',
  GitSource: 'gitsources.headgate.dev',
  ReplicaSet: 'replicasets.apps',
  Deployment: 'deployments.apps',
  PodDisruptionBudget: 'poddisruptionbudgets.policy',
  PodTemplate: 'podtemplates',
  Service: 'services',
  ServiceAccount: 'serviceaccounts',
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  Role: 'roles.rbac.authorization.k8s.io',
  RoleBinding: 'rolebindings.rbac.authorization.k8s.io',
  HTTPRoute: 'httproutes.gateway.networking.k8s.io',
  GRPCRoute: 'grpcroutes.gateway.networking.k8s.io',
  Ingress: 'ingresses.networking.k8s.io',
};

function resourceOf(object: Manifest): string {
  const plural = PLURALS[object.kind ?? ''];
  if (plural === undefined) throw new Error(`add ${object.kind ?? 'the kind'} to PLURALS in test/support/world.ts`);
  return plural;
}
