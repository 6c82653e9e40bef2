import { KINDS } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import type { Experiment } from '../../api/experiment.ts';
import { EXPERIMENT_TEMPLATE_ANNOTATION } from '../../api/labels.ts';
import type { Refusal, TakenByOthers } from '../../core/experiment/observation.ts';
import { causeOf } from '../failure.ts';
import type { NameTaken, WriteRefused } from '../rollout/enact.ts';
import { holderOf, type NameSources } from '../rollout/name-holder.ts';

/** Experiments with trouble that are remembered at once; what is forgotten is found out again by the next try. */
const REMEMBERED_MAX = 1_000;

interface Hindrance {
  readonly taken: TakenByOthers;
  readonly refusals: readonly Refusal[];
}

const NONE: Hindrance = { taken: { replicaSets: [], analysisRuns: [] }, refusals: [] };

/** What stands in the way of an Experiment's objects: names that others have, and writes that are refused. */
export class Hindrances {
  readonly #byUid = new Map<string, Hindrance>();

  of(experiment: Experiment): Hindrance {
    return this.#byUid.get(experiment.metadata.uid ?? '') ?? NONE;
  }

  /** What was refused is in status now; when it is tried again, the answer may be another one. */
  told(experiment: Experiment): void {
    const { taken, refusals } = this.of(experiment);
    if (refusals.length > 0) this.#learn(experiment, { taken, refusals: [] });
  }

  /** A name is in use: by our own object, which the cache only does not show yet, or by somebody else's. */
  async learnTaken(experiment: Experiment, { ref }: NameTaken, sources: NameSources): Promise<void> {
    const found = await holderOf(ref, sources);
    if (found === undefined || isOurs(found, experiment)) return;
    const { taken, refusals } = this.of(experiment);
    const { name } = ref;
    switch (ref.kind.plural) {
      case KINDS.replicaSet.plural:
        return this.#learn(experiment, { refusals, taken: { ...taken, replicaSets: [...taken.replicaSets, name] } });
      case KINDS.analysisRun.plural:
        return this.#learn(experiment, { refusals, taken: { ...taken, analysisRuns: [...taken.analysisRuns, name] } });
      default: {
        const message = `service ${name} already exists and is not owned by experiment template ${templateOf(experiment, name)}`;
        const refusal: Refusal = { deed: 'create', kind: 'Service', name, message };
        this.#learn(experiment, { taken, refusals: [...refusals, refusal] });
      }
    }
  }

  learnRefused(experiment: Experiment, refused: WriteRefused): void {
    const { write } = refused;
    const kind = write.verb === 'create' ? write.kind.kind : write.ref.kind.kind;
    if (kind !== 'ReplicaSet' && kind !== 'Service' && kind !== 'AnalysisRun') return;
    const name = write.verb === 'create' ? write.object.metadata.name : write.ref.name;
    const deed = write.verb === 'create' ? 'create' : write.verb === 'delete' ? 'delete' : 'scale';
    const { taken, refusals } = this.of(experiment);
    this.#learn(experiment, { taken, refusals: [...refusals, { deed, kind, name, message: causeOf(refused.cause) }] });
  }

  #learn(experiment: Experiment, hindrance: Hindrance): void {
    const uid = experiment.metadata.uid ?? '';
    this.#byUid.delete(uid);
    this.#byUid.set(uid, hindrance);
    const [oldest] = this.#byUid.keys();
    if (this.#byUid.size > REMEMBERED_MAX && oldest !== undefined) this.#byUid.delete(oldest);
  }
}

function isOurs(found: KubeObject, experiment: Experiment): boolean {
  return found.metadata.ownerReferences?.some(({ uid }) => uid === experiment.metadata.uid) === true;
}

/** Which template wanted a Service of this name. */
function templateOf(experiment: Experiment, service: string): string {
  const { name } = experiment.metadata;
  const found = experiment.spec.templates.find(
    (template) => (template.service?.name ?? `${name}-${template.name}`) === service,
  );
  return found?.name ?? EXPERIMENT_TEMPLATE_ANNOTATION;
}
