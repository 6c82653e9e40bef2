import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpRoute, RouteRule } from '../../api/workloads.ts';
import { matchRule } from './routing.ts';

const ROOT = { path: { type: 'PathPrefix', value: '/' } };
const HEADER = { ...ROOT, headers: [{ type: 'Exact', name: 'X-Canary', value: 'yes' }] };

describe('the rule that a request meets', () => {
  const rules = [
    rule('testers', [HEADER]),
    rule('all', [ROOT]),
    rule('api', [{ path: { type: 'PathPrefix', value: '/api' } }]),
    rule('pay', [{ path: { type: 'Exact', value: '/api/pay' } }, { ...ROOT, method: 'PUT' }]),
    rule('same', [ROOT]),
  ];
  for (const [request, expected] of [
    [{ path: '/' }, 'all'],
    [{ path: '/', headers: { 'x-canary': 'yes' } }, 'testers'],
    [{ path: '/', headers: { 'x-canary': 'no' } }, 'all'],
    [{ path: '/api', headers: { 'x-canary': 'yes' } }, 'api'],
    [{ path: '/apis' }, 'all'],
    [{ path: '/api/pay' }, 'pay'],
    [{ path: '/x', method: 'PUT' }, 'pay'],
  ] as const) {
    it(`of ${JSON.stringify(request)} is ${expected}`, () => {
      const met = matchRule([routeOf(rules)], { host: 'shop.test', method: 'GET', headers: {}, ...request });
      assert.equal(met?.backends[0]?.service, expected);
    });
  }

  it('is none where no rule fits', () => {
    const only = [rule('api', [{ path: { type: 'Exact', value: '/api' } }])];
    assert.equal(matchRule([routeOf(only)], { host: 'shop.test', method: 'GET', headers: {}, path: '/' }), undefined);
  });
});

function rule(name: string, matches: RouteRule['matches']): RouteRule {
  return { name, matches, backendRefs: [{ name, port: 80 }] };
}

function routeOf(rules: readonly RouteRule[]): HttpRoute {
  return { apiVersion: 'v1', kind: 'HTTPRoute', metadata: { name: 'shop', namespace: 'shop' }, spec: { rules } };
}
