import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { applyMergePatch } from '../../../src/lib/merge-patch.ts';
import type { Manifest } from '../../support/api-client.ts';
import { conditionOf, until, type Scene } from '../../support/world.ts';
import type { Capacity } from './capacity-watch.ts';
import { pictureOf } from './picture.ts';
import type { Halt, Move, Picture, Strategy, Versions } from './strategy.ts';
import { FIRST, REPLICAS } from './versions.ts';

/** Who writes the commands, as the API server knows it. */
const USER = 'kubectl-argo-rollouts';

/** One Rollout `shop`, and the words in which its stories are told. Every word that starts with `until` waits for what a user sees. */
export class Life {
  readonly scene: Scene;
  readonly strategy: Strategy;
  readonly capacity: Capacity;

  constructor(scene: Scene, strategy: Strategy, capacity: Capacity) {
    this.scene = scene;
    this.strategy = strategy;
    this.capacity = capacity;
  }

  /** The first version, which comes without steps. */
  async install(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.apply(spec);
    await this.untilHealthy(FIRST);
    this.bound(REPLICAS);
  }

  async apply(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.scene.apply(...this.strategy.surroundings, applyMergePatch(this.strategy.rollout(), { spec }));
  }

  /** No pods are missing or too many from now on. */
  bound(replicas: number, { missing = 0, max = replicas }: { missing?: number; max?: number } = {}): void {
    this.capacity.bound({
      servingMin: replicas - missing,
      wantedMax: this.strategy.podsMax(max),
      byOneVersion: this.strategy.name === 'blue-green',
    });
  }

  setImage(image: string): Promise<void> {
    return this.scene.setImage('shop', image);
  }

  async edit(spec: unknown): Promise<void> {
    await this.scene.patchSpec('shop', spec);
  }

  /** Brings an update to `halt`, and answers what the versions are. */
  async reach(halt: Halt, stable = FIRST): Promise<Versions> {
    const { image } = halt;
    if (halt.spec !== undefined) await this.edit(halt.spec);
    await this.setImage(image);
    const versions = { stable, fresh: image };
    for (const move of halt.way) {
      await this.untilAt(this.haltThatOffers(move), versions);
      await this.move(move);
    }
    await this.untilAt(halt, versions);
    return versions;
  }

  haltThatOffers(move: Move): Halt {
    const found = this.strategy.halts.find(({ next }) => next?.move === move);
    assert.ok(found, `no halt of ${this.strategy.name} offers ${move}`);
    return found;
  }

  async move(move: Move): Promise<void> {
    switch (move) {
      case 'promote':
        return this.command({ pauseConditions: null });
      case 'promote full':
        return this.command({ promoteFull: true }, 'promote full');
      case 'promote past the step': {
        const { status } = await this.scene.rollout('shop');
        return this.skipTo(status.currentStepIndex + 1);
      }
    }
  }

  skipTo(currentStepIndex: number): Promise<void> {
    return this.command({ pauseConditions: null, currentStepIndex }, 'skip');
  }

  abort(): Promise<void> {
    return this.command({ abort: true }, 'abort');
  }

  retry(): Promise<void> {
    return this.command({ abort: false }, 'retry');
  }

  /** Writes what the plugin writes, and waits until it is acknowledged, if it can be told from what the controller does by itself. */
  async command(status: unknown, what?: string): Promise<void> {
    const { scene } = this;
    const path = `${scene.path('rollouts.argoproj.io', 'shop')}/status?fieldManager=${USER}`;
    await scene.api.patch(path, { status });
    if (what === undefined) return;
    const by = new RegExp(`Accepted ${what}.* by ${USER}`);
    await scene.untilRollout('shop', `acknowledging ${what}`, (rollout) => {
      return by.test(conditionOf(rollout, 'Command')?.message ?? '');
    });
  }

  async scale(replicas: number): Promise<void> {
    const path = `${this.scene.path('rollouts.argoproj.io', 'shop')}/scale`;
    await this.scene.api.patch(path, { spec: { replicas } });
  }

  untilAt(halt: Halt, versions: Versions, replicas = REPLICAS): Promise<void> {
    return this.untilSeen(halt.picture(versions, replicas), halt.name);
  }

  untilHealthy(image: string, replicas = REPLICAS): Promise<void> {
    return this.untilSeen(this.strategy.healthy(image, replicas), `healthy with ${image}`);
  }

  /** Aborted, and the pods of the new version are gone. `detail` is the revision, and why if no user asked for it. */
  untilAborted(versions: Versions, detail: string): Promise<void> {
    return this.untilSeen(this.strategy.aborted(versions, detail), 'aborted');
  }

  async untilSeen(picture: Picture, what: string): Promise<void> {
    let seen: Picture | undefined;
    await until(
      `${this.strategy.name} in ${this.scene.namespace} to be ${what}`,
      async () => {
        seen = await pictureOf(this.scene, picture);
        return isDeepStrictEqual(seen, picture);
      },
      async () => ({ asked: picture, seen, conditions: (await this.scene.rollout('shop'))['status']?.conditions }),
      this.scene.patience,
    );
  }

  /** As `untilAt`, while the sizes move. */
  async untilHalted(halt: Halt): Promise<void> {
    const { phase, message, step } = halt.picture({ stable: FIRST, fresh: halt.image });
    await this.scene.untilRollout('shop', halt.name, ({ status }) => {
      return status.phase === phase && status.message === message && status.currentStepIndex === step;
    });
  }

  /** Promotes in full. */
  async finish(versions: Versions, replicas = REPLICAS): Promise<void> {
    await this.move('promote full');
    await this.untilHealthy(versions.fresh, replicas);
  }

  async pods(): Promise<readonly Manifest[]> {
    return (await this.scene.list('pods')).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  close(): void {
    assert.deepEqual(this.capacity.broken.slice(0, 5), [], 'pods were missing or too many');
  }
}
