import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openInProcessApi } from '../../../test/support/in-process-api.ts';

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const SLICE = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'shop' },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['127.85.0.3'] }],
};

it('endpoints on loopback are refused, unless pods are servers on this machine', async () => {
  const refused = await openInProcessApi().create(SLICES, SLICE);
  assert.equal(refused.code, 422);
  assert.match(String(refused.body.message), /may not be in the loopback range/);

  const taken = await openInProcessApi({ loopbackEndpoints: true }).create(SLICES, SLICE);
  assert.equal(taken.code, 201);
});
