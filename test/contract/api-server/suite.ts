import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { Client, type ContractTarget } from './client.ts';
import { describeApply } from './apply.ts';
import { describeCustomResources } from './custom-resources.ts';
import { describeDiscovery } from './discovery.ts';
import { describeBuiltinKinds } from './builtin-kinds.ts';
import { describeOwnership } from './ownership.ts';
import { describePatches } from './patches.ts';
import { describeReads } from './reads.ts';
import { describeWatches } from './watches.ts';
import { describeWrites } from './writes.ts';

/** What any Kubernetes API server does, spoken over HTTP alone; the same file runs against the embedded one and a real one. */
export function contractSuite(
  title: string,
  start: () => Promise<{ readonly target: ContractTarget; readonly stop: () => Promise<void> }>,
): void {
  describe(title, () => {
    let client: Client | undefined;
    let stop: (() => Promise<void>) | undefined;
    const api = (): Client => {
      assert.ok(client !== undefined);
      return client;
    };
    before(async () => {
      const started = await start();
      stop = started.stop;
      client = new Client(started.target, Date.now().toString(36));
      await client.make('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: client.namespace },
      });
    });
    after(async () => {
      await client?.delete(`/api/v1/namespaces/${client.namespace}`);
      await client?.target.dispatcher.close();
      await stop?.();
    });

    describeWrites(api);
    describeReads(api);
    describeWatches(api);
    describePatches(api);
    describeApply(api);
    describeCustomResources(api);
    describeBuiltinKinds(api);
    describeOwnership(api);
    describeDiscovery(api);
  });
}
