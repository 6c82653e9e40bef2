import assert from 'node:assert/strict';

import type { Rollout, RolloutSpec, RolloutStatus } from '../../src/api/rollout.ts';
import { decide } from '../../src/core/decide.ts';
import {
  carryOut,
  imagineCluster,
  nextChangeMs,
  observe,
  settle,
  type ClusterHabits,
  type ImaginedCluster,
} from '../../src/core/rollout/imagined-cluster.ts';
import { deepEqual } from '../../src/lib/deep-equal.ts';
import { applyMergePatch } from '../../src/lib/merge-patch.ts';
import { SHOP_ROUTED } from './manifests.ts';

/** One Rollout, played on plain data: the words in which tests of the decision core tell their stories. */
export class PureWorld {
  cluster: ImaginedCluster;
  /** `weight` at the router after every pass, for rules about its course. */
  readonly weights: number[] = [];

  /** Names of ReplicaSets that belong to somebody else. */
  taken: readonly string[] = [];

  constructor(rollout: Rollout, habits: Partial<ClusterHabits> = {}) {
    this.cluster = imagineCluster({ rollout, nowMs: Date.UTC(2026, 0, 1), habits });
  }

  get status(): RolloutStatus {
    return this.cluster.rollout.status ?? {};
  }

  /** One pass of the controller; false when it wrote nothing. */
  pass(effectsMax?: number): boolean {
    const decision = decide({ ...observe(this.cluster), takenNames: this.taken });
    const { cluster, changed } = carryOut(this.cluster, decision, effectsMax);
    this.cluster = cluster;
    if (cluster.weight !== undefined) this.weights.push(cluster.weight);
    return changed;
  }

  /** Passes, with what the cluster does by itself in between, until nothing moves at this moment. */
  quiesce(): this {
    for (let turn = 0; turn < 100; turn++) {
      const before = this.cluster;
      this.cluster = settle(this.cluster);
      const moved =
        !deepEqual(before.replicaSets, this.cluster.replicaSets) ||
        !deepEqual(before.analysisRuns, this.cluster.analysisRuns) ||
        !deepEqual(before.experiments, this.cluster.experiments);
      if (!this.pass() && !moved) return this;
    }
    return assert.fail(`no rest after 100 passes: ${this.status.phase} ${this.status.message}`);
  }

  /** Lets so much time pass, stopping at every moment at which something happens. */
  advance(ms: number): this {
    const endMs = this.cluster.nowMs + ms;
    for (let turn = 0; turn < 1_000; turn++) {
      this.quiesce();
      const wakeAtMs =
        decide({ ...observe(this.cluster), takenNames: this.taken }).wakeAtMs ?? Number.POSITIVE_INFINITY;
      const nextMs = Math.min(wakeAtMs, nextChangeMs(this.cluster) ?? Number.POSITIVE_INFINITY);
      if (nextMs > endMs) break;
      this.cluster = { ...this.cluster, nowMs: nextMs };
    }
    this.cluster = { ...this.cluster, nowMs: endMs };
    return this.quiesce();
  }

  /** A user's merge patch on the spec. */
  edit(spec: unknown): this {
    const { rollout } = this.cluster;
    const next = applyMergePatch(rollout.spec, spec) as RolloutSpec;
    const generation = (rollout.metadata.generation ?? 0) + 1;
    this.cluster = {
      ...this.cluster,
      rollout: { ...rollout, spec: next, metadata: { ...rollout.metadata, generation } },
    };
    return this;
  }

  image(image: string): this {
    return this.edit({ template: { spec: { containers: [{ name: 'app', image }] } } });
  }

  /** A user's merge patch on the status: a command. */
  command(status: unknown): this {
    const { rollout } = this.cluster;
    this.cluster = {
      ...this.cluster,
      rollout: { ...rollout, status: applyMergePatch(rollout.status ?? {}, status) as RolloutStatus },
    };
    return this;
  }

  /** Sizes by image. */
  sizes(): Record<string, number> {
    return Object.fromEntries(
      this.cluster.replicaSets.map((replicaSet) => [
        replicaSet.spec.template.spec?.containers?.[0]?.image ?? '',
        replicaSet.spec.replicas ?? 1,
      ]),
    );
  }

  progressing(): string {
    const condition = this.status.conditions?.find(({ type }) => type === 'Progressing');
    return `${condition?.status}/${condition?.reason}`;
  }
}

export interface RolloutWishes {
  readonly replicas?: number;
  readonly image?: string;
  readonly canary?: NonNullable<RolloutSpec['strategy']>['canary'];
  readonly blueGreen?: Partial<NonNullable<RolloutSpec['strategy']>['blueGreen']>;
  readonly spec?: Partial<RolloutSpec>;
}

export function rolloutOf(wishes: RolloutWishes = {}): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'shop', namespace: 'default', generation: 1 },
    spec: {
      replicas: wishes.replicas ?? 1,
      selector: { matchLabels: { app: 'shop' } },
      template: {
        metadata: { labels: { app: 'shop' } },
        spec: { containers: [{ name: 'app', image: wishes.image ?? 'v1' }] },
      },
      strategy:
        wishes.blueGreen === undefined
          ? { canary: wishes.canary ?? {} }
          : { blueGreen: { activeService: 'active', ...wishes.blueGreen } },
      ...wishes.spec,
    },
  };
}

/** A canary strategy that a router steers. */
export function routed(canary: NonNullable<RolloutWishes['canary']>): NonNullable<RolloutWishes['canary']> {
  return { ...SHOP_ROUTED, ...canary };
}
