import { abort, BAD, GOOD, imageWanted, isBack, isPaused, resume, runs, setImage, setStatus } from './scenario.ts';
import { errorsTemplate } from './setting.ts';
import type { SimWorld } from './sim-world.ts';

/** A new version that nobody touches. */
export const UPDATE = {
  play: (world: SimWorld): Promise<void> => setImage(world, GOOD),
  isOver: (world: SimWorld): boolean => runs(world, GOOD),
};

/** A new version that cannot be kept. */
export const FAILURE = {
  play: (world: SimWorld): Promise<void> => setImage(world, BAD),
  isOver: isBack,
  end: 'aborted',
} as const;

/** Every version is measured, and its errors count. */
export const MEASURING = { isMeasured: true, templates: [errorsTemplate()] };

/** A new version that measures too badly to be kept. */
export const MEASURED_FAILURE = { ...MEASURING, ...FAILURE };

/** A newer version that comes while users are asked about the first. */
export const SUPERSEDED = {
  async play(world: SimWorld): Promise<void> {
    await updateUntilPaused(world, GOOD);
    await updateUntilPaused(world, 'shop:3');
    await resume(world);
  },
  isOver: (world: SimWorld): boolean => runs(world, 'shop:3'),
};

export async function updateUntilPaused(world: SimWorld, image: string): Promise<void> {
  await setImage(world, image);
  await world.until(() => isPaused(world) && imageWanted(world) === image);
}

/** A paused update is aborted and, once that has been told, tried again until it is paused again. */
export async function abortAndRetry(world: SimWorld): Promise<void> {
  await abort(world);
  await world.until(() => isBack(world));
  // An abort that nobody has seen cannot be told of: it stands for longer than a controller needs to come back.
  await world.sleep(25_000);
  await setStatus(world, { abort: false });
  await world.until(() => isPaused(world));
}
