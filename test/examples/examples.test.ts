import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createYamlParser } from '../../src/adapters/git/yaml-parser.ts';
import { lintVerb } from '../../src/cli/lint.ts';
import { splitDocuments } from '../../src/core/gitops/yaml-documents.ts';
import type { Manifest } from '../support/api-client.ts';
import { startFakePrometheus } from '../support/fake-prometheus.ts';
import { createTestRepository } from '../support/git-server.ts';
import { opened } from '../support/opened.ts';
import { stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until } from '../support/world.ts';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples');

/** The manifests below a folder of `examples/`, with some text replaced by what this test has. */
function manifests(folder: string, replacements: Readonly<Record<string, string>> = {}): readonly Manifest[] {
  return filesIn(folder).flatMap(({ text }) => {
    const replaced = Object.entries(replacements).reduce((all, [from, to]) => all.replaceAll(from, to), text);
    return splitDocuments(replaced).map((document) => {
      const parsed = createYamlParser().parse(document.text);
      assert.ok('value' in parsed, JSON.stringify(parsed));
      return parsed.value as Manifest;
    });
  });
}

function filesIn(folder: string): readonly { readonly name: string; readonly text: string }[] {
  return globSync('**/*.yaml', { cwd: join(EXAMPLES, folder) })
    .sort()
    .map((name) => ({ name, text: readFileSync(join(EXAMPLES, folder, name), 'utf8') }));
}

describe('the examples', { concurrency: 8 }, () => {
  const stage = stageOn('embedded', { gitAllowFile: true });
  const prometheus = opened(startFakePrometheus, (fake) => fake.close());
  const example = storiesOn(stage, 'example');

  it('pass the linter', () => {
    const { text, exitCode } = lintVerb({ filename: [EXAMPLES], format: 'text' }, createYamlParser());

    assert.equal(exitCode, 0, text);
  });

  example('02: one of five pods is new at the first pause; promoted, all are', async (scene) => {
    await scene.apply(...manifests('02-basic-canary'));
    await scene.untilPhase('web', 'Healthy');

    await scene.setImage('web', 'nginxinc/nginx-unprivileged:1.28-alpine');
    await scene.untilPhase('web', 'Paused');
    assert.deepEqual(await scene.sizes(), [4, 1]);

    await scene.patchStatus('web', { promoteFull: true });
    await scene.untilPhase('web', 'Healthy');
    assert.deepEqual(await scene.sizes(), [0, 5]);
  });

  example('03: the HTTPRoute carries the weight of the step, and none after an abort', async (scene) => {
    const weights = async (): Promise<unknown> => {
      const route = await scene.get('httproutes.gateway.networking.k8s.io', 'web');
      return route?.['spec'].rules[0].backendRefs.map((backend: { weight: number }) => backend.weight);
    };
    await scene.apply(...manifests('03-gateway-api'));
    await scene.untilPhase('web', 'Healthy');

    await scene.setImage('web', 'nginxinc/nginx-unprivileged:1.28-alpine');
    await scene.untilPhase('web', 'Paused');
    assert.deepEqual(await weights(), [90, 10]);

    await scene.patchStatus('web', { abort: true });
    await scene.untilPhase('web', 'Degraded');
    await until('the weight to be back', async () => JSON.stringify(await weights()) === '[100,0]');
  });

  example('04: a canary Ingress of our own carries the weight of the step', async (scene) => {
    await scene.apply(...manifests('04-ingress-nginx'));
    await scene.untilPhase('web', 'Healthy');

    await scene.setImage('web', 'nginxinc/nginx-unprivileged:1.28-alpine');
    await scene.untilPhase('web', 'Paused');

    const canary = await scene.get('ingresses.networking.k8s.io', 'web-web-canary');
    assert.equal(canary?.metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'], '10');
  });

  example('05: an error rate over the limit aborts, and says by how much', async (scene) => {
    const faster = { 'http://prometheus.monitoring:9090': prometheus.url, 'interval: 10s': 'interval: 1s' };
    await scene.apply(...manifests('05-analysis', faster));
    await scene.untilPhase('web', 'Healthy');

    prometheus.answer('http_requests_total', { vector: [0.31] });
    await scene.setImage('web', 'nginxinc/nginx-unprivileged:1.28-alpine');
    const aborted = await scene.untilPhase('web', 'Degraded');

    assert.equal(
      aborted['status'].message,
      'RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: ' +
        'Metric "error-rate" assessed Failed due to failed (2) > failureLimit (1)',
    );
  });

  example('06: an abort pushes a revert, and the Rollout is Healthy again', async (scene) => {
    const files = filesIn('06-git-source/repository').map(({ name, text }) => [`repository/${name}`, text] as const);
    const repository = await createTestRepository(Object.fromEntries(files));
    try {
      const here = { 'namespace: shop': `namespace: ${scene.namespace}`, 'interval: 1m': 'interval: 1s' };
      const url = { 'https://git.example.com/shop/deploy.git': repository.url };
      // The repository of this test is a folder and needs no credentials.
      const noCredentials = { '  credentials:\n    secretRef:\n      name: web-git\n': '' };
      await scene.apply(...manifests('06-git-source/cluster', { ...here, ...url, ...noCredentials }));
      await until('the Rollout to come from Git', () => scene.get('rollouts.argoproj.io', 'web'));
      await scene.untilPhase('web', 'Healthy');
      const good = await repository.head();

      const text = await repository.show('main:repository/rollout.yaml');
      await repository.commit(
        { 'repository/rollout.yaml': text.replace(':1.27-alpine', ':1.28-alpine') },
        'nginx 1.28',
      );
      await scene.untilPhase('web', 'Paused');
      await scene.patchStatus('web', { abort: true });

      await until('the revert to be pushed', async () =>
        (await repository.log())[0]?.message.startsWith('revert: web'),
      );
      assert.equal(await repository.tree('main'), await repository.tree(good));
      await scene.untilPhase('web', 'Healthy');
      const source = await scene.get('gitsources.headgate.dev', 'web');
      assert.equal(source === undefined ? '' : conditionOf(source, 'WriteBack')?.reason, 'Pushed');
    } finally {
      await repository.remove();
    }
  });
});
