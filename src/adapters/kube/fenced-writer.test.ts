import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import { fenceWriter } from './fenced-writer.ts';
import { isKubeError } from './kube-error.ts';

const WRITE: KubeWrite = {
  verb: 'patch',
  ref: { kind: KINDS.service, namespace: 'ns', name: 'web' },
  patchType: 'merge',
  body: {},
};

test('a write is sent only while the Lease holds, asked anew for each', async () => {
  const sent: KubeWrite[] = [];
  let holds = true;
  const writer = fenceWriter(
    {
      write: (write) => {
        sent.push(write);
        return Promise.resolve(undefined);
      },
      fresh: () => true,
      whenFresh: () => undefined,
    },
    () => holds,
  );
  await writer.write(WRITE);

  holds = false;

  await assert.rejects(writer.write(WRITE), (error) => isKubeError(error) && error.reason === 'unavailable');
  assert.equal(sent.length, 1);
});
