import { after, before } from 'node:test';
import { Agent } from 'undici';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { customResourceDefinitions } from '../../src/api/crd/definitions.ts';
import { gatewayApiCrds } from '../../src/kube-memory/builtin/gateway-api.ts';
import { startKubeMemory, type KubeMemory } from '../../src/kube-memory/server.ts';
import type { Listener } from './play.ts';

/** An embedded API alone, without controllers and garbage collection, for the tests of the describe block around. */
export function withEmbeddedListener(): () => Listener {
  const dispatcher = new Agent();
  let server: KubeMemory | undefined;
  before(async () => {
    server = await startKubeMemory({ clock: createSystemClock({ keepAlive: false }), collectsGarbage: false });
    for (const crd of [...customResourceDefinitions(), ...gatewayApiCrds])
      server.store.create('customresourcedefinitions.apiextensions.k8s.io', crd);
  });
  after(async () => {
    await dispatcher.close();
    await server?.stop();
  });
  return () => ({ url: server?.url ?? '', headers: {}, dispatcher });
}
