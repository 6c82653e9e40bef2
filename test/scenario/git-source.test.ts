import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { KINDS } from '../../src/api/kinds.ts';
import type { ResourceKind } from '../../src/api/kube-object.ts';
import { NAMESPACE, openGitWorld, until, type GitWorld } from '../support/git-world.ts';
import { configMapYaml, rolloutYaml, routeYaml, serviceYaml, shopFiles } from '../support/git-manifests.ts';

async function open(
  t: TestContext,
  files: Record<string, string> = shopFiles(),
  options: Parameters<typeof openGitWorld>[1] = {},
): Promise<GitWorld> {
  const world = await openGitWorld(files, options);
  t.after(() => world.close());
  return world;
}

async function valueOf(world: GitWorld, name = 'settings'): Promise<unknown> {
  return ((await world.get(KINDS.configMap, name))?.['data'] as { value?: unknown } | undefined)?.value;
}

async function specOf(world: GitWorld, kind: ResourceKind, name: string): Promise<Record<string, unknown>> {
  return ((await world.get(kind, name))?.['spec'] ?? {}) as Record<string, unknown>;
}

test('a commit is applied as the account of the GitSource, recorded, and applied no second time', async (t) => {
  const world = await open(t);

  await world.start();

  const source = await world.source();
  const head = await world.origin.head();
  assert.equal((await world.condition('Ready'))?.status, 'True', JSON.stringify(source.status?.conditions));
  assert.equal(source.status?.lastAppliedRevision, head);
  assert.equal(source.status?.inventory?.entries?.length, 5);
  const rollout = await world.get(KINDS.rollout, 'shop');
  assert.equal(rollout?.metadata.annotations?.['headgate.dev/commit'], head);
  assert.equal(rollout?.metadata.annotations?.['headgate.dev/path'], 'app/rollout.yaml');
  const managers = rollout?.metadata.managedFields ?? [];
  assert.ok(managers.some((entry) => entry.manager === 'headgate-gitops' && entry.operation === 'Apply'));
  const applies = world.writes.filter((write) => write.includes('rollouts/'));
  assert.deepEqual(applies, ['apply rollouts/shop as system:serviceaccount:shop:default']);

  world.writes.length = 0;
  await world.pull();
  await world.restart();
  assert.deepEqual(world.writes, []);
});

test('drift is put right: at once for kinds that are watched, at the next pull for others', async (t) => {
  const world = await open(t);
  await world.start();

  await world.patch(KINDS.service, 'shop-stable', { spec: { selector: { app: 'wrong' } } });
  await until('the Service to be put right', async () => {
    return JSON.stringify((await specOf(world, KINDS.service, 'shop-stable'))['selector']) === '{"app":"shop"}';
  });
  await world.patch(KINDS.configMap, 'settings', { data: { value: 'hacked' } });
  await world.pull();

  assert.equal(await valueOf(world), 'one');
});

test('drift is not put right with a declaration that is older than the branch', async (t) => {
  const world = await open(t);
  await world.start();
  await world.origin.commit({
    'app/services.yaml': serviceYaml('shop-stable', 'newer') + '---\n' + serviceYaml('shop-canary'),
  });
  world.writes.length = 0;

  // As another process, or a person, applies the new commit before this one has read it.
  await world.patch(KINDS.service, 'shop-stable', { spec: { selector: { app: 'newer' } } });
  await until('the new commit to be read', async () => {
    return (await world.source()).status?.lastAppliedRevision === (await world.origin.head());
  });

  assert.deepEqual((await specOf(world, KINDS.service, 'shop-stable'))['selector'], { app: 'newer' });
  assert.equal(world.writes.filter((write) => write.includes('services/shop-stable')).length, 1);
});

test('leaves that the controller steers are carried over and are no drift', async (t) => {
  const world = await open(t);
  await world.start();
  const selector = { app: 'shop', 'rollouts-pod-template-hash': 'abc' };
  await world.patch(KINDS.service, 'shop-canary', { spec: { selector } });
  const backendRefs = [
    { name: 'shop-stable', port: 80, weight: 80 },
    { name: 'shop-canary', port: 80, weight: 20 },
  ];
  await world.patch(KINDS.httpRoute, 'shop', { spec: { rules: [{ backendRefs }] } });
  world.writes.length = 0;

  await world.pull();
  assert.deepEqual(world.writes, []);
  await world.origin.commit({
    'app/route.yaml': routeYaml().replace('- name: gateway', '- name: other'),
    'app/services.yaml': `${serviceYaml('shop-stable')}---\n${serviceYaml('shop-canary').replace('8080', '9090')}`,
  });
  await world.pull();

  const route = await specOf(world, KINDS.httpRoute, 'shop');
  assert.match(JSON.stringify(route['parentRefs']), /other/);
  assert.match(JSON.stringify(route['rules']), /shop-stable[^}]*"weight":80.*shop-canary[^}]*"weight":20/);
  const service = await specOf(world, KINDS.service, 'shop-canary');
  assert.deepEqual(service['selector'], selector);
  assert.match(JSON.stringify(service['ports']), /9090/);
});

test('a malformed file is named with its line, harms no other file, and deletes nothing', async (t) => {
  const world = await open(t);
  await world.start();

  await world.origin.commit({
    'app/settings.yaml': 'apiVersion: v1\nkind: ConfigMap\n  metadata: [\n',
    'app/route.yaml': undefined,
    'app/more.yaml': configMapYaml('more', 'x'),
  });
  await world.pull();

  const ready = await world.condition('Ready');
  assert.equal(ready?.status, 'False');
  assert.match(ready?.message ?? '', /app\/settings\.yaml:3: malformed YAML/);
  assert.equal((await world.condition('Stalled'))?.status, 'True');
  assert.equal(await valueOf(world), 'one');
  assert.equal(await valueOf(world, 'more'), 'x');
  assert.notEqual(await world.get(KINDS.httpRoute, 'shop'), undefined);
  await until('an event', async () =>
    (await world.events()).some((line) => line.startsWith('GitSource UnreadableManifests')),
  );

  await world.origin.commit({ 'app/settings.yaml': configMapYaml('settings', 'two') });
  await world.pull();
  assert.equal((await world.condition('Ready'))?.status, 'True');
  assert.equal(await valueOf(world), 'two');
  assert.equal(await world.get(KINDS.httpRoute, 'shop'), undefined);
});

test('what leaves the repository is deleted with prune, unless it is kept by annotation or everything is gone', async (t) => {
  const kept = configMapYaml('kept', 'x').replace(
    '  name: kept',
    '  name: kept\n  annotations: {headgate.dev/prune: disabled}',
  );
  const world = await open(t, { ...shopFiles(), 'app/kept.yaml': kept });
  await world.start();

  await world.origin.commit({ 'app/route.yaml': undefined, 'app/kept.yaml': undefined });
  await world.pull();
  assert.equal(await world.get(KINDS.httpRoute, 'shop'), undefined);
  assert.notEqual(await world.get(KINDS.configMap, 'kept'), undefined);

  await world.origin.commit({
    'app/rollout.yaml': undefined,
    'app/services.yaml': undefined,
    'app/settings.yaml': undefined,
    'app/note.txt': 'empty',
  });
  await world.pull();
  assert.notEqual(await world.get(KINDS.rollout, 'shop'), undefined);
  assert.equal((await world.condition('Ready'))?.reason, 'PruneHeldBack');
});

test('a field that the API server does not know is named, and the rest is applied', async (t) => {
  const rollout = rolloutYaml().replace('  replicas: 2', '  replicaas: 3\n  replicas: 2');
  const world = await open(t, { ...shopFiles(), 'app/rollout.yaml': rollout });

  await world.start();

  const ready = await world.condition('Ready');
  assert.equal(ready?.status, 'False');
  assert.match(ready?.message ?? '', /app\/rollout\.yaml:2: .*replicaas/);
  assert.equal(await valueOf(world), 'one');
});

test('other namespaces, kinds of the cluster, unknown kinds and foreign objects are refused one by one', async (t) => {
  const world = await open(t, {
    'app/a.yaml': configMapYaml('elsewhere', 'x').replace(
      '  name: elsewhere',
      '  name: elsewhere\n  namespace: kube-system',
    ),
    'app/b.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: mine}\n',
    'app/c.yaml': 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n',
    'app/d.yaml': configMapYaml('flux', 'x'),
    'app/e.yaml': `${configMapYaml('good', 'x')}---\n${configMapYaml('good', 'y')}`,
    'app/f.yaml': '- just\n- a list\n',
  });
  await world.create(KINDS.configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'flux', namespace: NAMESPACE, labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } },
  });

  await world.start();

  const message = (await world.condition('Ready'))?.message ?? '';
  assert.match(message, /app\/a\.yaml:1: ConfigMap elsewhere is for namespace kube-system/);
  assert.match(message, /app\/b\.yaml:1: Namespace mine belongs to the whole cluster/);
  assert.match(message, /app\/c\.yaml:1: the API server knows no Widget/);
  assert.match(message, /app\/d\.yaml:1: ConfigMap flux is managed by Flux \(apps\)/);
  assert.match(message, /app\/e\.yaml:8: .*declared already in app\/e\.yaml:1/);
  assert.match(message, /app\/f\.yaml:1: this is no Kubernetes object/);
  assert.equal(await valueOf(world, 'good'), 'x');
});

test('a workload waits for a ConfigMap of its own commit that cannot be applied; others do not', async (t) => {
  const world = await open(t, {
    'app/a.yaml': configMapYaml('needed', 'x').replace('value: "x"', 'value: {not: text}'),
    'app/rollout.yaml': rolloutYaml().replace(
      '{name: COLOUR, value: blue}',
      '{name: COLOUR, valueFrom: {configMapKeyRef: {name: needed, key: value}}}',
    ),
    'app/z.yaml': configMapYaml('settings', 'one'),
  });

  await world.start();

  assert.equal(await world.get(KINDS.rollout, 'shop'), undefined);
  assert.match((await world.condition('Ready'))?.message ?? '', /Rollout shop waits for ConfigMap needed/);
  assert.equal(await valueOf(world), 'one');
});

test('a CRD and an object of its kind come with one commit, where the operator allows kinds of the cluster', async (t) => {
  const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;
  const widget = 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n';
  const world = await open(t, { 'app/a-widget.yaml': widget, 'app/crd.yaml': crd }, { scope: 'cluster' });

  await world.start();

  await until('everything to be applied', async () => (await world.condition('Ready'))?.status === 'True');
  assert.equal((await world.source()).status?.inventory?.entries?.length, 2);
});

test('a link is not followed', async (t) => {
  const world = await open(t);
  await world.origin.link('app/link.yaml', '/etc/passwd');

  await world.start();

  assert.match((await world.condition('Ready'))?.message ?? '', /app\/link\.yaml: this is a symbolic link/);
  assert.equal(await valueOf(world), 'one');
});

test('a wrong branch, a wrong folder and an unreachable server are told apart, and end by themselves', async (t) => {
  const world = await open(t);
  await world.start({ path: 'nowhere' });
  assert.match((await world.condition('Ready'))?.message ?? '', /no folder nowhere/);

  await world.patch(KINDS.gitSource, 'app', { spec: { path: 'app', branch: 'nope' } });
  await until('the branch to be missed', async () =>
    /no branch nope/.test((await world.condition('Stalled'))?.message ?? ''),
  );
  await world.patch(KINDS.gitSource, 'app', { spec: { branch: 'main', url: 'http://127.0.0.1:9/app.git' } });
  await until('the server to be missed', async () => (await world.condition('Ready'))?.reason === 'GitUnreachable');
  assert.equal((await world.condition('Stalled'))?.status, 'False');
  await world.patch(KINDS.gitSource, 'app', { spec: { url: world.origin.url } });
  await until('everything to be applied', async () => (await world.condition('Ready'))?.status === 'True');
});

test('a pull request on abort is refused by name, and a suspended GitSource does nothing', async (t) => {
  const world = await open(t);
  await world.start({ onAbort: 'PullRequest' });
  assert.equal((await world.condition('Stalled'))?.reason, 'InvalidSpec');
  assert.match((await world.condition('Ready'))?.message ?? '', /pull requests/);
  assert.equal(await world.get(KINDS.rollout, 'shop'), undefined);

  await world.patch(KINDS.gitSource, 'app', { spec: { onAbort: 'Push', suspend: true } });
  await until('the suspension to show', async () => (await world.condition('Reconciling'))?.reason === 'Suspended');
  assert.equal(await world.get(KINDS.rollout, 'shop'), undefined);
});

test('a Secret that is refused tells which entry is wrong, and not what stands in it', async (t) => {
  const world = await open(t);
  await world.start();

  await world.origin.commit({
    'app/pin.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: pin}\ndata: {pin: 424242, list: [hunter2]}\n',
  });
  await world.pull();

  const { message = '' } = (await world.condition('Ready')) ?? {};
  assert.match(message, /applying Secret pin: .*pin/);
  assert.doesNotMatch(JSON.stringify(await world.source()), /424242|hunter2/);
  assert.doesNotMatch((await world.events()).join('\n'), /424242|hunter2/);
});

test('the clone goes with its GitSource, and with an address that it no longer has', async (t) => {
  const world = await open(t);
  await world.start();
  assert.equal((await world.clones()).length, 1);

  await world.patch(KINDS.gitSource, 'app', { spec: { url: `${world.origin.url}/` } });
  await until('a clone of the other address', async () => (await world.clones()).length === 2);

  const ref = { kind: KINDS.gitSource, namespace: NAMESPACE, name: 'app' };
  await world.kube.writer.write({ verb: 'delete', ref }, { fieldManager: 'test' });
  await until('the clones to go', async () => (await world.clones()).length === 0);
});
