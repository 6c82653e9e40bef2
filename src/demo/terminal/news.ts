import type { World } from '../story/world.ts';

/** What is new between two looks at the world, as plain lines: for terminals that are none. */
export function newsBetween(before: World | undefined, now: World): string[] {
  const news: string[] = [];
  if (now.headline !== before?.headline && now.headline !== '') news.push(`== ${now.headline}`);
  news.push(...newCommits(before, now));
  if (now.rollout !== undefined) {
    const { rollout } = now;
    const was = before?.rollout;
    if (rollout.tag !== was?.tag) news.push(`rollout: wants ${rollout.tag}`);
    if (rollout.phase !== was?.phase)
      news.push(`rollout: ${rollout.phase}${rollout.message === '' ? '' : `: ${rollout.message}`}`);
    if (rollout.stepIndex !== was?.stepIndex) news.push(describeStep(rollout.stepIndex, rollout.steps));
  }
  if (now.weights !== undefined && now.weights.canary !== before?.weights?.canary) {
    news.push(`traffic: stable ${now.weights.stable} %, canary ${now.weights.canary} %`);
  }
  for (const measurement of now.measurements) {
    const was = before?.measurements.find((other) => other.metric === measurement.metric);
    if (was?.value !== measurement.value || was.phase !== measurement.phase) {
      news.push(`analysis: ${measurement.metric} ${measurement.value} ${measurement.phase}`);
    }
  }
  if (now.load.lost !== (before?.load.lost ?? 0))
    news.push(`requests: ${now.load.lost} of ${now.load.requests} lost: ${now.load.losses.at(-1)?.reason ?? ''}`);
  for (const message of now.slack.slice(before?.slack.length ?? 0))
    news.push(`slack: ${message.replaceAll('\n', ' | ')}`);
  if (now.controller.restarts > (before?.controller.restarts ?? 0))
    news.push(`controller: started again (process ${now.controller.pid ?? '?'})`);
  return news.map((line) => `${seconds(now.elapsedMs)}  ${line}`);
}

function newCommits(before: World | undefined, now: World): string[] {
  const known = new Set(before?.commits.map((commit) => commit.sha));
  return now.commits
    .filter((commit) => !known.has(commit.sha))
    .toReversed()
    .map((commit) => `git: ${commit.sha.slice(0, 8)} ${commit.subject} (${commit.author})`);
}

function describeStep(index: number | undefined, steps: readonly string[]): string {
  if (index === undefined) return 'rollout: no steps';
  return index >= steps.length
    ? 'rollout: all steps done'
    : `rollout: step ${index + 1}/${steps.length}: ${steps[index]}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1).padStart(6)}s`;
}
