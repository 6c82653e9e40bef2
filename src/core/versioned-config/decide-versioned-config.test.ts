import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { VERSIONED_CONFIG_ANNOTATION } from '../../api/labels.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { Rollout } from '../../api/rollout.ts';
import { PureWorld, rolloutOf, type RolloutWishes } from '../../../test/support/pure-world.ts';
import { configKindOf, type ConfigObject } from './copy.ts';
import type { Observation } from '../observation.ts';
import { observe } from '../rollout/imagined-cluster.ts';
import { lookAt } from '../rollout/world.ts';
import { planCopies } from './plan-copies.ts';
import { configReferences } from './references.ts';
import type { ConfigObservation } from './resolve.ts';

const TEMPLATE = {
  metadata: { labels: { app: 'shop' } },
  spec: {
    containers: [
      {
        name: 'app',
        image: 'v1',
        envFrom: [{ configMapRef: { name: 'settings' } }],
        env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } }],
      },
    ],
    volumes: [{ name: 'extra', configMap: { name: 'extra', optional: true } }],
  },
} as const satisfies PodTemplateSpec;

const STEPS = { steps: [{ setWeight: 50 }, { pause: {} }] };

function configMap(value: string, more: Partial<ConfigObject> = {}): ConfigObject {
  const metadata = { name: 'settings', namespace: 'default', uid: 'config-1' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value }, ...more };
}

function secret(password: string, uid = 'secret-1'): ConfigObject {
  const metadata = { name: 'login', namespace: 'default', uid };
  return { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/basic-auth', metadata, data: { password } };
}

/** A Rollout whose template names a ConfigMap, a Secret, and a ConfigMap that need not be there. */
function shop(annotation: string | undefined, wishes: RolloutWishes = {}): Rollout {
  const rollout = rolloutOf({ replicas: 2, canary: STEPS, ...wishes, spec: { template: TEMPLATE, ...wishes.spec } });
  if (annotation === undefined) return rollout;
  return {
    ...rollout,
    metadata: { ...rollout.metadata, annotations: { [VERSIONED_CONFIG_ANNOTATION]: annotation } },
  };
}

const SOURCES = { 'configmap/settings': configMap('a'), 'secret/login': secret('cGFzcw=='), 'configmap/extra': null };

function versioned(annotation = 'true', wishes: RolloutWishes = {}): PureWorld {
  const world = new PureWorld(shop(annotation, wishes), { podStartMs: 1_000 });
  return observing(world, { sources: SOURCES, copies: [], refused: [] });
}

function observing(world: PureWorld, config: Partial<ConfigObservation>): PureWorld {
  const { sources = {}, copies = [], refused = [] } = world.cluster.config ?? {};
  world.cluster = { ...world.cluster, config: { sources, copies, refused, ...config } };
  return world;
}

function editSource(world: PureWorld, key: string, source: ConfigObject | null): PureWorld {
  return observing(world, { sources: { ...world.cluster.config?.sources, [key]: source } });
}

function copiesOf(world: PureWorld, kind: 'configmap' | 'secret' = 'configmap'): readonly ConfigObject[] {
  return (world.cluster.config?.copies ?? []).filter((copy) => configKindOf(copy) === kind);
}

/** What the pods of the wanted version read, by the name in the template. */
function contentRun(world: PureWorld, hash = world.status.currentPodHash): readonly unknown[] {
  const replicaSet = world.cluster.replicaSets.find(({ metadata }) => metadata.name === `shop-${hash}`);
  return configReferences(replicaSet?.spec.template ?? {}).map(({ name, kind }) => {
    const copy = copiesOf(world, kind).find(({ metadata }) => metadata.name === name);
    return copy === undefined ? name : copy.data;
  });
}

function invalidSpec(world: PureWorld): string | undefined {
  return world.status.conditions?.find(({ type }) => type === 'InvalidSpec')?.message;
}

function configLost(world: PureWorld): string | undefined {
  return world.status.conditions?.find(({ type }) => type === 'ConfigLost')?.message;
}

describe('a Rollout that versions its configuration', () => {
  test('runs immutable copies that it owns, and leaves its template and what is optional and missing alone', () => {
    const world = versioned().advance(5_000);

    assert.equal(world.status.phase, 'Healthy');
    assert.deepEqual(contentRun(world), ['extra', { value: 'a' }, { password: 'cGFzcw==' }]);
    assert.deepEqual(world.cluster.rollout.spec.template, TEMPLATE);
    const [copy] = copiesOf(world, 'secret');
    assert.equal(copy?.type, 'kubernetes.io/basic-auth');
    assert.equal(copy?.['immutable'], true);
    assert.equal(copy?.metadata.ownerReferences?.[0]?.name, 'shop');
    assert.equal(copiesOf(world).length, 1);
  });

  test('what a list does not name is no copy that could be lost, whatever its name looks like', () => {
    const world = versioned('configmap/settings');
    world.edit({ template: { spec: { volumes: [{ name: 'extra', configMap: { name: 'extra-0123456789' } }] } } });
    world.advance(5_000);
    assert.equal(world.status.phase, 'Healthy');
    assert.equal(configLost(world), undefined);

    observing(world, { sources: { 'configmap/settings': configMap('b') }, copies: [] }).quiesce();
    assert.match(configLost(world) ?? '', /^configmap "settings-\w+" of revision 1 was deleted/);
  });

  test('makes the copies before the ReplicaSet whose pods need them', () => {
    const world = versioned().advance(5_000);

    const made = world.cluster.writes.filter((write) => write.startsWith('create'));
    assert.deepEqual(
      made.map((write) => write.split(' ')[1]),
      ['ConfigMap', 'Secret', 'ReplicaSet'],
    );
  });

  test('takes new content through the steps, while the stable pods keep theirs', () => {
    const world = versioned().advance(5_000);
    const stable = world.status.stableRS;

    editSource(world, 'configmap/settings', configMap('b')).advance(5_000);

    assert.equal(world.status.phase, 'Paused');
    assert.equal(world.status.stableRS, stable);
    assert.notEqual(world.status.currentPodHash, stable);
    assert.deepEqual(contentRun(world)[1], { value: 'b' });
    assert.deepEqual(contentRun(world, stable)[1], { value: 'a' });
  });

  test('stays with the old content after an abort until the source, or the template, changes', () => {
    const world = versioned().advance(5_000);
    const stable = world.status.stableRS;
    editSource(world, 'configmap/settings', configMap('b')).advance(5_000);

    world.command({ abort: true }).advance(60_000);

    assert.equal(world.status.phase, 'Degraded');
    assert.equal(world.status.abort, true);
    const sizes = world.cluster.replicaSets.map(({ metadata, spec }) => [metadata.name, spec.replicas]);
    assert.deepEqual(Object.fromEntries(sizes)[`shop-${stable}`], 2);

    editSource(world, 'configmap/settings', configMap('a')).advance(5_000);

    assert.equal(world.status.phase, 'Healthy');
    assert.equal(world.status.currentPodHash, stable);
  });

  test('starts another update when the content changes once more after an abort', () => {
    const world = versioned().advance(5_000);
    editSource(world, 'configmap/settings', configMap('b')).advance(5_000);
    world.command({ abort: true }).advance(5_000);

    editSource(world, 'configmap/settings', configMap('c')).advance(5_000);

    assert.equal(world.status.abort, undefined);
    assert.equal(world.status.phase, 'Paused');
    assert.deepEqual(contentRun(world)[1], { value: 'c' });
  });

  test('goes back to earlier content within the rollback window without steps', () => {
    const world = versioned('true', { spec: { rollbackWindow: { revisions: 1 }, template: TEMPLATE } }).advance(5_000);
    for (const value of ['b', 'c']) {
      editSource(world, 'configmap/settings', configMap(value)).advance(5_000);
      world.command({ promoteFull: true }).advance(60_000);
    }

    editSource(world, 'configmap/settings', configMap('b')).advance(60_000);

    assert.equal(world.status.phase, 'Healthy');
    assert.deepEqual(contentRun(world, world.status.stableRS)[1], { value: 'b' });
    assert.ok(world.cluster.events.some(({ message }) => message.endsWith(': Rollback within window')));
  });

  test('shows new content in the preview of blue-green before it is switched to', () => {
    const blueGreen = { previewService: 'preview', autoPromotionEnabled: false };
    const world = versioned('true', { blueGreen }).advance(5_000);

    editSource(world, 'configmap/settings', configMap('b')).advance(5_000);

    const { activeSelector, previewSelector } = world.status.blueGreen ?? {};
    assert.deepEqual(contentRun(world, activeSelector)[1], { value: 'a' });
    assert.deepEqual(contentRun(world, previewSelector)[1], { value: 'b' });
    assert.equal(world.status.phase, 'Paused');
  });

  test('keeps a version whose template names its copies, as undo writes it, whatever becomes of the source', () => {
    const world = versioned('true', { canary: {} }).advance(5_000);
    const first = world.status.stableRS;
    const template = world.cluster.replicaSets[0]?.spec.template.spec;
    editSource(world, 'configmap/settings', configMap('b')).advance(10_000);
    assert.notEqual(world.status.stableRS, first);

    world.edit({ template: { spec: template } }).advance(10_000);
    assert.equal(world.status.stableRS, first);
    editSource(world, 'configmap/settings', configMap('c')).advance(10_000);

    assert.equal(world.status.stableRS, first);
    assert.deepEqual(contentRun(world)[1], { value: 'a' });
  });

  test('deletes a copy with the last version that names it', () => {
    const world = versioned('true', { canary: {}, spec: { revisionHistoryLimit: 1, template: TEMPLATE } });
    const found: unknown[] = [];
    for (const value of ['a', 'b', 'c', 'd']) {
      editSource(world, 'configmap/settings', configMap(value)).advance(60_000);
      found.push(copiesOf(world).map((copy) => copy.data?.['value']));
    }

    assert.deepEqual(found, [['a'], ['a', 'b'], ['b', 'c'], ['c', 'd']]);
    assert.equal(copiesOf(world, 'secret').length, 1);
  });

  test('makes a copy of the wanted version anew when it is gone', () => {
    const world = versioned().advance(5_000);
    const names = copiesOf(world).map(({ metadata }) => metadata.name);
    observing(world, { copies: copiesOf(world, 'secret') });

    world.pass();
    assert.equal(configLost(world), undefined);
    world.advance(5_000);

    assert.deepEqual(
      copiesOf(world).map(({ metadata }) => metadata.name),
      names,
    );
    assert.equal(world.cluster.replicaSets.length, 1);
  });

  test('says which version has lost what no source holds any more, until it runs no more', () => {
    const world = versioned().advance(5_000);
    const [old] = copiesOf(world);
    editSource(world, 'configmap/settings', configMap('b')).advance(5_000);
    assert.equal(configLost(world), undefined);

    observing(world, { copies: world.cluster.config?.copies.filter((copy) => copy !== old) }).advance(5_000);

    assert.match(configLost(world) ?? '', new RegExp(`^configmap "${old?.metadata.name}" of revision 1 was deleted: `));
    assert.equal(world.status.phase, 'Paused');
    world.command({ promoteFull: true }).advance(60_000);
    assert.equal(configLost(world), undefined);
    assert.equal(world.status.phase, 'Healthy');
  });

  test('takes another name for a copy when somebody else has it', () => {
    const first = versioned().advance(5_000);
    const [copy] = copiesOf(first);
    const world = versioned();
    world.taken = [copy?.metadata.name ?? ''];
    world.advance(5_000);
    const [other] = copiesOf(world);
    assert.notEqual(other?.metadata.name, copy?.metadata.name);

    // A controller that starts again knows nothing of the name that was taken.
    world.taken = [];
    const hash = world.status.currentPodHash;
    world.advance(5_000);

    assert.equal(world.status.currentPodHash, hash);
  });

  test('makes one copy of what several places name', () => {
    const volumes = [{ name: 'settings', configMap: { name: 'settings' } }];
    const spec = { template: { ...TEMPLATE, spec: { ...TEMPLATE.spec, volumes } } };
    const world = versioned('true', { spec }).advance(5_000);

    assert.equal(world.cluster.writes.filter((write) => write.startsWith('create ConfigMap')).length, 1);
    assert.deepEqual(contentRun(world).slice(0, 2), [{ value: 'a' }, { value: 'a' }]);
  });

  for (const effects of [0, 1, 2, 3]) {
    test(`ends the same when the controller dies after ${effects} writes of an update`, () => {
      const whole = editSource(versioned().advance(5_000), 'configmap/settings', configMap('b')).advance(5_000);
      const world = editSource(versioned().advance(5_000), 'configmap/settings', configMap('b'));

      world.pass(effects);
      world.advance(5_000);

      assert.equal(world.status.currentPodHash, whole.status.currentPodHash);
      assert.deepEqual(contentRun(world), contentRun(whole));
      assert.deepEqual(
        world.cluster.writes.filter((write) => write.startsWith('delete')),
        [],
      );
    });
  }

  test('keeps the copies of a version without a ReplicaSet while something that it names is missing', () => {
    const world = versioned();
    world.pass(1);
    assert.equal(copiesOf(world).length, 1);

    editSource(world, 'secret/login', null).advance(5_000);

    assert.equal(copiesOf(world).length, 1);
  });

  test('keeps what an Experiment runs', () => {
    const world = versioned('true', { canary: {}, spec: { revisionHistoryLimit: 0, template: TEMPLATE } });
    world.advance(5_000);
    const { copies } = world.cluster.config ?? {};
    const template = world.cluster.replicaSets[0]?.spec.template ?? {};
    const experiment: Experiment = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Experiment',
      metadata: { name: 'trial', namespace: 'default' },
      spec: { templates: [{ name: 'old', template }] },
      status: { phase: 'Running' },
    };
    editSource(world, 'configmap/settings', configMap('b')).advance(60_000);
    const observed = { ...observe(world.cluster), replicaSets: [], config: { ...world.cluster.config, copies } };

    assert.equal(planCopies(lookAt(observed as Observation)).remove.length, 1);
    assert.deepEqual(planCopies(lookAt({ ...observed, experiments: [experiment] } as Observation)).remove, []);
  });

  test('rests while nothing changes', () => {
    const world = versioned().advance(60_000);

    assert.equal(world.pass(), false);
  });
});

describe('what is versioned', () => {
  test('is only what a list names', () => {
    const world = versioned('configmap/settings').advance(5_000);

    assert.deepEqual(contentRun(world), ['extra', { value: 'a' }, 'login']);
  });

  test('is nothing without the annotation: the hash is that of the template', () => {
    const plain = new PureWorld(shop(undefined)).advance(5_000);
    const read = observing(new PureWorld(shop(undefined)), { sources: SOURCES }).advance(5_000);
    const refusing = observing(new PureWorld(shop('false')), { sources: SOURCES }).advance(5_000);

    assert.equal(read.status.currentPodHash, plain.status.currentPodHash);
    assert.equal(refusing.status.currentPodHash, plain.status.currentPodHash);
    assert.deepEqual(copiesOf(read), []);
  });

  test('goes by the content, and not by labels or annotations', () => {
    const world = versioned().advance(5_000);
    const hash = world.status.currentPodHash;
    const { metadata } = configMap('a');

    editSource(world, 'configmap/settings', configMap('a', { metadata: { ...metadata, labels: { team: 'x' } } }));
    world.advance(5_000);

    assert.equal(world.status.currentPodHash, hash);
  });

  test('shows nothing of a Secret in a name without the key that only its readers know', () => {
    const one = versioned().advance(5_000);
    const other = editSource(versioned(), 'secret/login', secret('cGFzcw==', 'secret-2')).advance(5_000);

    assert.notEqual(copiesOf(one, 'secret')[0]?.metadata.name, copiesOf(other, 'secret')[0]?.metadata.name);
  });
});

describe('what cannot be told', () => {
  test('holds the first version back, and says what is missing', () => {
    const world = editSource(versioned(), 'configmap/settings', null).advance(5_000);

    assert.equal(world.cluster.replicaSets.length, 0);
    assert.equal(
      invalidSpec(world),
      'The Rollout "shop" is invalid: spec.template.spec.containers[0].envFrom[0].configMapRef.name: ' +
        'Invalid value: "settings": configmap "settings" not found',
    );

    editSource(world, 'configmap/settings', configMap('a')).advance(5_000);

    assert.equal(world.status.phase, 'Healthy');
  });

  test('leaves what runs alone, and still aborts', () => {
    const world = versioned().advance(5_000);
    const stable = world.status.stableRS;
    editSource(world, 'configmap/settings', configMap('b')).advance(5_000);
    const updating = world.status.currentPodHash;

    editSource(world, 'configmap/settings', null).advance(5_000);
    assert.equal(world.status.currentPodHash, updating);
    assert.equal(copiesOf(world).length, 2);
    world.command({ abort: true }).advance(60_000);

    assert.equal(world.status.abort, true);
    assert.deepEqual(contentRun(world, stable)[1], { value: 'a' });
  });

  test('does not pass for a wish to go back to what ran before it was asked for', () => {
    const world = observing(new PureWorld(shop(undefined), { podStartMs: 1_000 }), { sources: SOURCES }).advance(5_000);
    const { metadata } = world.cluster.rollout;
    const annotations = { ...metadata.annotations, [VERSIONED_CONFIG_ANNOTATION]: 'true' };
    world.cluster = { ...world.cluster, rollout: { ...world.cluster.rollout, metadata: { ...metadata, annotations } } };
    world.advance(5_000);
    const updating = world.status.currentPodHash;
    assert.notEqual(updating, world.status.stableRS);

    editSource(world, 'configmap/settings', null).advance(5_000);

    assert.equal(world.status.currentPodHash, updating);
    assert.equal(world.status.abort, undefined);
  });

  test('says what to grant where the controller may not watch', () => {
    const world = observing(versioned(), { refused: ['secret'] }).advance(5_000);

    assert.equal(
      invalidSpec(world),
      'The Rollout "shop" is invalid: metadata.annotations[headgate.dev/versioned-config]: Forbidden: the controller ' +
        'may not watch secrets in namespace default; grant it get, list, watch, create and delete on them ' +
        '(chart value versionedConfig.enabled), or take the annotation away',
    );
    assert.equal(world.cluster.replicaSets.length, 0);
  });

  test('deletes nothing of a kind that it may not watch', () => {
    const world = versioned('true', { canary: {}, spec: { revisionHistoryLimit: 0, template: TEMPLATE } });
    world.advance(5_000);
    const { metadata } = world.cluster.rollout;
    const annotations = { ...metadata.annotations, [VERSIONED_CONFIG_ANNOTATION]: 'configmap/settings' };
    world.cluster = { ...world.cluster, rollout: { ...world.cluster.rollout, metadata: { ...metadata, annotations } } };

    observing(world, { refused: ['secret'] }).advance(60_000);
    assert.equal(copiesOf(world, 'secret').length, 1);
    observing(world, { refused: [] }).advance(60_000);

    assert.equal(copiesOf(world, 'secret').length, 0);
    assert.equal(world.status.phase, 'Healthy');
  });

  test('does not ask for a right that no reference needs', () => {
    const world = observing(versioned('configmap/settings'), { refused: ['secret'] }).advance(5_000);

    assert.equal(world.status.phase, 'Healthy');
  });

  for (const annotation of ['yes', 'settings', 'true,configmap/a', 'deployment/x', 'configmap/A']) {
    test(`refuses the annotation "${annotation}"`, () => {
      const world = versioned(annotation).advance(5_000);

      assert.match(
        invalidSpec(world) ?? '',
        /versioned-config\]: Invalid value: .*: use true, or configmap\/NAME and secret\/NAME separated by commas$/,
      );
    });
  }
});
