import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { createGit } from '../../src/adapters/git/git-cli.ts';
import { createKustomize } from '../../src/adapters/git/kustomize.ts';
import { createYamlParser } from '../../src/adapters/git/yaml-parser.ts';
import { connectTo } from '../../src/adapters/kube/connection.ts';
import { createKindDirectory } from '../../src/adapters/kube/kind-directory.ts';
import { createKube, type ConnectedKube } from '../../src/adapters/kube/kube.ts';
import { createWorkQueue } from '../../src/adapters/kube/work-queue.ts';
import { SILENT_LOG, SILENT_METRICS } from '../../src/adapters/telemetry/silent.ts';
import { customResourceDefinitions } from '../../src/api/crd/definitions.ts';
import type { GitSource, GitSourceSpec, StandardCondition } from '../../src/api/git-source.ts';
import { KINDS } from '../../src/api/kinds.ts';
import type { KubeObject, ResourceKind } from '../../src/api/kube-object.ts';
import { GitSourceController } from '../../src/controller/git-source/git-source-controller.ts';
import type { GitSourceOptions } from '../../src/controller/git-source/git-source-input.ts';
import { gatewayApiCrds } from '../../src/kube-memory/builtin/gateway-api.ts';
import { startKubeMemory } from '../../src/kube-memory/server.ts';
import { fastClock } from './fast-clock.ts';
import { createTestRepository, type TestRepository } from './git-server.ts';
import { sharedGuard } from './shared-guard.ts';

/** The Git loop between a real repository and the embedded API. Rollouts are moved by the test itself. */
export interface GitWorld {
  readonly origin: TestRepository;
  readonly kube: ConnectedKube;
  /** Every call of the controller that changed something, as `verb plural/name as user`. */
  readonly writes: string[];
  start(spec?: Partial<GitSourceSpec>): Promise<void>;
  /** Ends the controller and starts another one on the same cluster; its memory is lost. */
  restart(): Promise<void>;
  /** Asks for a pull and waits for it to be over and everything to be quiet. */
  pull(): Promise<GitSource>;
  source(): Promise<GitSource>;
  condition(type: string): Promise<StandardCondition | undefined>;
  get(kind: ResourceKind, name: string): Promise<KubeObject | undefined>;
  patch(kind: ResourceKind, name: string, body: unknown, subresource?: 'status'): Promise<void>;
  create(kind: ResourceKind, object: KubeObject): Promise<KubeObject>;
  events(): Promise<readonly string[]>;
  /** Folders in the state directory. */
  clones(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export const NAMESPACE = 'shop';
const WAIT_MS_MAX = 15_000;
const POLL_MS = 10;
const QUIET_MS = 25;
/** Backoffs of seconds pass in parts of a second. */
const CLOCK_SPEED = 20;

export async function openGitWorld(
  files: Readonly<Record<string, string>>,
  options: Partial<GitSourceOptions> & { readonly url?: (origin: TestRepository) => string } = {},
): Promise<GitWorld> {
  const clock = fastClock(CLOCK_SPEED);
  const origin = await createTestRepository(files);
  const state = await mkdtemp(join(tmpdir(), 'headgate-state-'));
  const writes: string[] = [];
  const server = await startKubeMemory({
    clock,
    record: (facts) => {
      if (['get', 'list', 'watch'].includes(facts.verb) || facts.resource === 'events') return;
      if (facts.fieldManager === 'test') return;
      writes.push(`${facts.verb} ${facts.resource}/${facts.name} as ${facts.user.username}`);
    },
  });
  const kube = createKube({
    connection: connectTo({ url: server.url, clock }),
    clock,
    random: Math.random,
    log: SILENT_LOG,
    metrics: SILENT_METRICS,
  });
  const admin = { fieldManager: 'test' };
  for (const object of [...customResourceDefinitions(), ...gatewayApiCrds] as unknown as readonly KubeObject[]) {
    await kube.writer.write({ verb: 'create', kind: KINDS.customResourceDefinition, object }, admin);
  }
  await kube.writer.write(
    {
      verb: 'create',
      kind: KINDS.namespace,
      object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    },
    admin,
  );
  let running: {
    readonly controller: GitSourceController;
    stop(): Promise<void>;
    readonly passes: { count: number; busy: number };
  };

  async function startController(): Promise<void> {
    const own = createKube({
      connection: connectTo({ url: server.url, clock }),
      clock,
      random: Math.random,
      log: SILENT_LOG,
      metrics: SILENT_METRICS,
      guard: sharedGuard,
    });
    const passes = { count: 0, busy: 0 };
    const queue = createWorkQueue({
      clock,
      random: Math.random,
      log: SILENT_LOG,
      metrics: SILENT_METRICS.queue('git'),
    });
    const counted = {
      ...queue,
      get length() {
        return queue.length;
      },
      run: (workers: number, handle: Parameters<typeof queue.run>[1]) =>
        queue.run(workers, async (key) => {
          passes.busy += 1;
          try {
            return await handle(key);
          } finally {
            passes.busy -= 1;
            passes.count += 1;
          }
        }),
    };
    const errors = {
      ...SILENT_LOG,
      error: (facts: object, message: string) =>
        process.stderr.write(
          `${message} ${JSON.stringify(facts)} ${String((facts as { cause?: unknown }).cause)} ${(facts as { cause?: Error }).cause?.stack}\n`,
        ),
    };
    const controller = new GitSourceController({
      kube: own,
      kinds: createKindDirectory(own.client, clock),
      queue: counted,
      clock,
      random: () => 0.5,
      telemetry: { log: { ...errors, child: () => errors as never } as never, metrics: SILENT_METRICS },
      git: createGit({ stateDirectory: state, extraProtocols: ['file', 'http'] }),
      yaml: createYamlParser(),
      kustomize: createKustomize(),
      options: { workers: 1, scope: 'own-namespace', fileUrls: 'allowed', ...options },
    });
    // Opened as the controllers of Rollouts and runs do.
    own.caches.open(KINDS.replicaSet, { labelSelector: 'rollouts-pod-template-hash' });
    own.caches.open(KINDS.analysisRun, {});
    await own.caches.whenSynced();
    controller.start();
    running = {
      controller,
      passes,
      async stop() {
        await queue.stop();
        await own.events.flush(5_000);
        await own.close();
      },
    };
  }

  const world: GitWorld = {
    origin,
    kube,
    writes,
    async start(spec = {}) {
      await world.create(KINDS.gitSource, {
        apiVersion: 'headgate.dev/v1alpha1',
        kind: 'GitSource',
        metadata: { name: 'app', namespace: NAMESPACE },
        spec: {
          url: options.url?.(origin) ?? origin.url,
          path: 'app',
          interval: '1h',
          onAbort: 'Push',
          prune: true,
          ...spec,
        },
      });
      await startController();
      await settle();
    },
    async restart() {
      await running.stop();
      await startController();
      await settle();
    },
    async pull() {
      const before = running.passes.count;
      running.controller.pullNow(`${NAMESPACE}/app`);
      await until('a pull', async () => running.passes.count > before);
      await settle();
      return world.source();
    },
    async source() {
      const found = await world.get(KINDS.gitSource, 'app');
      if (found === undefined) throw new Error('there is no GitSource');
      return found as GitSource;
    },
    async condition(type) {
      return (await world.source()).status?.conditions?.find((condition) => condition.type === type);
    },
    get: (kind, name) => kube.reader.get({ kind, namespace: NAMESPACE, name }),
    async patch(kind, name, body, subresource) {
      await kube.writer.write(
        {
          verb: 'patch',
          ref: { kind, namespace: NAMESPACE, name },
          patchType: 'merge',
          body,
          ...(subresource === undefined ? {} : { subresource }),
        },
        admin,
      );
    },
    async create(kind, object) {
      const created = await kube.writer.write({ verb: 'create', kind, object }, admin);
      if (created === undefined) throw new Error(`creating ${object.kind} gave nothing`);
      return created;
    },
    async events() {
      const found = await kube.reader.list(KINDS.event, { namespace: NAMESPACE });
      return found.map(
        (event) =>
          `${(event['involvedObject'] as { kind: string }).kind} ${String(event['reason'])}: ${String(event['message'])}`,
      );
    },
    clones: () => readdir(state),
    async close() {
      await running?.stop();
      await kube.close();
      await server.stop();
      await origin.remove();
      await rm(state, { recursive: true, force: true });
    },
  };

  /** Quiet: no pass under way or waiting, and none begun for a moment. */
  async function settle(): Promise<void> {
    let last = -1;
    await until('the controller to be quiet', async () => {
      const isQuiet = running.passes.busy === 0 && running.passes.count === last && running.passes.count > 0;
      last = running.passes.count;
      await delay(QUIET_MS);
      return isQuiet && running.passes.busy === 0;
    });
  }
  return world;
}

/** Polls until `look` is true. */
export async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + WAIT_MS_MAX;
  while (!(await look())) {
    if (Date.now() > endMs) throw new Error(`waited ${WAIT_MS_MAX / 1_000} s for ${what}`);
    await delay(POLL_MS);
  }
}
