import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { routerIds, trafficRouters } from './registry.ts';

const NO_ROUTERS = ['contract.ts', 'registry.ts'];

describe('the registry of routers', () => {
  it('has exactly one entry for each file of the folder', async () => {
    const files = readdirSync(import.meta.dirname).filter(
      (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !NO_ROUTERS.includes(file),
    );
    assert.ok(files.length > 0);
    for (const file of files) {
      const exported: Readonly<Record<string, unknown>> = await import(`./${file}`);
      const registered = trafficRouters.filter((router) => Object.values(exported).includes(router));
      assert.equal(registered.length, 1, `${file} exports one router that the registry lists`);
    }
    assert.equal(trafficRouters.length, files.length);
  });

  it('has no id twice', () => {
    assert.equal(new Set(routerIds).size, routerIds.length);
  });
});
