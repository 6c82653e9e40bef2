import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MERGE, type Client, type Json } from './client.ts';
import { deployment, pod, podTemplate, replicaSet, service } from './objects.ts';
import { fresh } from './writes.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/** Defaults, checks and behaviour of the kinds that workloads are made of. */
export function describeBuiltinKinds(api: () => Client): void {
  const path = (group: string, plural: string): string => `/apis/${group}/namespaces/${api().namespace}/${plural}`;

  describe('built-in kinds', () => {
    it('fill a Deployment with what it does not say', async () => {
      const { apps, name } = fresh(api());
      const { spec } = await api().make(`${apps}/deployments`, deployment(name));
      const [web] = spec.template.spec.containers;

      assert.deepEqual(
        [spec.strategy, spec.revisionHistoryLimit, spec.progressDeadlineSeconds],
        [{ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } }, 10, 600],
      );
      assert.deepEqual(
        [
          spec.template.spec.restartPolicy,
          spec.template.spec.dnsPolicy,
          spec.template.spec.terminationGracePeriodSeconds,
        ],
        ['Always', 'ClusterFirst', 30],
      );
      assert.deepEqual(
        [web.imagePullPolicy, web.terminationMessagePath, web.ports[0].protocol, web.resources],
        ['IfNotPresent', '/dev/termination-log', 'TCP', {}],
      );
    });

    const refusals = [
      {
        says: 'spec.template.metadata.labels: Invalid value: {"app":"NAME"}: `selector` does not match template `labels`',
        change: { selector: { matchLabels: { app: 'other' } } },
      },
      {
        says: 'spec.template.spec.containers: Required value',
        change: { template: { metadata: { labels: { app: 'NAME' } }, spec: {} } },
      },
      {
        says: "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        change: { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } },
      },
      {
        says: 'spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds',
        change: { progressDeadlineSeconds: 5, minReadySeconds: 5 },
      },
    ];
    for (const { says, change } of refusals) {
      it(`a Deployment with ${JSON.stringify(change)} is refused`, async () => {
        const { apps, name } = fresh(api());
        const spec = JSON.parse(JSON.stringify(change).replaceAll('NAME', name));
        const { status, body } = await api().post(`${apps}/deployments`, deployment(name, spec));

        assert.equal(status, 422);
        assert.equal(body.message, `Deployment.apps "${name}" is invalid: ${says.replaceAll('NAME', name)}`);
        assert.deepEqual([body.details.name, body.details.group, body.details.kind], [name, 'apps', 'Deployment']);
      });
    }

    it('the selector of a ReplicaSet cannot change', async () => {
      const { apps, name } = fresh(api());
      await api().make(`${apps}/replicasets`, replicaSet(name));
      const { status, body } = await api().patch(`${apps}/replicasets/${name}`, MERGE, {
        spec: { selector: { matchLabels: { tier: 'a' } }, template: { metadata: { labels: { tier: 'a' } } } },
      });

      assert.equal(status, 422);
      assert.match(
        body.message,
        /spec\.selector: Invalid value: \{"matchLabels":\{"app":"[^"]+","tier":"a"\}\}: field is immutable$/,
      );
    });

    it('a Service gets an address, and its ports their targets', async () => {
      const { core, name } = fresh(api());
      const created = await api().make(`${core}/services`, {
        ...service(name),
        spec: { selector: { app: name }, ports: [{ port: 80 }] },
      });
      const changed = await api().patch(`${core}/services/${name}`, MERGE, {
        spec: { clusterIP: '10.96.99.99', clusterIPs: null },
      });

      assert.match(created.spec.clusterIP, /^\d+\.\d+\.\d+\.\d+$/);
      assert.deepEqual(created.spec.clusterIPs, [created.spec.clusterIP]);
      assert.deepEqual(created.spec.ports, [{ protocol: 'TCP', port: 80, targetPort: 80 }]);
      assert.deepEqual(
        [created.spec.type, created.spec.sessionAffinity, created.spec.internalTrafficPolicy],
        ['ClusterIP', 'None', 'Cluster'],
      );
      assert.equal(created.metadata.generation, undefined);
      assert.equal(changed.status, 422);
      assert.match(changed.body.message, /may not change once set/);
    });

    it('a Service needs ports, with names when there are several', async () => {
      const { core, name } = fresh(api());
      const none = await api().post(`${core}/services`, { ...service(name), spec: { selector: { app: name } } });
      const unnamed = await api().post(`${core}/services`, {
        ...service(name),
        spec: { ports: [{ port: 80 }, { port: 81 }] },
      });

      assert.equal(none.body.message, `Service "${name}" is invalid: spec.ports: Required value`);
      assert.match(
        unnamed.body.message,
        /\[spec\.ports\[0\]\.name: Required value, spec\.ports\[1\]\.name: Required value\]$/,
      );
    });

    it('a Secret keeps stringData as data', async () => {
      const { core, name } = fresh(api());
      const body = await api().make(`${core}/secrets`, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name },
        stringData: { a: 'b' },
      });

      assert.deepEqual([body.data, body.stringData, body.type], [{ a: 'Yg==' }, undefined, 'Opaque']);
    });

    it('a Job gets its selector from its uid, and cannot run always', async () => {
      const { name } = fresh(api());
      const jobs = path('batch/v1', 'jobs');
      const job = (restartPolicy: string): Json => ({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name },
        spec: { suspend: true, template: { spec: { restartPolicy, containers: [{ name: 'c', image: 'x:1' }] } } },
      });
      const always = await api().post(jobs, job('Always'));
      const { spec, metadata } = await api().make(jobs, job('Never'));

      assert.equal(
        always.body.message,
        `Job.batch "${name}" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"`,
      );
      assert.deepEqual(spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': metadata.uid } });
      assert.equal(spec.template.metadata.labels['batch.kubernetes.io/job-name'], name);
      assert.deepEqual(
        [spec.completions, spec.parallelism, spec.backoffLimit, spec.completionMode],
        [1, 1, 6, 'NonIndexed'],
      );
    });

    it('an Ingress path needs its type', async () => {
      const { name } = fresh(api());
      const backend = { service: { name: 's', port: { number: 80 } } };
      const { status, body } = await api().post(path('networking.k8s.io/v1', 'ingresses'), {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name },
        spec: { rules: [{ http: { paths: [{ path: '/', backend }] } }] },
      });

      assert.equal(status, 422);
      assert.equal(
        body.message,
        `Ingress.networking.k8s.io "${name}" is invalid: spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified`,
      );
    });

    it('an EndpointSlice needs an address type that stays', async () => {
      const { name } = fresh(api());
      const slices = path('discovery.k8s.io/v1', 'endpointslices');
      const slice = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name },
        endpoints: [{ addresses: ['10.0.0.1'] }],
        ports: [{ port: 80 }],
      };
      const without = await api().post(slices, slice);
      const created = await api().make(slices, { ...slice, addressType: 'IPv4' });
      const changed = await api().put(`${slices}/${name}`, { ...created, addressType: 'IPv6' });

      assert.equal(
        without.body.message,
        `EndpointSlice.discovery.k8s.io "${name}" is invalid: addressType: Required value`,
      );
      assert.deepEqual(created.ports, [{ name: '', protocol: 'TCP', port: 80 }]);
      assert.match(changed.body.message, /addressType: Invalid value: "IPv6": field is immutable/);
    });

    it('a Lease keeps micro-time as it was written', async () => {
      const { name } = fresh(api());
      const spec = { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.123456Z' };
      const body = await api().make(path('coordination.k8s.io/v1', 'leases'), {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name },
        spec,
      });

      assert.deepEqual(body.spec, spec);
    });

    it('the role of a binding cannot change', async () => {
      const { name } = fresh(api());
      const bindings = path('rbac.authorization.k8s.io/v1', 'rolebindings');
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' };
      await api().make(bindings, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name },
        roleRef,
        subjects: [],
      });
      const { body } = await api().patch(`${bindings}/${name}`, MERGE, { roleRef: { ...roleRef, name: 'b' } });

      assert.match(
        body.message,
        /roleRef: Invalid value: \{"APIGroup":"rbac\.authorization\.k8s\.io","Kind":"Role","Name":"b"\}: cannot change roleRef$/,
      );
    });

    it('an event of another namespace is refused', async () => {
      const { core, name } = fresh(api());
      const { status, body } = await api().post(`${core}/events`, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name },
        involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      });

      assert.equal(status, 422);
      assert.equal(
        body.message,
        `Event "${name}" is invalid: involvedObject.namespace: Invalid value: "default": does not match event.namespace`,
      );
    });

    const tables: readonly {
      readonly plural: string;
      readonly at: () => string;
      readonly columns: readonly string[];
    }[] = [
      {
        plural: 'pods',
        at: () => `${api().core}/pods`,
        columns: ['Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP', 'Node', 'Nominated Node', 'Readiness Gates'],
      },
      {
        plural: 'services',
        at: () => `${api().core}/services`,
        columns: ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector'],
      },
      {
        plural: 'events',
        at: () => `${api().core}/events`,
        columns: [
          'Last Seen',
          'Type',
          'Reason',
          'Object',
          'Subobject',
          'Source',
          'Message',
          'First Seen',
          'Count',
          'Name',
        ],
      },
      {
        plural: 'deployments',
        at: () => `${api().apps}/deployments`,
        columns: ['Name', 'Ready', 'Up-to-date', 'Available', 'Age', 'Containers', 'Images', 'Selector'],
      },
      {
        plural: 'replicasets',
        at: () => `${api().apps}/replicasets`,
        columns: ['Name', 'Desired', 'Current', 'Ready', 'Age', 'Containers', 'Images', 'Selector'],
      },
      {
        plural: 'jobs',
        at: () => path('batch/v1', 'jobs'),
        columns: ['Name', 'Status', 'Completions', 'Duration', 'Age', 'Containers', 'Images', 'Selector'],
      },
      {
        plural: 'ingresses',
        at: () => path('networking.k8s.io/v1', 'ingresses'),
        columns: ['Name', 'Class', 'Hosts', 'Address', 'Ports', 'Age'],
      },
      {
        plural: 'endpointslices',
        at: () => path('discovery.k8s.io/v1', 'endpointslices'),
        columns: ['Name', 'AddressType', 'Ports', 'Endpoints', 'Age'],
      },
      { plural: 'leases', at: () => path('coordination.k8s.io/v1', 'leases'), columns: ['Name', 'Holder', 'Age'] },
      {
        plural: 'poddisruptionbudgets',
        at: () => path('policy/v1', 'poddisruptionbudgets'),
        columns: ['Name', 'Min Available', 'Max Unavailable', 'Allowed Disruptions', 'Age'],
      },
      {
        plural: 'horizontalpodautoscalers',
        at: () => path('autoscaling/v2', 'horizontalpodautoscalers'),
        columns: ['Name', 'Reference', 'Targets', 'MinPods', 'MaxPods', 'Replicas', 'Age'],
      },
    ];
    for (const { plural, at, columns } of tables) {
      it(`the table of ${plural} has a real server's columns`, async () => {
        const { body } = await api().get(at(), { accept: TABLE });
        assert.deepEqual(
          body.columnDefinitions.map((each: Json) => each.name),
          columns,
        );
      });
    }

    it('a row tells a Deployment at a glance', async () => {
      const { apps, name } = fresh(api());
      await api().make(`${apps}/deployments`, {
        ...deployment(name),
        spec: { ...deployment(name).spec, template: podTemplate(name) },
      });
      const { body } = await api().get(`${apps}/deployments/${name}`, { accept: TABLE });

      assert.deepEqual(body.rows[0].cells.filter((_: unknown, index: number) => index !== 4).map(String), [
        name,
        '0/0',
        '0',
        '0',
        'web',
        'web:1',
        `app=${name}`,
      ]);
    });
  });

  describe('eviction', () => {
    const eviction = (name: string): Json => ({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: api().namespace },
    });
    const running = async (name: string): Promise<string> => {
      const { core } = api();
      await api().make(`${core}/pods`, pod(name, { nodeName: 'contract-nowhere' }));
      const conditions = [{ type: 'Ready', status: 'True' }];
      await api().patch(`${core}/pods/${name}/status`, MERGE, { status: { phase: 'Running', conditions } });
      return `${core}/pods/${name}`;
    };
    const budget = async (name: string, disruptionsAllowed: number): Promise<void> => {
      const budgets = path('policy/v1', 'poddisruptionbudgets');
      const spec = { minAvailable: disruptionsAllowed === 0 ? 1 : 0, selector: { matchLabels: { app: name } } };
      await api().make(budgets, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name }, spec });
      const status = {
        disruptionsAllowed,
        currentHealthy: 1,
        desiredHealthy: 1 - disruptionsAllowed,
        expectedPods: 1,
        observedGeneration: 1,
      };
      await api().patch(`${budgets}/${name}/status`, MERGE, { status });
    };

    it('is refused with 429 while the budget allows none', async () => {
      const { name } = fresh(api());
      const at = await running(name);
      await budget(name, 0);
      const { status, body } = await api().post(`${at}/eviction`, eviction(name));
      await api().delete(at, { gracePeriodSeconds: 0 });

      assert.equal(status, 429);
      assert.deepEqual(
        [body.reason, body.message],
        ['TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget."],
      );
      assert.deepEqual(body.details.causes, [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${name} needs 1 healthy pods and has 1 currently`,
        },
      ]);
    });

    it('deletes the pod and uses the budget up when it allows one', async () => {
      const { name } = fresh(api());
      const at = await running(name);
      await budget(name, 1);
      const { status, body } = await api().post(`${at}/eviction`, eviction(name));
      const evicted = await api().get(at);
      const { body: after } = await api().get(`${path('policy/v1', 'poddisruptionbudgets')}/${name}`);
      await api().delete(at, { gracePeriodSeconds: 0 });

      assert.equal(status, 201);
      assert.deepEqual([body.kind, body.status], ['Status', 'Success']);
      assert.ok(evicted.body.metadata.deletionTimestamp !== undefined);
      assert.equal(after.status.disruptionsAllowed, 0);
    });

    it('of a pod without a budget deletes it', async () => {
      const { core, name } = fresh(api());
      await api().make(`${core}/pods`, pod(name));
      const { status } = await api().post(`${core}/pods/${name}/eviction`, eviction(name));

      assert.equal(status, 201);
      assert.equal((await api().get(`${core}/pods/${name}`)).status, 404);
    });
  });
}
