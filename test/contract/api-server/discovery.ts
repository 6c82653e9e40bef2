import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client, Json } from './client.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** What clients ask before anything else: versions, groups, resources, OpenAPI, health, and what they may do. */
export function describeDiscovery(api: () => Client): void {
  describe('discovery', () => {
    it('tells its version', async () => {
      const { status, body } = await api().get('/version');

      assert.equal(status, 200);
      assert.deepEqual(
        Object.keys(body)
          .filter((key) => ['major', 'minor', 'gitVersion', 'platform'].includes(key))
          .toSorted(),
        ['gitVersion', 'major', 'minor', 'platform'],
      );
    });

    it('lists versions and groups', async () => {
      const core = await api().get('/api');
      const groups = await api().get('/apis');
      const apps = groups.body.groups.find((group: Json) => group.name === 'apps');

      assert.deepEqual([core.body.kind, core.body.versions], ['APIVersions', ['v1']]);
      assert.equal(groups.body.kind, 'APIGroupList');
      assert.deepEqual(apps.preferredVersion, { groupVersion: 'apps/v1', version: 'v1' });
      assert.deepEqual((await api().get('/apis/apps')).body.kind, 'APIGroup');
    });

    it('lists the resources of a group with verbs, short names and subresources', async () => {
      const { body } = await api().get('/api/v1');
      const apps = await api().get('/apis/apps/v1');
      const named = (list: Json, name: string): Json => list.resources.find((each: Json) => each.name === name);
      const pods = named(body, 'pods');

      assert.deepEqual([body.kind, body.groupVersion], ['APIResourceList', 'v1']);
      assert.deepEqual(
        [pods.singularName, pods.kind, pods.namespaced, pods.shortNames, pods.categories],
        ['pod', 'Pod', true, ['po'], ['all']],
      );
      assert.deepEqual(pods.verbs, ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']);
      assert.deepEqual(
        [named(body, 'pods/eviction').kind, named(body, 'pods/eviction').group, named(body, 'pods/eviction').version],
        ['Eviction', 'policy', 'v1'],
      );
      assert.equal(named(body, 'namespaces').namespaced, false);
      assert.deepEqual(
        [named(apps.body, 'deployments/scale').kind, named(apps.body, 'deployments/scale').group],
        ['Scale', 'autoscaling'],
      );
      assert.deepEqual(named(apps.body, 'deployments/status').verbs, ['get', 'patch', 'update']);
    });

    it('aggregates all of it when asked to', async () => {
      const { body, headers } = await api().get('/apis', { accept: AGGREGATED });
      const apps = body.items.find((group: Json) => group.metadata.name === 'apps');
      const deployments = apps.versions[0].resources.find((each: Json) => each.resource === 'deployments');

      assert.match(String(headers['content-type']), /apidiscovery\.k8s\.io/);
      assert.equal(body.kind, 'APIGroupDiscoveryList');
      assert.deepEqual(
        [deployments.responseKind.kind, deployments.scope, deployments.singularResource],
        ['Deployment', 'Namespaced', 'deployment'],
      );
      assert.deepEqual(deployments.subresources.map((each: Json) => each.subresource).toSorted(), ['scale', 'status']);
    });

    it('serves OpenAPI v3 by group and version, with kinds and merge keys', async () => {
      const index = await api().get('/openapi/v3');
      const url = index.body.paths['apis/apps/v1'].serverRelativeURL;
      const { body } = await api().get(url);
      const schemas = Object.values<Json>(body.components.schemas);
      const deployment = schemas.find((each) =>
        each['x-kubernetes-group-version-kind']?.some((gvk: Json) => gvk.kind === 'Deployment' && gvk.group === 'apps'),
      );
      const patch = body.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'].patch;

      assert.match(url, /^\/openapi\/v3\/apis\/apps\/v1\?hash=/);
      assert.ok(deployment !== undefined);
      assert.ok(patch.parameters.some((each: Json) => each.name === 'fieldValidation'));
      assert.deepEqual(patch['x-kubernetes-group-version-kind'].kind, 'Deployment');
      assert.match(
        JSON.stringify(body.components.schemas),
        /"x-kubernetes-list-map-keys":\["containerPort","protocol"\]/,
      );
    });

    it('is healthy', async () => {
      for (const path of ['/healthz', '/readyz', '/livez'])
        assert.deepEqual([(await api().get(path)).status, (await api().get(path)).body], [200, 'ok'], path);
    });

    it('says what the client may do and who it is', async () => {
      const may = await api().post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb: 'get', resource: 'pods', namespace: api().namespace } },
      });
      const who = await api().post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      });

      assert.deepEqual([may.status, may.body.status.allowed], [201, true]);
      assert.ok(who.body.status.userInfo.groups.includes('system:authenticated'));
    });
  });
}
