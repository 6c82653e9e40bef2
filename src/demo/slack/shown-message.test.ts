import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownMessage } from './shown-message.ts';

test('shows blocks as lines, fields in two columns, with what was escaped', () => {
  const fields = [
    { text: '*Value*\n[0.3]' },
    { text: '*Condition*\nresult[0] &lt;= 0.05 &amp;&amp; true' },
    { text: `*Git*\nreverted by ${'0123456789'.repeat(4)}` },
  ];
  const blocks = [
    { type: 'header', text: { type: 'plain_text', text: 'Aborted: demo/shop' } },
    { type: 'section', fields },
    { type: 'context', elements: [{ text: 'AnalysisRun shop-1' }] },
    { type: 'divider' },
  ];

  assert.deepEqual(shownMessage({ text: 'fallback', sent: { blocks } }), [
    'Aborted: demo/shop',
    'Value: [0.3]   Condition: result[0] <= 0.05 && true',
    'Git: reverted by 012345678901',
    'AnalysisRun shop-1',
  ]);
});

test('shows the text of a message without blocks', () => {
  assert.deepEqual(shownMessage({ text: 'a &gt; b', sent: {} }), ['a > b']);
});
