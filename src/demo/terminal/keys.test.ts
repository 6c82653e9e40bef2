import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { listenForKeys } from './keys.ts';
import type { KeyInput } from './keys.ts';

class Terminal extends EventEmitter implements KeyInput {
  isTTY = true;
  raw = false;
  setRawMode(raw: boolean): void {
    this.raw = raw;
  }
  resume(): void {}
  pause(): void {}
}

test('turns keys into actions and gives the terminal back', () => {
  const terminal = new Terminal();
  const actions: string[] = [];
  const release = listenForKeys(terminal, (action) => actions.push(action));

  terminal.emit('data', Buffer.from('gx\x03'));
  assert.deepEqual([actions, terminal.raw], [['good', 'quit'], true]);

  release();
  terminal.emit('data', Buffer.from('b'));
  assert.deepEqual([actions, terminal.raw, terminal.listenerCount('data')], [['good', 'quit'], false, 0]);
});

test('does nothing without a terminal', () => {
  const terminal = new Terminal();
  terminal.isTTY = false;
  listenForKeys(terminal, () => assert.fail('no key is expected'));

  terminal.emit('data', Buffer.from('q'));
  assert.equal(terminal.listenerCount('data'), 0);
});
