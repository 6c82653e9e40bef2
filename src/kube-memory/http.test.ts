import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { startKubeMemory, type KubeMemory, type KubeMemoryOptions } from './server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

async function served(
  run: (server: KubeMemory) => Promise<void>,
  options: Partial<KubeMemoryOptions> = {},
): Promise<void> {
  const server = await startKubeMemory({ clock: new VirtualClock(), ...options });
  try {
    await run(server);
  } finally {
    await server.stop();
  }
}

function post(server: KubeMemory, name: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
  return fetch(server.url + MAPS, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

describe('the HTTP front', () => {
  it('streams the events of a watch line by line until it stops', async () => {
    await served(async (server) => {
      const response = await fetch(`${server.url}${MAPS}?watch=true`);
      await post(server, 'a');
      await post(server, 'b');
      assert.ok(response.body !== null);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      while (text.split('\n').length < 3) text += (await reader.read()).value ?? '';
      const events = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string; object: { metadata: { name: string } } });
      assert.deepEqual(
        events.map((event) => `${event.type} ${event.object.metadata.name}`),
        ['ADDED a', 'ADDED b'],
      );
      await reader.cancel();
    });
  });

  it('takes YAML bodies, with the numbers and booleans of Kubernetes', async () => {
    await served(async (server) => {
      const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typed}\nimmutable: yes\ndata: {mode: "0644"}\n';
      const response = await fetch(server.url + MAPS, {
        method: 'POST',
        headers: { 'content-type': 'application/yaml' },
        body,
      });
      const made = (await response.json()) as { immutable: unknown; data: unknown };
      assert.deepEqual([response.status, made.immutable, made.data], [201, true, { mode: '0644' }]);
    });
  });

  it('cuts the connection where a fault says so, after the effect', async () => {
    await served(
      async (server) => {
        await assert.rejects(post(server, 'a'));
        assert.equal((await fetch(`${server.url}${MAPS}/a`)).status, 200);
      },
      { faults: { request: ({ verb }) => (verb === 'create' ? { kind: 'lose-answer' } : { kind: 'pass' }) } },
    );
  });

  it('refuses a body that is too large', async () => {
    await served(async (server) => {
      const response = await fetch(server.url + MAPS, { method: 'POST', body: 'x'.repeat(4 * 1_024 * 1_024) }).catch(
        () => undefined,
      );
      assert.ok(response === undefined || response.status === 413);
    });
  });

  it('answers health, version and discovery', async () => {
    await served(
      async (server) => {
        for (const path of ['/healthz', '/livez', '/readyz'])
          assert.equal(await (await fetch(server.url + path)).text(), 'ok');
        const version = (await (await fetch(`${server.url}/version`)).json()) as { gitVersion: string };
        assert.equal(version.gitVersion, 'v1.33.1');
        const openApi = await fetch(`${server.url}/openapi/v3/apis/apps/v1`);
        assert.equal(openApi.status, 200);
        assert.match(await openApi.text(), /io\.k8s\.api\.apps\.v1\.Deployment/);
      },
      { kubernetesVersion: 'v1.33.1' },
    );
  });
});
