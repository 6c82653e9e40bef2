import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { ConfigKind, ConfigName } from '../../api/versioned-config.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

/** A place in a pod template that names a ConfigMap or Secret of which containers see the content. */
export interface ConfigReference extends ConfigName {
  /** As in `spec.template.spec.volumes[0].configMap.name`. */
  readonly path: string;
  /** Pods start without it. */
  readonly optional: boolean;
}

/**
 * Every place of a template, in order: volumes, projected volumes, envFrom and env of all containers. What only the
 * kubelet reads (image pull secrets, credentials of volume drivers) is not content of a version.
 */
export function configReferences(template: PodTemplateSpec): readonly ConfigReference[] {
  const found: ConfigReference[] = [];
  withConfigNames(template, (reference) => {
    found.push(reference);
    return reference.name;
  });
  return found;
}

/** The template with other names at these places; what was handed in stays as it is. */
export function withConfigNames(
  template: PodTemplateSpec,
  nameFor: (reference: ConfigReference) => string,
): PodTemplateSpec {
  let spec: unknown = template.spec;
  for (const { kind, field, steps } of PLACES) {
    spec = changedAt(spec, steps, 'spec.template.spec', (object, path) => {
      const name = object[field];
      if (typeof name !== 'string' || name === '') return object;
      const reference = { kind, name, path: `${path}.${field}`, optional: object['optional'] === true };
      return { ...object, [field]: nameFor(reference) };
    });
  }
  return { ...template, spec: spec as PodTemplateSpec['spec'] };
}

interface Place {
  readonly kind: ConfigKind;
  readonly field: 'name' | 'secretName';
  /** Fields on the way there; `*` is every item of a list. */
  readonly steps: readonly string[];
}

const PLACES: readonly Place[] = [
  { kind: 'configmap', field: 'name', steps: ['volumes', '*', 'configMap'] },
  { kind: 'secret', field: 'secretName', steps: ['volumes', '*', 'secret'] },
  { kind: 'configmap', field: 'name', steps: ['volumes', '*', 'projected', 'sources', '*', 'configMap'] },
  { kind: 'secret', field: 'name', steps: ['volumes', '*', 'projected', 'sources', '*', 'secret'] },
  ...['initContainers', 'containers'].flatMap((list): readonly Place[] => [
    { kind: 'configmap', field: 'name', steps: [list, '*', 'envFrom', '*', 'configMapRef'] },
    { kind: 'secret', field: 'name', steps: [list, '*', 'envFrom', '*', 'secretRef'] },
    { kind: 'configmap', field: 'name', steps: [list, '*', 'env', '*', 'valueFrom', 'configMapKeyRef'] },
    { kind: 'secret', field: 'name', steps: [list, '*', 'env', '*', 'valueFrom', 'secretKeyRef'] },
  ]),
];

type Fields = Readonly<Record<string, unknown>>;

function changedAt(
  value: unknown,
  steps: readonly string[],
  path: string,
  change: (object: Fields, path: string) => Fields,
): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return isPlainObject(value) ? change(value, path) : value;
  if (step === '*') {
    if (!Array.isArray(value)) return value;
    return value.map((item: unknown, index) => changedAt(item, rest, `${path}[${index}]`, change));
  }
  if (!isPlainObject(value) || value[step] === undefined) return value;
  return { ...value, [step]: changedAt(value[step], rest, `${path}.${step}`, change) };
}
