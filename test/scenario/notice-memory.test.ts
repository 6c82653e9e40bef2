import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectTo } from '../../src/adapters/kube/connection.ts';
import { createKube } from '../../src/adapters/kube/kube.ts';
import { createWorkQueue } from '../../src/adapters/kube/work-queue.ts';
import { SILENT_LOG, SILENT_METRICS } from '../../src/adapters/telemetry/silent.ts';
import { customResourceDefinitions } from '../../src/api/crd/definitions.ts';
import type { GitSource } from '../../src/api/git-source.ts';
import { KINDS } from '../../src/api/kinds.ts';
import type { KubeObject } from '../../src/api/kube-object.ts';
import { NotificationController } from '../../src/controller/notification/notification-controller.ts';
import { openRolloutCaches } from '../../src/controller/rollout/caches.ts';
import { startKubeMemory } from '../../src/kube-memory/server.ts';
import type { HttpResponse } from '../../src/ports/http.ts';
import { fastClock } from '../support/fast-clock.ts';
import { until } from '../support/git-world.ts';
import { canaryRollout } from '../support/manifests.ts';

test('a Rollout that is deleted while somebody is told of its abort leaves nothing in memory', async (t) => {
  const clock = fastClock(20);
  const server = await startKubeMemory({ clock });
  const kube = createKube({
    connection: connectTo({ url: server.url, clock }),
    clock,
    random: Math.random,
    log: SILENT_LOG,
    metrics: SILENT_METRICS,
  });
  const queue = createWorkQueue({ clock, random: Math.random, log: SILENT_LOG, metrics: SILENT_METRICS.queue('n') });
  t.after(async () => {
    await queue.stop();
    await kube.close();
    await server.stop();
  });
  const create = (kind: typeof KINDS.rollout, object: unknown): Promise<unknown> =>
    kube.writer.write({ verb: 'create', kind, object: object as KubeObject }, { fieldManager: 'test' });
  for (const definition of customResourceDefinitions()) await create(KINDS.customResourceDefinition, definition);
  await create(KINDS.secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'slack', namespace: 'default' },
    data: { token: 'eG94Yg==' },
  });
  const answers: ((response: HttpResponse) => void)[] = [];
  const caches = openRolloutCaches(kube.caches, {});
  const notices = new NotificationController({
    kube,
    caches,
    gitSources: kube.caches.open<GitSource>(KINDS.gitSource, {}),
    http: { send: () => new Promise((resolve) => answers.push(resolve)), close: () => {} },
    queue,
    clock,
    telemetry: { log: SILENT_LOG, metrics: SILENT_METRICS },
    identity: 'here',
    options: {
      slack: {
        apiUrl: 'http://slack.test/api',
        defaultRecipient: 'deliveries',
        credential: { namespace: 'default', name: 'slack', key: 'token' },
      },
    },
  });
  await kube.caches.whenSynced();
  notices.start();
  const abortedAt = new Date(clock.nowMs()).toISOString();
  await create(KINDS.rollout, {
    ...canaryRollout({ name: 'shop', replicas: 1, steps: [] }),
    metadata: { name: 'shop', namespace: 'default' },
  });
  const ref = { kind: KINDS.rollout, namespace: 'default', name: 'shop' };
  const status = { abort: true, abortedAt, currentPodHash: 'bad', stableRS: 'good' };
  await kube.writer.write({ verb: 'patch', ref, patchType: 'merge', subresource: 'status', body: { status } });
  await until('somebody to be told', async () => answers.length > 0);
  assert.equal(notices.remembered, 1);

  await kube.writer.write({ verb: 'delete', ref }, { fieldManager: 'test' });
  await until('it to be gone', async () => caches.rollouts.get('default', 'shop') === undefined);
  answers.forEach((answer) => answer({ status: 503, headers: {}, body: '' }));

  await until('it to be forgotten', async () => notices.remembered === 0);
});
