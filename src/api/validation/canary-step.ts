import { parsePauseDurationMs } from '../../lib/duration.ts';
import { maxTrafficWeightOf } from '../defaults.ts';
import type { CanaryStep, RolloutArgument } from '../rollout.ts';
import { invalid, required, STRATEGY_PATH, type Problem } from './problem.ts';
import { validateRouteSteps } from './route-step.ts';
import type { StepCheck } from './step-check.ts';

const ONE_OF = 'Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause';
const EXCLUSIVE = ['experiment', 'pause', 'setWeight', 'analysis'] as const;
const ALL = [...EXCLUSIVE, 'setCanaryScale', 'setHeaderRoute', 'setMirrorRoute', 'plugin'] as const;

export function validateStep(check: StepCheck): readonly Problem[] {
  const path = `${STRATEGY_PATH}.steps[${check.index}]`;
  return [
    ...validateKind(check.step, path),
    ...validateWeight(check, path),
    ...validatePause(check.step, path),
    ...validateCanaryScale(check, path),
    ...validateRouteSteps(check, path),
    ...validateExperiment(check, path),
    ...validateArguments(argumentsOf(check.step), `${path}.analyses`),
  ];
}

function validateKind(step: CanaryStep, path: string): readonly Problem[] {
  const set = (names: readonly (keyof CanaryStep)[]) => names.filter((name) => step[name] !== undefined);
  const exclusive = set(EXCLUSIVE);
  if (exclusive.length > 1) {
    const given: ReadonlySet<string> = new Set(exclusive);
    return [
      invalid(
        path,
        answersOf(EXCLUSIVE, (name) => given.has(name)),
        ONE_OF,
      ),
    ];
  }
  return set(ALL).length === 0
    ? [
        invalid(
          path,
          answersOf(ALL, () => true),
          ONE_OF,
        ),
      ]
    : [];
}

/** As the API shows a step: of one with several deeds which it has, and of an empty one which it lacks. */
function answersOf(names: readonly string[], answer: (name: string) => boolean): string {
  return names.map((name) => `step.${name.charAt(0).toUpperCase()}${name.slice(1)}: ${answer(name)}`).join(' ');
}

function validateWeight({ step, canary }: StepCheck, path: string): readonly Problem[] {
  const max = maxTrafficWeightOf(canary.trafficRouting);
  const weight = step.setWeight;
  if (weight === undefined || (weight >= 0 && weight <= max)) return [];
  return [invalid(`${path}.setWeight`, weight, `SetWeight needs to be between 0 and ${max}`)];
}

function validatePause(step: CanaryStep, path: string): readonly Problem[] {
  const duration = step.pause?.duration;
  if (duration === undefined) return [];
  const ms = parsePauseDurationMs(duration);
  if (ms !== undefined && ms >= 0) return [];
  // The API shows seconds, and -1 for what is no duration.
  const seconds = ms === undefined ? -1 : ms / 1_000;
  return [invalid(`${path}.pause.duration`, seconds, 'Duration needs to be greater than 0')];
}

function validateCanaryScale({ step, canary }: StepCheck, path: string): readonly Problem[] {
  const scale = step.setCanaryScale;
  if (scale === undefined) return [];
  if (canary.trafficRouting === undefined) {
    return [required(`${STRATEGY_PATH}.trafficRouting`, 'SetCanaryScale requires TrafficRouting to be set')];
  }
  const at = `${path}.setCanaryScale`;
  const max = maxTrafficWeightOf(canary.trafficRouting);
  const { weight, replicas } = scale;
  return [
    ...(weight !== undefined && (weight < 0 || weight > max)
      ? [invalid(`${at}.weight`, weight, `use a percentage between 0 and ${max}`)]
      : []),
    ...(replicas !== undefined && replicas < 0 ? [invalid(`${at}.replicas`, replicas, 'use 0 or more')] : []),
  ];
}

function validateExperiment({ step, canary }: StepCheck, path: string): readonly Problem[] {
  const routing = canary.trafficRouting;
  const weighted = [routing?.alb, routing?.smi, routing?.istio].some((router) => router !== undefined);
  if (step.experiment === undefined || weighted || Object.keys(routing?.plugins ?? {}).length > 0) return [];
  const detail =
    routing === undefined
      ? 'Experiment template weight cannot be set unless TrafficRouting is enabled'
      : 'Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and Plugins at this time';
  return step.experiment.templates.flatMap(({ weight }, index) =>
    weight === undefined ? [] : [invalid(`${path}.experiment.templates[${index}].weight`, weight, detail)],
  );
}

function argumentsOf(step: CanaryStep): readonly RolloutArgument[] {
  const ofExperiment = (step.experiment?.analyses ?? []).flatMap((analysis) => analysis.args ?? []);
  return [...ofExperiment, ...(step.analysis?.args ?? [])];
}

const METADATA_FIELDS = /^metadata(\.(name|namespace|uid|labels|annotations)|\.(labels|annotations)\['.+'\])$/;

/** Only the fields of metadata that pods can get by the downward API can be arguments; other paths are read as JSON. */
export function validateArguments(args: readonly RolloutArgument[], path: string): readonly Problem[] {
  const detail = 'Analyses arguments must refer to valid object metadata supported by downwardAPI';
  return args.flatMap((argument) => {
    const field = argument.valueFrom?.fieldRef?.fieldPath;
    if (field === undefined || !field.startsWith('metadata') || METADATA_FIELDS.test(field)) return [];
    return [invalid(path, args, detail)];
  });
}
