import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeApiError } from '../kube/kube-error.ts';
import { createLog } from './log.ts';

test('a line is JSON with its facts, its level as a word and the log it belongs to', async () => {
  const lines: string[] = [];
  const log = await createLog({ level: 'info', format: 'json', destination: { write: (line) => lines.push(line) } });

  log.child({ rollout: 'ns/web' }).warn({ stepIndex: 2 }, 'measurement failed');
  log.debug({}, 'unheard');

  assert.equal(lines.length, 1);
  const { time, ...line } = JSON.parse(lines[0] ?? '');
  assert.match(time, /^\d{4}-.*Z$/);
  assert.deepEqual(line, { level: 'warn', rollout: 'ns/web', stepIndex: 2, msg: 'measurement failed' });
});

test('fields that tell of a secret are not written', async () => {
  const lines: string[] = [];
  const log = await createLog({ level: 'info', format: 'json', destination: { write: (line) => lines.push(line) } });

  log.info({ token: 'hush', request: { headers: { authorization: 'Bearer hush' }, password: 'hush' } }, 'asked');

  assert.doesNotMatch(lines.join(''), /hush/);
});

test('an expected failure is written without its stack, a defect with it', async () => {
  const lines: string[] = [];
  const log = await createLog({ level: 'info', format: 'json', destination: { write: (line) => lines.push(line) } });

  log.warn({ cause: new KubeApiError('denied', { reason: 'forbidden', status: 403 }) }, 'refused');
  log.error({ cause: new TypeError('x is undefined') }, 'broken');

  const [expected, defect] = lines.map((line) => JSON.parse(line).cause);
  assert.deepEqual(expected, { type: 'KubeError', message: 'denied', reason: 'forbidden', status: 403 });
  assert.match(defect.stack, /log\.test\.ts/);
});
