import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { superviseController } from './controller-process.ts';
import type { ControllerProcess } from './controller-process.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function whenLine(controller: ControllerProcess, line: RegExp, count = 1): Promise<void> {
  while (controller.lines().filter((text) => line.test(text)).length < count) await turn();
}

test('starts the process again after it was killed, keeps its lines, and ends it when asked', async () => {
  const clock = new VirtualClock();
  const program = `console.log('hello'); process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); setInterval(() => {}, 1000);`;
  const controller = superviseController({ clock, command: process.execPath, args: ['-e', program] });
  try {
    await whenLine(controller, /^hello$/);
    const first = controller.pid();
    controller.kill();
    await whenLine(controller, /was ended by SIGKILL/);
    assert.deepEqual([controller.pid(), controller.hasSpoken()], [undefined, false]);

    clock.advance(200);
    assert.equal(controller.hasSpoken(), false);
    await whenLine(controller, /^hello$/, 2);
    assert.notEqual(controller.pid(), first);
    assert.equal(controller.hasSpoken(), true);
    for (let kill = 2; kill <= 4; kill++) {
      controller.kill();
      await whenLine(controller, /was ended by SIGKILL/, kill);
      clock.advance(200);
      await whenLine(controller, /^hello$/, kill + 1);
    }
    assert.equal(controller.restarts(), 4);
  } finally {
    await controller.stop();
  }
  await whenLine(controller, /^bye$/);
  assert.equal(controller.pid(), undefined);
  assert.equal(clock.nextAtMs(), undefined);
});

test('forces an end on a process that does not listen', async () => {
  const clock = new VirtualClock();
  const program = `process.on('SIGTERM', () => console.log('no')); console.log('hello'); setInterval(() => {}, 1000);`;
  const controller = superviseController({ clock, command: process.execPath, args: ['-e', program] });
  await whenLine(controller, /^hello$/);

  const stopped = controller.stop();
  await whenLine(controller, /^no$/);
  clock.advance(60_000);
  await stopped;
  assert.equal(controller.pid(), undefined);
});

test('waits longer and longer while the process keeps failing', async () => {
  const clock = new VirtualClock();
  const controller = superviseController({ clock, command: process.execPath, args: ['-e', 'process.exit(3)'] });
  const delays: number[] = [];
  try {
    for (let end = 1; end <= 4; end++) {
      await whenLine(controller, /ended with code 3/, end);
      const nextAtMs = clock.nextAtMs() ?? 0;
      delays.push(nextAtMs - clock.nowMs());
      if (end < 4) clock.step();
    }
  } finally {
    await controller.stop();
  }

  assert.deepEqual(delays, [200, 200, 400, 800]);
});

test('says so when the process cannot be started', async () => {
  const controller = superviseController({ clock: new VirtualClock(), command: '/does/not/exist', args: [] });
  await whenLine(controller, /could not be started/);
  await controller.stop();
});

test('lets a process end that has nothing left to do', async () => {
  const program = `const work = setInterval(() => {}, 1000); process.on('SIGTERM', () => clearInterval(work)); console.log('hello');`;
  const clock = new VirtualClock();
  const controller = superviseController({ clock, command: process.execPath, args: ['-e', program] });
  await whenLine(controller, /^hello$/);

  await controller.stop();
  await whenLine(controller, /ended with code 0/);
});
