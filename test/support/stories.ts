import { describe, it } from 'node:test';
import type { ControllerOptions } from '../../src/main/controller-options.ts';
import type { ApiClient } from './api-client.ts';
import { opened } from './opened.ts';
import { startStage, type Stage } from './stage.ts';
import { clusterSkipReason, Scene, type Cluster } from './world.ts';

const CONTROL_PLANES = ['embedded', 'cluster'] as const satisfies readonly Cluster['name'][];

/** How a suite is run, where it is not one test after the other on all that there is. */
export interface SuiteOptions {
  readonly concurrency?: number;
  /** Why it cannot be run here, whatever the control plane. */
  readonly skip?: string | undefined;
}

/** A suite on the embedded API and, where there is one, on a real control plane. */
export function onEachControlPlane(title: string, options: SuiteOptions, tell: (name: Cluster['name']) => void): void {
  for (const name of CONTROL_PLANES) {
    const skip = options.skip ?? (name === 'cluster' ? clusterSkipReason() : undefined);
    describe(`${title}, on the ${name} control plane`, { ...options, skip }, () => tell(name));
  }
}

/** The stage of a suite: started before its tests, stopped after them. */
export function stageOn(name: Cluster['name'], wishes: Partial<ControllerOptions> = {}): Stage {
  return opened(
    () => startStage(name, wishes),
    (stage) => stage.stop(),
  );
}

/** A test that is told in a namespace of its own, which is gone after it. */
export type Story = (title: string, tell: (scene: Scene) => Promise<void>) => void;

/** Stories in namespaces whose names begin with `sceneName`. */
export function storiesOn(place: { readonly api: ApiClient }, sceneName: string): Story {
  return (title, tell) => {
    it(title, async () => {
      const scene = await Scene.open(place.api, sceneName);
      try {
        await tell(scene);
      } finally {
        await scene.close();
      }
    });
  };
}
