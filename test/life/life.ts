import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { applyMergePatch } from '../../src/lib/merge-patch.ts';
import type { Manifest } from '../support/api-client.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';
import { brokenBound, type Bounds } from './capacity.ts';
import type { Mirror } from './mirror.ts';
import { pictureOf } from './picture.ts';
import type { Halt, Move, Picture, Strategy, Versions } from './strategy.ts';
import { FIRST, REPLICAS } from './versions.ts';

/** Who writes the commands, as the API server knows it. */
const USER = 'kubectl-argo-rollouts';

/** One Rollout `shop`, and the words in which its stories are told. Every word that starts with `until` waits for what a user sees. */
export class Life {
  readonly scene: Scene;
  readonly strategy: Strategy;
  readonly #mirror: Mirror;
  /** Of the last write: what the mirror shows has to be at least as new. */
  #resourceVersionMin = 0;
  #bounds: Bounds = { servingMin: 0, wantedMax: Number.POSITIVE_INFINITY, byOneVersion: false };
  /** Moments at which a bound was broken. */
  readonly #broken: string[] = [];

  constructor(scene: Scene, strategy: Strategy, mirror: Mirror) {
    this.scene = scene;
    this.strategy = strategy;
    this.#mirror = mirror;
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
    this.bounds({
      servingMin: replicas - missing,
      wantedMax: this.strategy.podsMax(max),
      byOneVersion: this.strategy.name === 'blue-green',
    });
  }

  bounds(bounds: Bounds): void {
    this.#bounds = bounds;
  }

  /** Called whenever a ReplicaSet has changed. */
  look(): void {
    const broken = brokenBound(this.#bounds, this.#mirror.list('replicaSets', this.scene.namespace));
    if (broken !== undefined) this.#broken.push(broken);
  }

  setImage(image: string): Promise<void> {
    return this.#write(
      this.scene.api.jsonPatch(this.#path(), [
        { op: 'replace', path: '/spec/template/spec/containers/0/image', value: image },
      ]),
    );
  }

  edit(spec: unknown): Promise<void> {
    return this.#write(this.scene.patchSpec('shop', spec));
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
        const rollout = this.#rollout();
        return this.skipTo(rollout?.['status'].currentStepIndex + 1);
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
    await this.#write(this.scene.api.patch(`${this.#path()}/status?fieldManager=${USER}`, { status }));
    if (what === undefined) return;
    const by = new RegExp(`Accepted ${what}.* by ${USER}`);
    await this.until(`acknowledging ${what}`, (rollout) => by.test(conditionOf(rollout, 'Command')?.message ?? ''));
  }

  async scale(replicas: number): Promise<void> {
    await this.#write(this.scene.api.patch(`${this.#path()}/scale`, { spec: { replicas } }));
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
    const view = { mirror: this.#mirror, namespace: this.scene.namespace };
    const look = (rollout: Manifest): Picture => pictureOf(view, rollout, picture);
    await this.until(
      what,
      (rollout) => isDeepStrictEqual(look(rollout), picture),
      (rollout) => ({ asked: picture, seen: look(rollout) }),
    );
  }

  /** Waits for a Rollout that looks as asked, and knows of everything that was written here. */
  async until(
    what: string,
    looks: (rollout: Manifest) => boolean,
    describe: (rollout: Manifest) => object = () => ({}),
  ): Promise<void> {
    await until(
      `${this.strategy.name} in ${this.scene.namespace} to be ${what}`,
      async () => {
        const rollout = this.#rollout();
        return rollout !== undefined && looks(rollout);
      },
      async () => {
        const rollout = this.#rollout();
        return rollout === undefined ? undefined : { ...describe(rollout), status: rollout['status'] };
      },
      this.scene.patience,
    );
  }

  /** Undefined while the mirror shows none that is new enough. */
  #rollout(): Manifest | undefined {
    const rollout = this.#mirror.get('rollouts', this.scene.namespace, 'shop');
    const version = Number(rollout?.metadata.resourceVersion ?? 0);
    return version >= this.#resourceVersionMin ? rollout : undefined;
  }

  async #write(answer: Promise<Manifest>): Promise<void> {
    this.#resourceVersionMin = Number((await answer).metadata.resourceVersion);
  }

  #path(): string {
    return this.scene.path('rollouts.argoproj.io', 'shop');
  }

  /** As `untilAt`, while the sizes move. */
  async untilHalted(halt: Halt): Promise<void> {
    const { phase, message, step } = halt.picture({ stable: FIRST, fresh: halt.image });
    await this.until(halt.name, ({ status }) => {
      return status?.phase === phase && status.message === message && status.currentStepIndex === step;
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
    assert.deepEqual(this.#broken.slice(0, 5), [], 'pods were missing or too many');
  }
}
