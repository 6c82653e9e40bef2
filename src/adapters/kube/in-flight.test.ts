import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { createInFlight } from './in-flight.ts';
import type { InFlight, Priority, Ticket } from './in-flight.ts';

function enterMany(inFlight: InFlight, count: number, priority: Priority = 'normal'): Ticket[] {
  const tickets: Ticket[] = [];
  for (let index = 0; index < count; index += 1) void inFlight.enter(priority).then((ticket) => tickets.push(ticket));
  return tickets;
}

test('the number under way is bounded, and grows by one after a round of answers', async () => {
  const inFlight = createInFlight(new VirtualClock());

  const tickets = enterMany(inFlight, 40);
  await Promise.resolve();
  assert.equal(tickets.length, 16);
  for (const ticket of tickets.slice(0, 16)) ticket.done({ refused: false });
  await Promise.resolve();

  assert.equal(inFlight.limit, 17);
  assert.equal(tickets.length, 16 + 17);
});

test('a refusal halves the number once for all that was under way, and holds new calls until the server wants them', async () => {
  const clock = new VirtualClock();
  const inFlight = createInFlight(clock);
  const first = enterMany(inFlight, 16);
  await Promise.resolve();

  for (const ticket of first) ticket.done({ refused: true, retryAfterMs: 3_000 });
  const second = enterMany(inFlight, 16);
  await Promise.resolve();
  assert.equal(inFlight.limit, 8);
  assert.equal(second.length, 0);
  clock.advance(3_000);
  await Promise.resolve();

  assert.equal(second.length, 8);
});

test('urgent calls pass while others are held or wait', async () => {
  const inFlight = createInFlight(new VirtualClock());
  const decisions = enterMany(inFlight, 20);
  await Promise.resolve();
  decisions[0]?.done({ refused: true, retryAfterMs: 60_000 });

  const urgent = enterMany(inFlight, 1, 'urgent');
  await Promise.resolve();

  assert.equal(urgent.length, 1);
});

test('a flood of events takes a small part of the room, and what decisions leave of it, but never stands still', async () => {
  const inFlight = createInFlight(new VirtualClock());
  const events = enterMany(inFlight, 40, 'background');
  await Promise.resolve();
  assert.equal(events.length, 4);

  const decisions = enterMany(inFlight, 40);
  await Promise.resolve();
  assert.equal(decisions.length, 12);
  for (const event of events.slice(0, 4)) event.done({ refused: false });
  await Promise.resolve();
  assert.equal(events.length, 5, 'while decisions take the whole room, one event is under way');
  events[4]?.done({ refused: false });
  await Promise.resolve();

  assert.equal(events.length, 6);
});

test('answers that become slow end its growth and bring it back to where it started, no further', async () => {
  const clock = new VirtualClock();
  const inFlight = createInFlight(clock);
  async function round(tookMs: number): Promise<void> {
    const tickets = enterMany(inFlight, inFlight.limit);
    await Promise.resolve();
    clock.advance(tookMs);
    for (const ticket of tickets) ticket.done({ refused: false });
  }
  for (let count = 0; count < 14; count += 1) await round(5);
  assert.equal(inFlight.limit, 30);

  for (let count = 0; count < 20; count += 1) await round(80);
  assert.equal(inFlight.limit, 16);
  for (let count = 0; count < 20; count += 1) await round(5);

  assert.ok(inFlight.limit > 16, 'it grows again when answers are quick again');
});

test('however long it is told to wait, it asks again within half a minute', async () => {
  const clock = new VirtualClock();
  const inFlight = createInFlight(clock);
  const [only] = enterMany(inFlight, 1);
  await Promise.resolve();
  assert.equal(only, undefined);
  const tickets = enterMany(inFlight, 1);
  await Promise.resolve();
  tickets[0]?.done({ refused: true, retryAfterMs: 3_600_000 });

  const later = enterMany(inFlight, 1);
  clock.advance(30_000);
  await Promise.resolve();

  assert.equal(later.length, 1);
});
