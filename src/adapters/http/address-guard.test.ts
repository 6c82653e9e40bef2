import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSystemClock } from '../clock/system-clock.ts';
import { createAddressGuard } from './address-guard.ts';
import { createHttpClient } from './exchange-client.ts';
import { DENIED_CODE, isHttpFailure } from './http-failure.ts';

const BLOCKS = ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128'];

const HOSTS: readonly (readonly [host: string, denied: boolean])[] = [
  ['169.254.169.254', true],
  ['[::ffff:169.254.169.254]', true],
  ['[::ffff:a9fe:a9fe]', true],
  ['[64:ff9b::a9fe:a9fe]', true],
  ['[64:ff9b::a00:1]', false],
  ['[fe80::1]', true],
  ['[fd00:ec2::254]', true],
  ['[fd00:ec2::255]', false],
  ['10.0.0.1', false],
  ['127.0.0.1', false],
  ['prometheus.monitoring', false],
];

for (const [host, denied] of HOSTS) {
  test(`an address of the list is ${denied ? 'denied' : 'left alone'}: ${host}`, () => {
    assert.equal(createAddressGuard(BLOCKS).denies(host), denied);
  });
}

const URLS = ['http://127.0.0.1:9/', 'http://0x7f000001:9/', 'http://2130706433:9/', 'http://localhost:9/'];

for (const url of URLS) {
  test(`a request to a denied address is not sent, however it is written: ${url}`, async () => {
    const client = createHttpClient({ clock: createSystemClock(), deniedAddresses: ['127.0.0.0/8', '::1/128'] });

    await assert.rejects(client.send({ method: 'GET', url }), (error) => {
      assert.ok(isHttpFailure(error));
      assert.match(error.message, /are denied; the operator of the controller can allow them by --denied-addresses/);
      return true;
    });
    client.close();
  });
}

test('a name that many requests ask for is resolved once, and denied to all of them by what it resolves to', () => {
  let asked = 0;
  const guard = createAddressGuard(['10.0.0.0/8'], (_hostname, _options, callback) => {
    asked += 1;
    queueMicrotask(() => callback(null, [{ address: '10.1.2.3', family: 4 }]));
  });
  const { promise, resolve } = Promise.withResolvers<readonly unknown[]>();
  const codes: unknown[] = [];
  for (let count = 0; count < 50; count += 1) {
    guard.lookup('inner.test', { all: true }, (error) => {
      codes.push(error?.code);
      if (codes.length === 50) resolve(codes);
    });
  }

  return promise.then((all) => {
    assert.equal(asked, 1);
    assert.deepEqual(new Set(all), new Set([DENIED_CODE]));
  });
});
