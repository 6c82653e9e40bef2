import type { Experiment } from '../../api/experiment.ts';
import type { Service } from '../../api/workloads.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { AdditionalDestination } from '../traffic.ts';
import type { Position } from './position.ts';
import { serviceNamed } from './service-aim.ts';
import { runningExperiment } from './step-experiment.ts';
import { currentStep } from './steps.ts';
import type { World } from './world.ts';

/** The parts that the versions of the step's Experiment get while it runs, as far as the canary leaves something. */
export function planAdditional(
  world: World,
  position: Position,
  canaryWeight: number,
): readonly AdditionalDestination[] {
  const step = currentStep(world, position)?.experiment;
  const experiment = runningExperiment(world, position);
  if (step === undefined || experiment === undefined) return [];
  let left = world.settings.weightTotal - canaryWeight;
  const additional: AdditionalDestination[] = [];
  for (const { name, serviceName = '' } of experiment.status?.templateStatuses ?? []) {
    const asked = step.templates.find((template) => template.name === name)?.weight ?? 0;
    const weight = Math.min(asked, left);
    if (weight <= 0 || serviceName === '') continue;
    left -= weight;
    additional.push({ service: serviceName, weight, ports: portsFor(world, experiment, name) });
  }
  return additional;
}

/** All routers that can give others a part give it to exactly these. */
export function showsAdditional(world: World, wanted: readonly AdditionalDestination[]): boolean {
  const parts = (list: readonly AdditionalDestination[]): unknown =>
    Object.fromEntries(list.map(({ service, weight }) => [service, weight]));
  return world.traffic.additional.every((shown) => deepEqual(parts(shown), parts(wanted)));
}

/** The Service of a version has the ports of its containers; that of the canary may have others, which lead there. */
function portsFor(world: World, experiment: Experiment, name: string): Readonly<Record<string, number>> {
  const canary: Service | undefined = serviceNamed(world, world.settings.canaryService) ?? undefined;
  const template = experiment.spec.templates.find((one) => one.name === name)?.template;
  const containerPorts = (template?.spec?.containers ?? []).flatMap(({ ports = [] }) => ports);
  const ports: Record<string, number> = {};
  for (const { port, targetPort } of canary?.spec.ports ?? []) {
    const target = targetPort ?? port;
    const number =
      typeof target === 'number' ? target : containerPorts.find((one) => one.name === target)?.containerPort;
    if (number !== undefined) ports[String(port)] = number;
  }
  return ports;
}
