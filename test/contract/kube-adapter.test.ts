import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { connectTo } from '../../src/adapters/kube/connection.ts';
import { startKubeMemory } from '../../src/kube-memory/server.ts';
import { kubeAdapterContract } from './kube-adapter.ts';

kubeAdapterContract('embedded API', async () => {
  const clock = createSystemClock({ keepAlive: false });
  const server = await startKubeMemory({ clock });
  return { connection: connectTo({ url: server.url, clock }), stop: () => server.stop() };
});
