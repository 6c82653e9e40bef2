import type { KubeObject, ObjectRef, ResourceKind } from '../../api/kube-object.ts';
import { KINDS } from '../../api/kinds.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { LabelSelector, Rollout } from '../../api/rollout.ts';
import { isEmptySelector } from '../../api/validation/label-selector.ts';
import { validatePodTemplate } from '../../api/validation/pod-template.ts';
import { placeless, required, type Problem } from '../../api/validation/problem.ts';

const PATH = 'spec.workloadRef';
const WORKLOAD_KINDS: readonly ResourceKind[] = [KINDS.deployment, KINDS.replicaSet, KINDS.podTemplate];

/** The workload that a Rollout takes its template from; undefined when it has its own, or names a kind that has none. */
export function workloadRefOf(rollout: Rollout): ObjectRef | undefined {
  const { workloadRef } = rollout.spec;
  const kind = WORKLOAD_KINDS.find((known) => known.kind === workloadRef?.kind);
  if (workloadRef === undefined || workloadRef === null || kind === undefined) return undefined;
  return { kind, namespace: rollout.metadata.namespace ?? '', name: workloadRef.name ?? '' };
}

/** The Rollout as if the template of its workload, and its selector where it has none, were its own. In memory only. */
export function withWorkload(rollout: Rollout, workload: KubeObject | null | undefined): Rollout {
  if (rollout.spec.workloadRef === undefined || rollout.spec.workloadRef === null) return rollout;
  const { template, selector } = contentOf(workload);
  const own = rollout.spec.selector ?? undefined;
  const hasOwn = own !== undefined && !isEmptySelector(own);
  return { ...rollout, spec: { ...rollout.spec, template, selector: hasOwn ? own : selector } };
}

interface WorkloadContent {
  readonly template: PodTemplateSpec | undefined;
  readonly selector: LabelSelector | undefined;
}

/** A PodTemplate has its template at the top and no selector; the others have both in their spec. */
function contentOf(workload: KubeObject | null | undefined): WorkloadContent {
  const object = (workload ?? {}) as {
    readonly spec?: Partial<WorkloadContent>;
    readonly template?: PodTemplateSpec;
  };
  return { template: object.template ?? object.spec?.template, selector: object.spec?.selector };
}

/** What is wrong with the workload that is named, or with what it holds. `resolved` is the Rollout with it. */
export function workloadProblems(
  rollout: Rollout,
  resolved: Rollout,
  workload: KubeObject | null | undefined,
): readonly Problem[] {
  const { workloadRef } = rollout.spec;
  if (workloadRef === undefined || workloadRef === null) return [];
  const ref = workloadRefOf(rollout);
  if (ref === undefined)
    return [
      placeless(`${PATH}.kind`, `workload of type ${groupOf(workloadRef)}/${workloadRef.kind ?? ''} is not supported`),
    ];
  if (workload === undefined || workload === null) {
    const { plural, group } = ref.kind;
    const resource = group === '' ? plural : `${plural}.${group}`;
    return [placeless(`${PATH}.name`, `${resource} "${ref.namespace}/${ref.name}" not found`)];
  }
  const { template = {}, selector } = resolved.spec;
  if (selector === undefined) return [required('spec.selector', `a ${ref.kind.kind} has none that could be taken`)];
  return validatePodTemplate(template, selector, 'spec.template');
}

function groupOf({ apiVersion = '' }: NonNullable<Rollout['spec']['workloadRef']>): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}
