import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBundle } from '../../scripts/build.ts';
import { numberOf, readOptions } from '../../scripts/read-options.ts';
import { byCount, countOf, isByTime, isOfEvents } from './call-counts.ts';
import { benchConditions } from './conditions.ts';
import { benchDecisions } from './decisions.ts';
import { benchEmbedded } from './embedded.ts';
import { rounded, say, table } from './figures.ts';
import { benchListWatch } from './list-watch.ts';

/** What the parts cost on this machine, without a cluster. */
const USAGE = `
  npm run bench [-- OPTIONS]

  --n 50                      Rollouts that are updated at once on the embedded API
  --node-option=--cpu-prof    for the controller's Node, as often as wanted
  --json                      the figures as a line of JSON at the end
`;
const values = readOptions(USAGE, {
  n: { type: 'string', default: '50' },
  json: { type: 'boolean', default: false },
  'node-option': { type: 'string', multiple: true, default: [] },
});
const n = numberOf('--n', values.n);

const decisions = benchDecisions();
table('decisions', Object.entries(decisions));

const conditions = benchConditions();
table('conditions of metrics', Object.entries(conditions));

const listWatch = await benchListWatch();
table(
  'list and watch',
  Object.entries(listWatch).map(([name, value]: [string, number]) => [name, rounded(value, 1)]),
);

const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
const embedded = await benchEmbedded(n, {
  program: [await buildBundle(directory)],
  nodeOptions: values['node-option'],
}).finally(() => rmSync(directory, { recursive: true, force: true }));
const { calls, rollouts } = embedded;
const writesBesidesEvents = countOf(calls, (call) => !isByTime(call) && !isOfEvents(call)) / rollouts;
const eventWrites = countOf(calls, (call) => !isByTime(call) && isOfEvents(call)) / rollouts;
const update = {
  rollouts,
  writesBesidesEvents: rounded(writesBesidesEvents, 2),
  eventWrites: rounded(eventWrites, 2),
  wallS: rounded(embedded.wallS, 2),
  cpuMsPerRollout: rounded(embedded.cpuMsPerRollout, 1),
  peakMemoryMb: rounded(embedded.peakMemoryMb, 1),
  pauseLateP50Ms: embedded.pauseLateP50Ms,
  pauseLateP99Ms: embedded.pauseLateP99Ms,
};
table(`${rollouts} updates at once on the embedded API, for each completed Rollout`, Object.entries(update));
const writes = [...calls]
  .filter(([call]) => !isByTime(call))
  .sort(byCount)
  .map(([call, count]) => [call, rounded(count / rollouts, 2)] as const);
table('writes by verb and kind, for each completed Rollout', writes);

if (values.json) {
  say(JSON.stringify({ decisions, conditions, listWatch, update: { ...update, writes: Object.fromEntries(writes) } }));
}
