import type { Family } from './plans.ts';

/** A known kind of defect, as a change of one place in the product's source. */
export interface Mutant {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Where it shows soonest: all places of this family in this story are tried before others. */
  readonly shows?: { readonly scenario: string; readonly family: Family };
}

/** What controllers of this kind have been seen to get wrong; the simulation has to catch every one. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'stable-shrinks-before-its-traffic-is-gone',
    file: 'src/core/rollout/capacity.ts',
    find: '  const stableMin = dynamicStableScale && weightIsOnItsWay(world) ? sizeOf(roles.stable) : 0;',
    replace: '  const stableMin = 0;',
  },
  {
    name: 'former-stable-drained-at-once',
    file: 'src/core/rollout/scale-down.ts',
    find: 'const neverStable = roles.stable === undefined || revisionOf(other) > revisionOf(roles.stable);',
    replace: 'const neverStable = revisionOf(other) > 0;',
  },
  {
    name: 'writes-without-a-lease',
    file: 'src/adapters/kube/fenced-writer.ts',
    find: '      if (!mayAct())',
    replace: "      if (!mayAct() && asked.verb === 'delete')",
    shows: { scenario: 'led', family: 'clock' },
  },
  {
    name: 'lease-held-for-ever',
    file: 'src/adapters/kube/leadership.ts',
    find: '    return heldUntil === undefined || passedMs >= heldUntil.passedMs || wallMs >= heldUntil.wallMs;',
    replace: '    return heldUntil === undefined || passedMs >= wallMs * 2;',
    shows: { scenario: 'led', family: 'clock' },
  },
  {
    name: 'everybody-owns-everything',
    file: 'src/controller/sharding/share-keeper.ts',
    find: '    return this.held && mayWorkOn(key, this.#membership);',
    replace: "    return this.held && (key !== '' || mayWorkOn(key, this.#membership));",
  },
  {
    name: 'forged-verdict-trusted',
    file: 'src/core/analysis/foreign-changes.ts',
    find: '  return !CONTROLLERS.has(manager);',
    replace: "  return !CONTROLLERS.has(manager) && manager === '';",
    shows: { scenario: 'analysis-good', family: 'others' },
  },
  {
    name: 'weight-before-capacity',
    file: 'src/core/rollout/weights.ts',
    find: '  if (mayRaise(world, position, roles)) return wanted;',
    replace: '  if (mayRaise(world, position, roles) || wanted > 0) return wanted;',
  },
  {
    name: 'weight-asked-is-weight-obeyed',
    file: 'src/core/rollout/shown-weight.ts',
    find: "  if (acceptance === 'accepted') return true;",
    replace: '  if (shown.min === weight) return true;',
  },
  {
    name: 'propagation-not-waited-for',
    file: 'src/core/rollout/shown-weight.ts',
    find: 'sinceMs === undefined || world.nowMs >= sinceMs + world.observation.options.propagationDelayMs',
    replace: 'sinceMs === undefined || world.nowMs >= sinceMs',
  },
  {
    name: 'selector-before-pods',
    file: 'src/core/rollout/services.ts',
    find: '  if (!unconditionally && !canServe(to, manager !== undefined)) return [];',
    replace: '  if (!unconditionally && !canServe(to, manager !== undefined) && hash === undefined) return [];',
  },
  {
    name: 'abort-leaves-the-weight',
    file: 'src/core/rollout/weights.ts',
    find: '  if (goesBack(position)) return drainWeight(world, position);',
    replace:
      '  if (position.abort) return shownWeight(world);\n  if (goesBack(position)) return drainWeight(world, position);',
  },
  {
    name: 'aborted-canary-shrinks-with-its-weight',
    file: 'src/core/rollout/capacity.ts',
    find: '  if (position.abort && !settings.dynamicStableScale) return size;\n  if (position.abort && settings.abortDelayIsExplicit) return size;\n',
    replace: '',
  },
  {
    name: 'canary-drained-with-traffic',
    file: 'src/core/rollout/scale-down.ts',
    find: '    if (hasTraffic(world, canary)) return current();\n    return stableIsBack ? delay(canary, abortScaleDownDelayMs) : UNTOUCHED;',
    replace: '    return stableIsBack ? { size: 0, deadline: null } : UNTOUCHED;',
  },
  {
    name: 'no-scale-down-delay',
    file: 'src/core/rollout/scale-down.ts',
    find: '    if (promoted && !stableIsSettled(world, position)) return leaving(other);',
    replace: '    if (promoted) return { size: 0, deadline: null };',
  },
  {
    name: 'stable-drained-at-the-last-step',
    file: 'src/core/rollout/capacity.ts',
    find: 'byName.set(roles.stable.metadata.name, Math.max(target.stable, stableMin));',
    replace: 'byName.set(roles.stable.metadata.name, Math.floor(target.stable / 2));',
  },
  {
    name: 'too-few-pods-kept',
    file: 'src/core/rollout/replicas.ts',
    find: '  const availableMin = input.replicas - input.maxUnavailable;',
    replace: '  const availableMin = input.replicas - input.maxUnavailable - 1;',
  },
  {
    name: 'promoted-before-traffic',
    file: 'src/core/rollout/steps.ts',
    find: "  if (position.stableHash === '' || replicas === 0) return true;\n  return weightIsOfCurrent(world, position) && isSettledAt(world, weightTotal);",
    replace: '  return replicas >= 0 || (weightIsOfCurrent(world, position) && isSettledAt(world, weightTotal));',
  },
  {
    name: 'promoted-before-pods',
    file: 'src/core/rollout/steps.ts',
    find: '  return isFullyAvailable(world, rolesOf(world, position).current);',
    replace: '  return rolesOf(world, position).current !== undefined || isFullyAvailable(world, undefined);',
  },
  {
    name: 'step-skipped',
    file: 'src/core/machine/moves.ts',
    find: 'stepIndex: indexOf(position, world.settings.steps) + 1 }',
    replace: 'stepIndex: Math.min(indexOf(position, world.settings.steps) + 2, world.settings.steps.length) }',
  },
  {
    name: 'pause-cut-short',
    file: 'src/core/rollout/pause.ts',
    find: 'Math.ceil(startMs + durationMs);',
    replace: 'Math.ceil(startMs + durationMs / 2);',
  },
  {
    name: 'no-wake-up-for-a-pause',
    file: 'src/core/decide.ts',
    find: '    position.abort || world.rollout.spec.paused === true ? undefined : pauseEndsAtMs(world, position),\n',
    replace: '',
  },
  {
    name: 'status-without-guard',
    file: 'src/controller/rollout/record.ts',
    find: 'body: { metadata: { resourceVersion: rollout.metadata.resourceVersion }, status: difference },',
    replace: 'body: { status: difference },',
  },
  {
    name: 'status-written-whole-and-unguarded',
    file: 'src/controller/rollout/record.ts',
    find: 'body: { metadata: { resourceVersion: rollout.metadata.resourceVersion }, status: difference },',
    replace: 'body: { status: { abort: null, promoteFull: null, ...next } },',
  },
  {
    name: 'names-that-change',
    file: 'src/core/rollout/template-hash.ts',
    find: 'export function templateHash(',
    replace:
      'let calls = 0;\nexport function templateHash(...input: Parameters<typeof steadyHash>): string {\n  return steadyHash(...input) + (++calls > 60 ? "x" : "");\n}\nfunction steadyHash(',
  },
  {
    name: 'hot-loop',
    file: 'src/core/rollout/status.ts',
    find: '    duration: updateDuration(world, position),',
    replace:
      '    duration: updateDuration(world, position),\n    message: String(world.nowMs),\n    selector: String(Math.floor(world.nowMs / 1000)),',
  },
  {
    name: 'wrong-generation',
    file: 'src/core/rollout/status.ts',
    find: 'observedGeneration: String(world.rollout.metadata.generation ?? 0),',
    replace: 'observedGeneration: String((world.rollout.metadata.generation ?? 0) + 1),',
  },
  {
    name: 'weights-that-do-not-add-up',
    file: 'src/routers/gateway-api.ts',
    find: '...weightChange(split.stable, stableWeightOf(plan)),',
    replace: '...weightChange(split.stable, Math.max(stableWeightOf(plan), plan.weightTotal)),',
  },
  {
    name: 'route-replaced-whole',
    file: 'src/routers/gateway-api.ts',
    find: '  return [check(`${backend.pointer}/name`, backend.name), { op, path: `${backend.pointer}/weight`, value: wanted }];',
    replace:
      "  return [{ op, path: `${backend.pointer}/weight`, value: wanted }, { op: 'add', path: '/metadata/annotations', value: { 'headgate.dev/weight': String(wanted) } }];",
  },
  {
    name: 'mark-left-behind',
    file: 'src/routers/gateway-api.ts',
    find: '  return (canaryWeight > 0 && canaryWeight < weightTotal) ||',
    replace: '  return (canaryWeight >= 0 && canaryWeight < weightTotal) ||',
  },
  {
    name: 'failed-pass-not-repeated',
    file: 'src/controller/rollout/rollout-controller.ts',
    find: 'await this.#showFailure(key, rollout);\n      return { retry: true };',
    replace: 'await this.#showFailure(key, rollout);\n      return {};',
  },
  {
    name: 'conflict-not-repeated',
    file: 'src/adapters/kube/work-queue.ts',
    find: '    if (answer.retry !== true) {',
    replace: '    if (answer.retry !== true || key !== "") {',
  },
  {
    name: 'wake-up-lost-while-working',
    file: 'src/adapters/kube/work-queue.ts',
    find: '    if (isDue !== undefined) join(key, isDue);',
    replace: "    if (isDue !== undefined && key === '') join(key, isDue);",
  },
  {
    name: 'watch-goes-on-after-410',
    file: 'src/adapters/kube/list-watch.ts',
    find: "cause.reason === 'gone' && from !== undefined) {\n        from = undefined;",
    replace: "cause.reason === 'gone' && from !== undefined) {\n        from = String(Number(from) + 10);",
    shows: { scenario: 'gateway', family: 'watch' },
  },
  {
    name: 'events-skipped-after-a-break',
    file: 'src/adapters/kube/list-watch.ts',
    find: '      } else await pause(cause);',
    replace: '      } else { from = from === undefined ? undefined : String(Number(from) + 3); await pause(cause); }',
  },
  {
    name: 'no-data-is-good',
    file: 'src/core/analysis/assess-measurement.ts',
    find: '  if (success?.outcome.ok === false) return unusable(success, result);',
    replace: "  if (success?.outcome.ok === false) return { phase: 'Successful' };",
    shows: { scenario: 'analysis-bad', family: 'http' },
  },
  {
    name: 'measurement-recorded-twice',
    file: 'src/controller/analysis/run-controller.ts',
    find: '      underWay.reports = underWay.reports.filter((report) => !reports.includes(report));',
    replace:
      '      underWay.reports = underWay.reports.map((report) => ({ ...report, startedAtMs: report.startedAtMs + 1 })).slice(0, 2);',
  },
  {
    name: 'answer-of-a-measurement-not-told',
    file: 'src/controller/analysis/run-controller.ts',
    find: '    underWay.reports.push(report);\n    this.#input.queue.add(key);\n',
    replace: '    underWay.reports.push(report);\n',
    shows: { scenario: 'analysis-good', family: 'http' },
  },
  {
    name: 'failed-analysis-ignored',
    file: 'src/core/rollout/step-experiment.ts',
    find: '  return failureText(world, position) ?? experimentFailure(world, position);',
    replace: '  return experimentFailure(world, position);',
  },
  {
    name: 'message-sent-without-looking',
    file: 'src/core/notification/delivery.ts',
    find: "  return state.search === undefined ? { type: 'search' } : { type: 'send' };",
    replace: "  return { type: 'send' };",
    shows: { scenario: 'abort-none-0', family: 'http' },
  },
  {
    name: 'message-sent-again-after-a-conflict',
    file: 'src/controller/notification/notification-controller.ts',
    find: '      deliveries.set(key, after);\n      if (after.notified) {',
    replace: '      if (!after.notified) deliveries.set(key, after);\n      if (after.notified) {',
    shows: { scenario: 'abort-none-0', family: 'errors' },
  },
  {
    name: 'message-without-claim',
    file: 'src/core/notification/claim.ts',
    find: '  if (claim.by !== by) return',
    replace: "  if (claim.by !== '') return { type: 'ours' };\n  if (claim.by !== by) return",
    shows: { scenario: 'abort-none-0', family: 'overlap' },
  },
  {
    name: 'message-not-recorded-before',
    file: 'src/controller/notification/notification-controller.ts',
    find: '    if (recorded?.key !== abort.key) return this.#claim({ rollout, ref, abort });',
    replace: '    if (recorded?.key !== abort.key) abort.claim;',
    shows: { scenario: 'abort-none-0', family: 'crash' },
  },
  {
    name: 'revert-not-looked-for',
    file: 'src/core/gitops/revert-guard.ts',
    find: '  return log.find((commit) => trailersOf(commit.message).get(TRAILERS.key.toLowerCase()) === key)?.id;',
    replace: '  return log.length < 0 ? key : undefined;',
    shows: { scenario: 'git', family: 'git' },
  },
  {
    name: 'old-declaration-applied',
    file: 'src/controller/git-source/git-source-pass.ts',
    find: '    if (this.#isCurrent !== undefined) return this.#isCurrent;',
    replace: '    this.#isCurrent ??= true;\n    if (this.#isCurrent) return true;',
    shows: { scenario: 'git', family: 'overlap' },
  },
  {
    name: 'weights-put-back-by-git',
    file: 'src/controller/git-source/apply-declaration.ts',
    find: '  const wanted = carryOver(stamped, live, pass.steering);',
    replace: '  const wanted = stamped;',
    shows: { scenario: 'git-good', family: 'git' },
  },
  {
    name: 'push-not-tried-again',
    file: 'src/core/gitops/journal.ts',
    find: "  return entry.state === 'Pending' || entry.state === 'Failed';",
    replace: "  return entry.state === 'Pending';",
    shows: { scenario: 'git', family: 'git' },
  },
];
