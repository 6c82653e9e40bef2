import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { openInProcessApi } from '../../../test/support/in-process-api.ts';
import { decodeProtobuf, WireProblem } from './protobuf.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../../../test/golden/kube-protobuf.json', import.meta.url), 'utf8'),
) as readonly {
  readonly object: { readonly kind: string };
  readonly sent: string;
}[];

describe('protobuf bodies', () => {
  for (const { object, sent } of vectors) {
    it(`read a ${object.kind} as the Go client meant it`, () => {
      assert.deepEqual(decodeProtobuf(Buffer.from(sent, 'base64')), withoutEmptyObjects(object));
    });
  }

  it('are refused when they are cut short or of a kind that is not known', () => {
    const [secret] = vectors;
    const bytes = Buffer.from(secret?.sent ?? '', 'base64');
    assert.throws(() => decodeProtobuf(bytes.subarray(0, bytes.length - 3)), WireProblem);
    assert.throws(() => decodeProtobuf(Buffer.from('{"kind":"Secret"}')), WireProblem);
  });

  it('create what they describe', async () => {
    const api = openInProcessApi();
    const { status } = await api.server.handle({
      method: 'POST',
      url: '/api/v1/namespaces/default/secrets',
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
      body: Buffer.from(vectors[0]?.sent ?? '', 'base64'),
    });
    const { body } = await api.get('/api/v1/namespaces/default/secrets/s');
    assert.equal(status, 201);
    assert.deepEqual([body['data'], body['immutable']], [{ k: 'AAEC' }, false]);
  });
});

/** An empty struct that is no pointer is not told from an absent one. */
function withoutEmptyObjects(object: object): object {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => typeof value !== 'object' || Object.keys(value as object).length > 0),
  );
}
