import type { Container, PodSpec, PodTemplateSpec } from '../pod-template.ts';
import type { LabelSelector } from '../rollout.ts';
import { isEmptySelector, selectorMatches } from './label-selector.ts';
import { duplicate, forbidden, invalid, notFound, notSupported, required, type Problem } from './problem.ts';

/**
 * What Kubernetes would refuse in the template of a ReplicaSet, as far as it can be told without Kubernetes: the rest
 * shows when the ReplicaSet or its pods are created.
 */
export function validatePodTemplate(
  template: PodTemplateSpec,
  selector: LabelSelector | undefined,
  path: string,
): readonly Problem[] {
  const { labels } = template.metadata ?? {};
  const problems: Problem[] = [];
  if (selector !== undefined && !isEmptySelector(selector) && !selectorMatches(selector, labels ?? {})) {
    problems.push(invalid(`${path}.metadata.labels`, labels ?? null, '`selector` does not match template `labels`'));
  }
  return [...problems, ...validatePodSpec(template.spec ?? {}, `${path}.spec`)];
}

function validatePodSpec(spec: PodSpec, path: string): readonly Problem[] {
  const volumes = (spec.volumes ?? []).map((volume) => volume.name);
  const containers = spec.containers ?? [];
  const problems = [
    ...volumes.flatMap((name, index) =>
      volumes.indexOf(name) < index ? [duplicate(`${path}.volumes[${index}].name`, name)] : [],
    ),
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...validateContainers({ containers, taken: [], volumes, path: `${path}.containers` }),
    ...validateContainers({
      containers: spec.initContainers ?? [],
      taken: containers.map((container) => container.name),
      volumes,
      path: `${path}.initContainers`,
    }),
  ];
  if (spec.ephemeralContainers !== undefined && spec.ephemeralContainers.length > 0) {
    problems.push(forbidden(`${path}.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  }
  if (spec.restartPolicy !== undefined && spec.restartPolicy !== 'Always') {
    problems.push(notSupported(`${path}.restartPolicy`, spec.restartPolicy, ['Always']));
  }
  if (spec.activeDeadlineSeconds !== undefined) {
    problems.push(forbidden(`${path}.activeDeadlineSeconds`, 'activeDeadlineSeconds in ReplicaSet is not Supported'));
  }
  return problems;
}

function validateContainers(check: {
  readonly containers: readonly Container[];
  readonly taken: readonly string[];
  readonly volumes: readonly string[];
  readonly path: string;
}): readonly Problem[] {
  const names = check.containers.map((container) => container.name);
  return check.containers.flatMap((container, index) => {
    const at = `${check.path}[${index}]`;
    const repeated = names.indexOf(container.name) < index || check.taken.includes(container.name);
    const mounts = container.volumeMounts ?? [];
    return [
      ...(container.name === '' ? [required(`${at}.name`)] : []),
      ...(repeated ? [duplicate(`${at}.name`, container.name)] : []),
      ...((container.image ?? '') === '' ? [required(`${at}.image`)] : []),
      ...mounts.flatMap((mount, mountIndex) =>
        check.volumes.includes(mount.name) ? [] : [notFound(`${at}.volumeMounts[${mountIndex}].name`, mount.name)],
      ),
    ];
  });
}
