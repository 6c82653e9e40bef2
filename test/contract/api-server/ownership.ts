import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Client, Json } from './client.ts';
import { configMap } from './objects.ts';
import { fresh } from './writes.ts';

/** Owner references: dependents go with their owner, are orphaned, or hold it back. */
export function describeOwnership(api: () => Client): void {
  const owned = (name: string, owner: Json, extra: object = {}): Json => {
    const reference = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: owner.metadata.name,
      uid: owner.metadata.uid,
      ...extra,
    };
    return configMap(name, {}, { ownerReferences: [reference] });
  };
  const skipsWithout = (t: TestContext): boolean => {
    if (api().target.collectsGarbage) return false;
    t.skip('no garbage collector runs beside this server');
    return true;
  };

  describe('owner references', () => {
    it('in the background: dependents go after their owner', async (t) => {
      if (skipsWithout(t)) return;
      const { core, name } = fresh(api());
      const owner = await api().make(`${core}/configmaps`, configMap(name));
      await api().make(`${core}/configmaps`, owned(`${name}-child`, owner));
      await api().delete(`${core}/configmaps/${name}`, { propagationPolicy: 'Background' });

      const gone = await api().eventually(`${core}/configmaps/${name}-child`, ({ status }) => status === 404);
      assert.equal(gone.status, 404);
    });

    it('in the foreground: the owner stays, marked, until its blocking dependents are gone', async (t) => {
      if (skipsWithout(t)) return;
      const { core, name } = fresh(api());
      const owner = await api().make(`${core}/configmaps`, configMap(name));
      const child = owned(`${name}-child`, owner, { blockOwnerDeletion: true });
      await api().make(`${core}/configmaps`, {
        ...child,
        metadata: { ...child.metadata, finalizers: ['contract.test/hold'] },
      });
      await api().delete(`${core}/configmaps/${name}`, { propagationPolicy: 'Foreground' });
      await api().eventually(
        `${core}/configmaps/${name}-child`,
        ({ body }) => body.metadata.deletionTimestamp !== undefined,
      );
      const waiting = await api().get(`${core}/configmaps/${name}`);
      await api().patch(`${core}/configmaps/${name}-child`, 'application/merge-patch+json', {
        metadata: { finalizers: null },
      });
      const gone = await api().eventually(`${core}/configmaps/${name}`, ({ status }) => status === 404);

      assert.deepEqual(waiting.body.metadata.finalizers, ['foregroundDeletion']);
      assert.equal(gone.status, 404);
    });

    it('orphaned: dependents stay and lose the reference', async (t) => {
      if (skipsWithout(t)) return;
      const { core, name } = fresh(api());
      const owner = await api().make(`${core}/configmaps`, configMap(name));
      await api().make(`${core}/configmaps`, owned(`${name}-child`, owner));
      await api().delete(`${core}/configmaps/${name}`, { propagationPolicy: 'Orphan' });
      await api().eventually(`${core}/configmaps/${name}`, ({ status }) => status === 404);
      const { status, body } = await api().get(`${core}/configmaps/${name}-child`);

      assert.equal(status, 200);
      assert.deepEqual(body.metadata.ownerReferences ?? [], []);
    });

    it('to an owner that never was: the dependent goes', async (t) => {
      if (skipsWithout(t)) return;
      const { core, name } = fresh(api());
      const ghost = { metadata: { name: 'ghost', uid: '00000000-0000-4000-8000-000000000000' } };
      await api().make(`${core}/configmaps`, owned(name, ghost));

      const gone = await api().eventually(`${core}/configmaps/${name}`, ({ status }) => status === 404);
      assert.equal(gone.status, 404);
    });

    it('two controllers are refused', async () => {
      const { core, name } = fresh(api());
      const reference = { apiVersion: 'v1', kind: 'ConfigMap', controller: true };
      const ownerReferences = [
        { ...reference, name: 'a', uid: 'a' },
        { ...reference, name: 'b', uid: 'b' },
      ];
      const { status, body } = await api().post(`${core}/configmaps`, configMap(name, {}, { ownerReferences }));

      assert.equal(status, 422);
      assert.match(
        body.message,
        /metadata\.ownerReferences: Invalid value: .*Only one reference can have Controller set to true\. Found "true" in references for ConfigMap\/a and ConfigMap\/b/,
      );
    });
  });
}
