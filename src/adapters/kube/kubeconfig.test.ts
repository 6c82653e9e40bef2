import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { loadClusterAccess } from './kubeconfig.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function write(t: TestContext, options: { readonly user?: object; readonly cluster?: object } = {}): string {
  const path = join(folder(t), 'config');
  const config = {
    clusters: [{ name: 'c', cluster: { server: 'https://example.test:6443/base/', ...options.cluster } }],
    users: [{ name: 'u', user: options.user ?? { token: 'hush' } }],
    contexts: [
      { name: 'first', context: { cluster: 'c', user: 'u' } },
      { name: 'second', context: { cluster: 'c', user: 'u', namespace: 'team' } },
    ],
    'current-context': 'first',
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

test('the current context is used, or the one that is asked for', async (t) => {
  const kubeconfigPath = write(t);

  const first = await loadClusterAccess({ kubeconfigPath });
  const second = await loadClusterAccess({ kubeconfigPath, context: 'second' });

  assert.deepEqual(
    [first.url, first.namespace, first.contextName],
    ['https://example.test:6443/base', 'default', 'first'],
  );
  assert.deepEqual([second.namespace, second.contextName], ['team', 'second']);
  assert.equal((await first.credentials()).headers['authorization'], 'Bearer hush');
});

test('a context that does not exist is an error that lists those which do', async (t) => {
  const kubeconfigPath = write(t);

  await assert.rejects(loadClusterAccess({ kubeconfigPath, context: 'third' }), /"third".*first, second/);
});

test('a name and password become basic authentication', async (t) => {
  const kubeconfigPath = write(t, { user: { username: 'me', password: 'hush' } });

  const { headers } = await (await loadClusterAccess({ kubeconfigPath })).credentials();

  assert.equal(headers['authorization'], `Basic ${Buffer.from('me:hush').toString('base64')}`);
});

test('certificates given as data are decoded', async (t) => {
  const data = (text: string): string => Buffer.from(text).toString('base64');
  const kubeconfigPath = write(t, {
    cluster: { 'certificate-authority-data': data('CA'), 'tls-server-name': 'kube' },
    user: { 'client-certificate-data': data('CERT'), 'client-key-data': data('KEY') },
  });

  const { tls } = await (await loadClusterAccess({ kubeconfigPath })).credentials();

  assert.deepEqual([tls.ca, tls.cert, tls.key, tls.servername], ['CA', 'CERT', 'KEY', 'kube']);
});

test('plain http needs no leave to skip verification', async (t) => {
  const kubeconfigPath = write(t, { cluster: { server: 'http://127.0.0.1:8001' } });

  const access = await loadClusterAccess({ kubeconfigPath });

  assert.equal(access.url, 'http://127.0.0.1:8001');
  assert.equal((await access.credentials()).headers['authorization'], 'Bearer hush');
});

test('an exec plug-in is run for its token', async (t) => {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'from-plugin' },
  };
  const kubeconfigPath = write(t, {
    user: {
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: process.execPath,
        args: ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`],
        interactiveMode: 'Never',
      },
    },
  });

  const { headers } = await (await loadClusterAccess({ kubeconfigPath })).credentials();

  assert.equal(headers['authorization'], 'Bearer from-plugin');
});

test('a context behind a proxy is refused with what to do', async (t) => {
  const kubeconfigPath = write(t, { cluster: { 'proxy-url': 'http://proxy:3128' } });

  await assert.rejects(loadClusterAccess({ kubeconfigPath }), /proxy-url is not supported/);
});

test('a pod is told when it is in no cluster', async () => {
  await assert.rejects(loadClusterAccess({ inCluster: true }), /not in a cluster/);
});
