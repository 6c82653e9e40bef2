import type { KubeObject, ResourceKind } from '../../src/api/kube-object.ts';
import { KINDS } from '../../src/api/kinds.ts';
import { GATEWAY_API_PLUGIN } from '../../src/api/validation/supported.ts';
import { analysisTemplate, canaryRollout, httpRoute, ingress, service } from '../support/manifests.ts';

/** How the Rollouts of a benchmark steer traffic, or what else they do. */
export const VARIANTS = ['basic', 'nginx', 'httproute', 'analysis'] as const;
export type Variant = (typeof VARIANTS)[number];

export const PAUSE_MS = 1_000;
const PAUSE = { pause: { duration: `${PAUSE_MS / 1_000}s` } };
const TEMPLATE = 'success-rate';

export interface FleetObject {
  readonly kind: ResourceKind;
  readonly object: KubeObject;
}

/** What all Rollouts of a variant share. */
export function sharedObjects(
  variant: Variant,
  { namespace, prometheus }: { namespace: string; prometheus: string },
): readonly FleetObject[] {
  if (variant !== 'analysis') return [];
  const template = analysisTemplate({
    name: TEMPLATE,
    address: prometheus,
    metric: { successCondition: 'result[0] >= 0.95' },
  });
  return [{ kind: KINDS.analysisTemplate, object: within(namespace, template) }];
}

/** One replica; 20 %, 50 % and 80 %, each with a second's pause. What the Rollout refers to comes first. */
export function rolloutObjects(variant: Variant, name: string, namespace: string): readonly FleetObject[] {
  const services = { stable: `${name}-stable`, canary: `${name}-canary` };
  const routed = variant === 'nginx' || variant === 'httproute';
  const canary = {
    ...(routed ? { stableService: services.stable, canaryService: services.canary } : {}),
    ...routingOf(variant, name),
  };
  const measured = variant === 'analysis' ? [{ analysis: { templates: [{ templateName: TEMPLATE }] } }] : [];
  const steps = [{ setWeight: 20 }, ...measured, PAUSE, { setWeight: 50 }, PAUSE, { setWeight: 80 }, PAUSE];
  const objects: { readonly kind: ResourceKind; readonly object: unknown }[] = [];
  if (routed) {
    for (const one of Object.values(services)) objects.push({ kind: KINDS.service, object: service(one, name) });
  }
  if (variant === 'nginx') objects.push({ kind: KINDS.ingress, object: ingress(name, services.stable) });
  if (variant === 'httproute') objects.push({ kind: KINDS.httpRoute, object: httpRoute(name, services) });
  objects.push({ kind: KINDS.rollout, object: canaryRollout({ name, image: imageOf(1), steps, canary }) });
  return objects.map(({ kind, object }) => ({ kind, object: within(namespace, object) }));
}

/** A Rollout with nothing to do. It has no pods: the controller keeps none in memory, and the test plane need not either. */
export function idleRollout(name: string, namespace: string): FleetObject {
  const steps = [{ setWeight: 20 }, PAUSE, { setWeight: 50 }, PAUSE, { setWeight: 80 }, PAUSE];
  return {
    kind: KINDS.rollout,
    object: within(namespace, canaryRollout({ name, image: imageOf(1), replicas: 0, steps })),
  };
}

export function imageOf(version: number): string {
  return `example.test/shop:${version}`;
}

function routingOf(variant: Variant, name: string): Readonly<Record<string, unknown>> {
  switch (variant) {
    case 'basic':
    case 'analysis':
      return {};
    case 'nginx':
      return { trafficRouting: { nginx: { stableIngress: name } } };
    case 'httproute':
      return { trafficRouting: { plugins: { [GATEWAY_API_PLUGIN]: { httpRoute: name } } } };
  }
}

function within(namespace: string, object: unknown): KubeObject {
  const { metadata, ...rest } = object as KubeObject;
  return { ...rest, metadata: { ...metadata, namespace } };
}
