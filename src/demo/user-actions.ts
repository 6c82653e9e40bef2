import { KINDS } from '../api/kinds.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Kube } from '../ports/kube.ts';
import type { RunningStage } from './stage.ts';
import { NAMESPACE, ROLLOUT } from './stage.ts';
import type { KeyAction } from './terminal/keys.ts';

/** The story uses the versions below this one. */
const FIRST_MINOR = 3;

/** What the keys do: commits, and the same patches that kubectl plug-ins send. Rejects when a command fails. */
export function createUserActions(stage: RunningStage): (action: Exclude<KeyAction, 'quit'>) => Promise<string> {
  let minor = FIRST_MINOR;

  async function commit(suffix: '' | '-bad'): Promise<string> {
    const tag = `1.${minor++}.0${suffix}`;
    await stage.repository.commitTag(tag, `Release ${tag.replace('-bad', '')}`);
    return `you committed ${tag}`;
  }

  return async (action) => {
    switch (action) {
      case 'good':
        return commit('');
      case 'bad':
        return commit('-bad');
      case 'abort':
        return command(stage.kube, () => ({ abort: true }), 'you aborted the rollout');
      case 'promote':
        return command(stage.kube, promotion, 'you promoted the rollout by one step');
      case 'promoteFull':
        return command(stage.kube, () => ({ promoteFull: true }), 'you promoted the rollout fully');
      case 'kill':
        stage.controller.kill();
        return 'you killed the controller';
    }
  };
}

/** Ends a pause; where there is none, skips the step. */
function promotion({ spec, status }: Rollout): Readonly<Record<string, unknown>> {
  if ((status?.pauseConditions ?? []).length > 0) return { pauseConditions: null };
  const index = status?.currentStepIndex ?? 0;
  const stepCount = spec.strategy?.canary?.steps?.length ?? 0;
  return index < stepCount ? { pauseConditions: null, currentStepIndex: index + 1 } : {};
}

/** Writes the change into status; says so when there is no update that it could concern. */
async function command(
  kube: Kube,
  change: (rollout: Rollout) => Readonly<Record<string, unknown>>,
  done: string,
): Promise<string> {
  const ref = { kind: KINDS.rollout, namespace: NAMESPACE, name: ROLLOUT };
  const rollout = (await kube.reader.get(ref)) as Rollout | undefined;
  if (rollout === undefined) throw new Error('there is no Rollout yet');
  const { currentPodHash, stableRS } = rollout.status ?? {};
  if (currentPodHash === stableRS) return 'no update is under way: g or b commits one';
  await kube.writer.write({
    verb: 'patch',
    ref,
    patchType: 'merge',
    subresource: 'status',
    body: { status: change(rollout) },
  });
  return done;
}
