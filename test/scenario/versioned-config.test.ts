import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { headgate } from '../support/cli.ts';
import { createTestRepository } from '../support/git-server.ts';
import { canaryRollout, podTemplate } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

const STEPS = [{ setWeight: 50 }, { pause: {} }];
const ANNOTATION = 'headgate.dev/versioned-config';
const COPY_LABEL = 'headgate.dev/config-copy';

onEachControlPlane('versioned configuration', { concurrency: 8 }, (name) => {
  const stage = stageOn(name, { gitAllowFile: true });
  const story = storiesOn(stage, 'config');

  story(
    'an edit of a ConfigMap is an update; aborted, the old content runs until the source changes',
    async (scene) => {
      await scene.apply(configMap('settings', 'a'), shop());
      const installed = await scene.untilPhase('shop', 'Healthy');
      assert.deepEqual(await contentsRun(scene), ['a']);

      await scene.apply(configMap('settings', 'b'));
      await scene.untilPhase('shop', 'Paused');
      assert.deepEqual(await contentsRun(scene), ['a', 'b']);

      await scene.patchStatus('shop', { abort: true });
      await scene.untilRollout(
        'shop',
        'back',
        ({ status }) => status.phase === 'Degraded' && status.updatedReplicas === 0,
      );
      assert.deepEqual(await contentsRun(scene), ['a']);
      const held = await stage.untilQuiet(scene);
      await stage.wakeAll();
      assert.deepEqual(await stage.untilQuiet(scene), held);

      await scene.apply(configMap('settings', 'c'));
      await scene.untilPhase('shop', 'Paused');
      assert.deepEqual(await contentsRun(scene), ['a', 'c']);

      await scene.apply(configMap('settings', 'a'));
      const restored = await scene.untilPhase('shop', 'Healthy');
      assert.equal(restored['status'].currentPodHash, installed['status'].currentPodHash);
      assert.deepEqual(restored['spec'].template, installed['spec'].template);
    },
  );

  story('a copy is immutable, is made anew, and goes with the last version that names it', async (scene) => {
    const spec = { revisionHistoryLimit: 0 };
    await scene.apply(configMap('settings', 'a'), shop({ spec, steps: [] }));
    await scene.untilPhase('shop', 'Healthy');
    const [copy] = await copiesIn(scene);
    // So that it goes with the Rollout, too.
    assert.equal(copy?.metadata.ownerReferences?.[0]?.uid, (await scene.rollout('shop')).metadata.uid);
    const path = scene.path('configmaps', copy?.metadata.name);
    await assert.rejects(scene.api.patch(path, { data: { value: 'x' } }), /immutable/);
    await scene.api.delete(path);
    await until('the copy to be there again', () => scene.get('configmaps', copy?.metadata.name ?? ''));

    await scene.apply(configMap('settings', 'b'));
    await until('the old copy to go', async () => {
      const values = (await copiesIn(scene)).map((object) => object['data'].value);
      return values.join() === 'b';
    });
  });

  story('what is applied together is one update', async (scene) => {
    await scene.apply(configMap('settings', 'a'), shop());
    await scene.untilPhase('shop', 'Healthy');

    await scene.apply(configMap('settings', 'b'));
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    assert.deepEqual(await contentsRun(scene), ['a', 'b']);
    assert.equal((await scene.replicaSets()).length, 2);
  });

  story('undo brings back what the revision read, though the source has other content', async (scene) => {
    await scene.apply(configMap('settings', 'a'), shop({ steps: [] }));
    const first = await scene.untilPhase('shop', 'Healthy');
    await scene.apply(configMap('settings', 'b'));
    await until('the new content', async () => (await contentsRun(scene)).join() === 'b');
    await scene.untilPhase('shop', 'Healthy');

    const { kubeconfig } = stage.cluster;
    const { code, err } = await headgate(['undo', 'shop', '-n', scene.namespace], { kubeconfig });
    assert.equal(code, 0);
    assert.match(err, /names the ConfigMaps and Secrets of that revision/);
    const back = await scene.untilRollout('shop', 'back', ({ status }) => {
      return status.phase === 'Healthy' && status.stableRS === first['status'].stableRS;
    });
    assert.equal(back['status'].currentPodHash, first['status'].currentPodHash);
    await scene.apply(configMap('settings', 'c'));
    await stage.wakeAll();
    await stage.untilQuiet(scene);
    assert.deepEqual(await contentsRun(scene), ['a']);

    await scene.apply(shop({ steps: [] }));
    await until('the content of the source again', async () => (await contentsRun(scene)).join() === 'c');
  });

  story('an abort of a commit that changed a ConfigMap alone is reverted in Git', async (scene) => {
    const origin = await createTestRepository({
      'app/rollout.yaml': JSON.stringify(shop()),
      'app/settings.yaml': JSON.stringify(configMap('settings', 'a')),
    });
    try {
      await scene.apply(...deployer(scene.namespace), gitSource(origin.url));
      await until('the Rollout to come from Git', () => scene.get('rollouts.argoproj.io', 'shop'));
      const installed = await scene.untilPhase('shop', 'Healthy');
      await origin.commit({ 'app/settings.yaml': JSON.stringify(configMap('settings', 'b')) }, 'settings b');
      const promoted = await updated(scene, installed);
      await scene.patchStatus('shop', { promoteFull: true });
      await scene.untilPhase('shop', 'Healthy');
      await origin.commit({ 'app/settings.yaml': JSON.stringify(configMap('settings', 'c')) }, 'settings c');
      await updated(scene, promoted);

      await scene.patchStatus('shop', { abort: true });
      const back = await scene.untilRollout('shop', 'back', ({ status }) => {
        return status.phase === 'Healthy' && status.stableRS === promoted['status'].currentPodHash;
      });

      assert.equal(await origin.show('main:app/settings.yaml'), JSON.stringify(configMap('settings', 'b')));
      assert.deepEqual(await contentsRun(scene), ['b']);
      assert.equal(back['status'].abort, undefined);
    } finally {
      await origin.remove();
    }
  });

  story('two Rollouts share a ConfigMap, and each keeps its own versions', async (scene) => {
    await scene.apply(configMap('settings', 'a'), shop(), shop({ name: 'till', steps: [] }));
    await scene.untilPhase('shop', 'Healthy');
    await scene.untilPhase('till', 'Healthy');

    await scene.apply(configMap('settings', 'b'));
    await scene.untilPhase('shop', 'Paused');
    await until('the other to run the new content', async () => {
      const { status } = await scene.rollout('till');
      return status.phase === 'Healthy' && (await contentsRun(scene, 'till')).join() === 'b';
    });

    assert.deepEqual(await contentsRun(scene, 'shop'), ['a', 'b']);
  });

  story('a Secret is copied with its type, and none of it is told', async (scene) => {
    const value = 'aHVudGVyMg==';
    const metadata = { name: 'login' };
    const type = 'kubernetes.io/basic-auth';
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type, data: { password: value } };
    const env = [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } }];
    await scene.apply(secret, shop({ container: { env }, spec: { revisionHistoryLimit: 0 } }));
    await scene.untilPhase('shop', 'Healthy');
    const [copy] = await copiesIn(scene, 'secrets');
    assert.equal(copy?.['type'], type);
    assert.equal(copy?.['immutable'], true);

    await scene.apply({ ...secret, data: { password: 'c2Vzc2Ft' } });
    const paused = await scene.untilPhase('shop', 'Paused');

    assert.equal((await copiesIn(scene, 'secrets')).length, 2);
    const told = JSON.stringify([paused, await scene.replicaSets(), await scene.list('events')]);
    for (const text of [value, 'hunter2', 'c2Vzc2Ft', 'sessam']) assert.ok(!told.includes(text));
    await scene.patchStatus('shop', { promoteFull: true });
    await until('the old copy to go', async () => (await copiesIn(scene, 'secrets')).length === 1);
  });

  story('what is missing is named and waited for, unless it is optional', async (scene) => {
    const volumes = [{ name: 'extra', configMap: { name: 'extra', optional: true } }];
    await scene.apply(shop({ pod: { volumes } }));
    const broken = await scene.untilPhase('shop', 'Degraded');
    assert.match(conditionOf(broken, 'InvalidSpec')?.message ?? '', /configmap "settings" not found$/);

    await scene.apply(configMap('settings', 'a'));
    const installed = await scene.untilPhase('shop', 'Healthy');
    await scene.apply(configMap('extra', 'now it is there'));
    const paused = await scene.untilPhase('shop', 'Paused');

    assert.notEqual(paused['status'].currentPodHash, installed['status'].currentPodHash);
  });

  story('the name of a copy that is somebody else’s is left to them', async (scene) => {
    await scene.apply(configMap('settings', 'a'), shop());
    await scene.untilPhase('shop', 'Healthy');
    const [copy] = await copiesIn(scene);
    const mine = copy?.metadata.name ?? '';
    const rollout = await scene.rollout('shop');
    await scene.patchSpec('shop', { paused: true });
    await scene.api.patch(scene.path('rollouts.argoproj.io', 'shop'), {
      metadata: { annotations: { [ANNOTATION]: null } },
    });
    // Without the annotation the copy is kept, since the stable version names it; somebody takes its place.
    await scene.api.delete(scene.path('configmaps', mine));
    await scene.apply(configMap(mine, 'mine'));
    await scene.api.patch(scene.path('rollouts.argoproj.io', 'shop'), {
      metadata: { annotations: { [ANNOTATION]: 'true' } },
      spec: { paused: false },
    });
    await scene.untilPhase('shop', 'Paused');

    const names = (await copiesIn(scene)).map(({ metadata }) => metadata.name);
    assert.equal(names.length, 1);
    assert.notEqual(names[0], mine);
    assert.equal((await scene.get('configmaps', mine))?.['data'].value, 'mine');
    assert.deepEqual((await scene.rollout('shop'))['spec'].template, rollout['spec'].template);
  });

  story('the template of a Deployment is versioned with what it names', async (scene) => {
    const template = templateNaming({});
    const selector = { matchLabels: { app: 'shop' } };
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' } };
    const { spec, ...rest } = shop() as unknown as Manifest;
    const { template: _, selector: __, ...own } = spec;
    const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' };
    await scene.apply(
      configMap('settings', 'a'),
      { ...deployment, spec: { replicas: 0, selector, template } },
      { ...rest, spec: { ...own, workloadRef } },
    );
    await scene.untilPhase('shop', 'Healthy');

    await scene.apply(configMap('settings', 'b'));
    await scene.untilPhase('shop', 'Paused');

    assert.deepEqual(await contentsRun(scene), ['a', 'b']);
  });
});

onEachControlPlane('configuration that no Rollout versions', {}, (name) => {
  const stage = stageOn(name);
  const story = storiesOn(stage, 'plain');

  story('is never read, and of others only what a template names', async (scene) => {
    await scene.apply(configMap('settings', 'a'), shop({ annotations: {} }));
    await scene.untilPhase('shop', 'Healthy');
    assert.deepEqual(stage.configReads(), []);
    const hash = (await scene.rollout('shop'))['status'].currentPodHash;

    await scene.apply(configMap('settings', 'b'));
    await stage.wakeAll();
    await stage.untilQuiet(scene);

    assert.equal((await scene.rollout('shop'))['status'].currentPodHash, hash);
    assert.deepEqual(await copiesIn(scene), []);
    assert.deepEqual(stage.configReads(), []);

    await scene.api.patch(scene.path('rollouts.argoproj.io', 'shop'), {
      metadata: { annotations: { [ANNOTATION]: 'true' } },
    });
    await scene.untilPhase('shop', 'Paused');
    assert.deepEqual(stage.configReads(), [`configmaps -l ${COPY_LABEL}`, `configmaps ${scene.namespace}/settings`]);
  });
});

interface ShopWishes {
  readonly name?: string;
  readonly steps?: readonly unknown[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly container?: Readonly<Record<string, unknown>>;
  readonly pod?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function shop(wishes: ShopWishes = {}): Record<string, unknown> {
  const { name = 'shop', steps = STEPS, annotations = { [ANNOTATION]: 'true' }, spec = {} } = wishes;
  const template = templateNaming({ app: name, ...wishes });
  return canaryRollout({ name, replicas: 2, steps, annotations, spec: { template, ...spec } });
}

/** Pods that read the ConfigMap `settings`, unless their container is told otherwise. */
function templateNaming({
  app = 'shop',
  container = { envFrom: [{ configMapRef: { name: 'settings' } }] },
  pod = {},
}: Pick<ShopWishes, 'container' | 'pod'> & { readonly app?: string }): Record<string, unknown> {
  const template = podTemplate(app, 'shop:1') as { spec: { containers: object[] } };
  const containers = template.spec.containers.map((plain) => ({ ...plain, ...container }));
  return { ...template, spec: { ...template.spec, ...pod, containers } };
}

function configMap(name: string, value: string): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } };
}

/** Pulled often, so that nobody has to wait. */
function gitSource(url: string): Record<string, unknown> {
  const spec = { url, path: 'app', interval: '1s', onAbort: 'Push', serviceAccountName: 'deployer' };
  return { apiVersion: 'headgate.dev/v1alpha1', kind: 'GitSource', metadata: { name: 'shop' }, spec };
}

function deployer(namespace: string): readonly Record<string, unknown>[] {
  const group = 'rbac.authorization.k8s.io';
  const metadata = { name: 'deployer' };
  const rules = [
    {
      apiGroups: ['', 'argoproj.io'],
      resources: ['configmaps', 'rollouts'],
      verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    },
  ];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${group}/v1`, kind: 'Role', metadata, rules },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name: 'deployer' },
      subjects: [{ kind: 'ServiceAccount', name: 'deployer', namespace }],
    },
  ];
}

/** The Rollout once an update after this one has come to its pause. */
function updated(scene: Scene, before: Manifest): Promise<Manifest> {
  return scene.untilRollout('shop', 'updated', ({ status }) => {
    return status.phase === 'Paused' && status.currentPodHash !== before['status'].currentPodHash;
  });
}

async function copiesIn(scene: Scene, resource = 'configmaps'): Promise<readonly Manifest[]> {
  return (await scene.list(resource)).filter(({ metadata }) => metadata.labels?.[COPY_LABEL] !== undefined);
}

/** What the versions that have pods read, the oldest first. */
async function contentsRun(scene: Scene, app = 'shop'): Promise<readonly string[]> {
  const replicaSets = (await scene.replicaSets()).filter(
    (object) => object['spec'].replicas > 0 && object.metadata.labels?.['app'] === app,
  );
  const contents = replicaSets.map(async (object) => {
    const name: string = object['spec'].template.spec.containers[0].envFrom[0].configMapRef.name;
    return (await scene.get('configmaps', name))?.['data'].value as string;
  });
  return Promise.all(contents);
}
