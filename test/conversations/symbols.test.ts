import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Symbols } from './symbols.ts';

const UID = '11111111-2222-3333-4444-555555555555';

function pod(resourceVersion: string, name = 'web-abcde'): { readonly [field: string]: unknown } {
  return { metadata: { generateName: 'web-', name, namespace: 'talk-1', uid: UID, resourceVersion } };
}

describe('symbols', () => {
  it('stand for what a server made up, counted by object', () => {
    const symbols = new Symbols('talk-1');
    symbols.learn(pod('17') as never);
    symbols.learn(pod('23') as never);

    assert.deepEqual(symbols.ofAnswer(pod('23') as never), {
      metadata: {
        generateName: 'web-',
        name: '{name 1}',
        namespace: '{namespace}',
        resourceVersion: '{rv 1.2}',
        uid: '{uid 1}',
      },
    });
    assert.equal(
      symbols.ofCall('GET /api/v1/namespaces/talk-1/pods/web-abcde'),
      'GET /api/v1/namespaces/{namespace}/pods/{name 1}',
    );
  });

  it('are the values of another server again', () => {
    const symbols = new Symbols('talk-9');
    symbols.learn(pod('5', 'web-zzzzz') as never);

    assert.deepEqual(symbols.toValues({ uid: '{uid 1}', version: '{rv 1.1}', pod: 'a {name 1} in {namespace}' }), {
      uid: UID,
      version: '5',
      pod: 'a web-zzzzz in talk-9',
    });
  });

  it('stand for lists by the number of the request, so that a watch starts where its list ended', () => {
    const symbols = new Symbols('talk-1');
    symbols.learn({ kind: 'PodList', metadata: { resourceVersion: '42' }, items: [] }, 7);

    assert.equal(
      symbols.ofCall('GET /api/v1/pods?watch=1&resourceVersion=42'),
      'GET /api/v1/pods?watch=1&resourceVersion={list 7}',
    );
  });

  it('leave no time but its precision', () => {
    const symbols = new Symbols('talk-1');

    assert.deepEqual(symbols.ofAnswer(['2026-01-02T03:04:05Z', 'at 2026-01-02T03:04:05.000006Z.']), [
      '{time}',
      'at {time.6}.',
    ]);
  });
});
