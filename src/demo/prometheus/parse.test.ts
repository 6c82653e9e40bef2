import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from './parse.ts';
import { QueryError } from './query-error.ts';

const REFUSED: readonly (readonly [query: string, construct: RegExp])[] = [
  ['rate(a[5m:1m])', /subquery/],
  ['a @ 1609746000', /@ modifier/],
  ['a @ start()', /@ modifier/],
  ['quantile(0.9, a)', /aggregation quantile/],
  ['stddev by (x) (a)', /aggregation stddev/],
  ['count_values("v", a)', /aggregation count_values/],
  ['predict_linear(a[5m], 60)', /function predict_linear\(\)/],
  ['label_replace(a, "b", "$1", "c", "(.*)")', /function label_replace\(\)/],
  ['a atan2 b', /operator atan2/],
  ['rate(a[30s + 5s])', /duration expression 30s \+ 5s/],
];

for (const [query, construct] of REFUSED) {
  test(`refuses ${query} and names what it does not know`, () => {
    assert.throws(
      () => parseQuery(query),
      (error) =>
        error instanceof QueryError &&
        error.errorType === 'bad_data' &&
        construct.test(error.message) &&
        /not supported/.test(error.message),
    );
  });
}

const WRONG: readonly (readonly [query: string, message: RegExp])[] = [
  ['', /unexpected end of input/],
  ['sum(rate(a[5m])', /1:\d+: parse error: unexpected/],
  ['a{b=}', /parse error/],
  ['rate(a)', /expected type range vector in call to function "rate", got instant vector/],
  ['sum(a[5m])', /expected type instant vector in aggregation sum, got range vector/],
  ['clamp(a, 1)', /expected 3 argument\(s\) in call to "clamp", got 2/],
  ['1 == 1', /must use BOOL modifier/],
  ['a + bool b', /bool modifier can only be used on comparison/],
  ['a * on(b) 3', /vector matching only allowed between instant vectors/],
  ['a and on(b) group_left c', /no grouping allowed/],
  ['{a=~".*"}', /non-empty matcher/],
  ['a{__name__="b"}', /metric name must not be set twice/],
  ['a{b=~"["}', /invalid pattern/],
  ['sum(a)[5m]', /ranges only allowed for vector selectors|parse error/],
  [`a${' '.repeat(10_001)}`, /longer than/],
];

for (const [query, message] of WRONG) {
  test(`says what is wrong with ${query.slice(0, 40)}`, () => {
    assert.throws(
      () => parseQuery(query),
      (error) => error instanceof QueryError && error.errorType === 'bad_data' && message.test(error.message),
    );
  });
}

test('reads matchers, escapes, ranges and offsets', () => {
  assert.deepEqual(parseQuery(`rate(http_requests_total{code=~'5..', path!="a\\"b", raw=\`\\d\`}[1h30m] offset -90)`), {
    type: 'call',
    name: 'rate',
    args: [
      {
        type: 'range',
        rangeMs: 5_400_000,
        selector: {
          type: 'selector',
          offsetMs: -90_000,
          matchers: [
            { label: '__name__', op: '=', value: 'http_requests_total' },
            { label: 'code', op: '=~', value: '5..' },
            { label: 'path', op: '!=', value: 'a"b' },
            { label: 'raw', op: '=', value: '\\d' },
          ],
        },
      },
    ],
  });
});

test('reads bool and vector matching together', () => {
  const expr = parseQuery('a == bool on (x, y) group_left (z) b');

  assert.deepEqual(expr.type === 'binary' && [expr.bool, expr.matching], [
    true,
    { mode: 'on', labels: ['x', 'y'], many: 'left', include: ['z'] },
  ]);
});

test('skips comments', () => {
  assert.deepEqual(parseQuery('1 # one'), { type: 'number', value: 1 });
});
