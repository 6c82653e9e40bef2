import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';

import type { GitSource } from '../../api/git-source.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { KubeReader, ObjectCache } from '../../ports/kube.ts';
import type { Log } from '../../ports/telemetry.ts';
import { createWebhookHandler } from './webhook-handler.ts';

const SECRET = 'shared-secret';
const BODY = JSON.stringify({ ref: 'refs/heads/main', after: 'abc' });
const SOURCE: GitSource = {
  apiVersion: 'headgate.dev/v1alpha1',
  kind: 'GitSource',
  metadata: { name: 'app', namespace: 'shop' },
  spec: { url: 'https://example.com/app.git', webhook: { secretRef: { name: 'hook' } } },
};
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

describe('webhooks', () => {
  const hex = createHmac('sha256', SECRET).update(BODY).digest('hex');
  const signed: readonly (readonly [string, Record<string, string>])[] = [
    ['GitHub', { 'x-hub-signature-256': `sha256=${hex}` }],
    ['GitLab', { 'x-gitlab-token': SECRET }],
    ['Gitea', { 'x-gitea-signature': hex }],
    ['anybody else', { 'x-headgate-signature': `sha256=${hex}` }],
  ];
  for (const [forge, headers] of signed) {
    it(`wakes the GitSource on a push notice of ${forge}`, async () => {
      const { status, woken } = await post('/webhooks/shop/app', { headers, body: BODY });

      assert.equal(status, 202);
      assert.deepEqual(woken, ['shop/app']);
    });
  }

  const refused: readonly (readonly [
    string,
    string,
    { readonly headers: Record<string, string>; readonly body?: string },
    number,
  ])[] = [
    ['an unsigned notice', '/webhooks/shop/app', { headers: {} }, 401],
    [
      'a wrong signature',
      '/webhooks/shop/app',
      { headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` } },
      401,
    ],
    [
      'a signature that is no hexadecimal',
      '/webhooks/shop/app',
      { headers: { 'x-hub-signature-256': 'sha256=zz' } },
      401,
    ],
    [
      'a body that was changed',
      '/webhooks/shop/app',
      { headers: { 'x-hub-signature-256': `sha256=${hex}` }, body: `${BODY} ` },
      401,
    ],
    ['a wrong token', '/webhooks/shop/app', { headers: { 'x-gitlab-token': 'guess' } }, 401],
    ['an unknown GitSource', '/webhooks/shop/other', { headers: { 'x-gitlab-token': SECRET } }, 401],
    ['another path', '/metrics', { headers: { 'x-gitlab-token': SECRET } }, 404],
    [
      'a body over the limit',
      '/webhooks/shop/app',
      { headers: { 'x-gitlab-token': SECRET }, body: 'x'.repeat(6 * 1024 * 1024) },
      413,
    ],
  ];
  for (const [what, path, request, expected] of refused) {
    it(`wakes nobody on ${what}`, async () => {
      const { status, woken } = await post(path, { body: BODY, ...request });

      assert.equal(status, expected);
      assert.deepEqual(woken, []);
    });
  }

  it('wakes nobody when another branch was pushed', async () => {
    const { status, woken } = await post('/webhooks/shop/app', {
      headers: { 'x-gitlab-token': SECRET },
      body: JSON.stringify({ ref: 'refs/heads/dev' }),
    });

    assert.equal(status, 202);
    assert.deepEqual(woken, []);
  });

  it('reads the Secret once for many notices', async () => {
    const reads = { count: 0 };
    await post('/webhooks/shop/app', { headers: { 'x-gitlab-token': 'guess' }, body: BODY, times: 5, reads });

    assert.equal(reads.count, 1);
  });
});

interface Post {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly times?: number;
  readonly reads?: { count: number };
}

async function post(
  path: string,
  request: Post,
): Promise<{ readonly status: number; readonly woken: readonly string[] }> {
  const woken: string[] = [];
  const sources = {
    get: (namespace: string, name: string) => (namespace === 'shop' && name === 'app' ? SOURCE : undefined),
  } as unknown as ObjectCache<GitSource>;
  const reader: KubeReader = {
    async get() {
      if (request.reads !== undefined) request.reads.count += 1;
      return {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'hook' },
        data: { token: Buffer.from(`${SECRET}\n`).toString('base64') },
      };
    },
    list: async () => [],
  };
  const server = createServer(
    createWebhookHandler({
      sources,
      reader,
      clock: new VirtualClock(),
      log: SILENT,
      pullNow: (key) => void woken.push(key),
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    let status = 0;
    for (let time = 0; time < (request.times ?? 1); time += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: request.headers,
        body: request.body,
      });
      await answer.text();
      status = answer.status;
    }
    return { status, woken };
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
