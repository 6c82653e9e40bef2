import type { Manifest } from './api-client.ts';
import type { Scene } from './world.ts';

/** What is the same after a story however often the controller was killed: everything but times and identities. */
export async function endStateOf(scene: Scene): Promise<object> {
  const rollouts = await scene.list('rollouts.argoproj.io');
  const replicaSets = await scene.list('replicasets.apps');
  const runs = await scene.list('analysisruns.argoproj.io');
  const services = await scene.list('services');
  const routes = await scene.list('httproutes.gateway.networking.k8s.io');
  return {
    rollouts: byName(rollouts, ({ status }) => settled(status as Readonly<Record<string, unknown>>)),
    replicaSets: byName(replicaSets, ({ metadata, spec, status }) => ({
      replicas: spec.replicas,
      available: status.availableReplicas ?? 0,
      image: spec.template.spec.containers[0].image,
      annotations: metadata.annotations,
    })),
    runs: byName(runs, ({ spec, status }) => ({
      terminate: spec.terminate,
      phase: status.phase,
      values: status.metricResults.map((result: { measurements: readonly { value: string }[] }) =>
        result.measurements.map(({ value }) => value),
      ),
    })),
    services: byName(services, ({ spec }) => spec.selector),
    routes: byName(routes, ({ metadata, spec }) => ({
      inProgress: metadata.labels?.['rollouts.argoproj.io/gatewayapi-canary'],
      rules: spec.rules,
    })),
  };
}

function byName(objects: readonly Manifest[], look: (object: Manifest) => unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(objects.map((object) => [object.metadata.name, look(object)]));
}

const TIMES = new Set(['lastTransitionTime', 'lastUpdateTime', 'startTime', 'startedAt', 'finishedAt', 'abortedAt']);

/** Without times; conditions by type. */
function settled(status: Readonly<Record<string, unknown>>): unknown {
  const { conditions, duration: _duration, ...others } = status;
  const listed = (conditions ?? []) as readonly { readonly type: string }[];
  return {
    ...withoutTimes(others),
    conditions: Object.fromEntries(listed.map((one) => [one.type, withoutTimes(one)])),
  };
}

function withoutTimes(object: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([key]) => !TIMES.has(key))
      .map(([key, value]) => [key, isRecord(value) ? withoutTimes(value) : value]),
  );
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
