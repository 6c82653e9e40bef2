import { Agent } from 'undici';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { startKubeMemory } from '../../src/kube-memory/server.ts';
import { contractSuite } from './api-server/suite.ts';

contractSuite('the embedded API server', async () => {
  const server = await startKubeMemory({ clock: createSystemClock({ keepAlive: false }) });
  const target = {
    url: server.url,
    headers: {},
    dispatcher: new Agent(),
    collectsGarbage: true,
    compact: (): void => server.store.compact(),
  };
  return { target, stop: () => server.stop() };
});
