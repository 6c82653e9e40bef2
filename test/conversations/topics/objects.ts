/** The smallest objects of each kind that a server accepts. */
export interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string } & Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export function object(apiVersion: string, kind: string, name: string, fields: object = {}): Named {
  return { apiVersion, kind, metadata: { name }, ...fields };
}

export function configMap(name: string, data: object = { a: '1' }): Named {
  return object('v1', 'ConfigMap', name, { data });
}

export const CONTAINER = { name: 'main', image: 'shop:1' };

export function template(labels: object = { app: 'shop' }, container: object = {}): object {
  return { metadata: { labels }, spec: { containers: [{ ...CONTAINER, ...container }] } };
}

export function pod(name: string, spec: object = {}): Named {
  return object('v1', 'Pod', name, { spec: { containers: [CONTAINER], ...spec } });
}

const SELECTOR = { matchLabels: { app: 'shop' } };

export function workload(kind: 'Deployment' | 'ReplicaSet', name: string, spec: object = {}): Named {
  return object('apps/v1', kind, name, { spec: { selector: SELECTOR, template: template(), ...spec } });
}

export function rollout(name: string, spec: object = {}): Named {
  return object('argoproj.io/v1alpha1', 'Rollout', name, {
    spec: { selector: SELECTOR, template: template(), strategy: { canary: {} }, ...spec },
  });
}

export function metric(provider: object, fields: object = {}): object {
  return { name: 'errors', provider, ...fields };
}

export function analysis(kind: 'AnalysisTemplate' | 'AnalysisRun', name: string, metrics: readonly object[]): Named {
  return object('argoproj.io/v1alpha1', kind, name, { spec: { metrics } });
}

export function gitSource(name: string, spec: object = {}): Named {
  return object('headgate.dev/v1alpha1', 'GitSource', name, { spec: { url: 'https://git.test/shop', ...spec } });
}

export function service(name: string, spec: object = {}): Named {
  return object('v1', 'Service', name, { spec: { selector: { app: 'shop' }, ports: [{ port: 80 }], ...spec } });
}

export function job(name: string, spec: object = {}): Named {
  const restarts = { metadata: {}, spec: { restartPolicy: 'Never', containers: [CONTAINER] } };
  return object('batch/v1', 'Job', name, { spec: { template: restarts, ...spec } });
}

export function ingress(name: string, spec: object = {}): Named {
  const backend = { service: { name: 'shop', port: { number: 80 } } };
  return object('networking.k8s.io/v1', 'Ingress', name, {
    spec: { rules: [{ host: 'shop.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }], ...spec },
  });
}

export function autoscaler(name: string, spec: object = {}): Named {
  const scaleTargetRef = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'shop' };
  return object('autoscaling/v2', 'HorizontalPodAutoscaler', name, {
    spec: { scaleTargetRef, maxReplicas: 5, ...spec },
  });
}

export function budget(name: string, spec: object = {}): Named {
  return object('policy/v1', 'PodDisruptionBudget', name, { spec: { selector: SELECTOR, minAvailable: 1, ...spec } });
}

export function route(name: string, spec: object = {}): Named {
  return object('gateway.networking.k8s.io/v1', 'HTTPRoute', name, {
    spec: { parentRefs: [{ name: 'gateway' }], rules: [{ backendRefs: [{ name: 'shop', port: 80 }] }], ...spec },
  });
}

export function lease(name: string, spec: object = {}): Named {
  return object('coordination.k8s.io/v1', 'Lease', name, {
    spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: '2026-01-02T03:04:05.000006Z', ...spec },
  });
}

export function event(name: string, fields: object = {}): Named {
  return object('v1', 'Event', name, {
    involvedObject: { kind: 'Pod', name: 'p', namespace: '{namespace}', apiVersion: 'v1' },
    reason: 'Tried',
    message: 'it was tried',
    type: 'Normal',
    source: { component: 'headgate' },
    firstTimestamp: '2026-01-02T03:04:05Z',
    lastTimestamp: '2026-01-02T03:05:05Z',
    count: 3,
    ...fields,
  });
}

export const RESOURCES: Readonly<Record<string, string>> = {
  ConfigMap: 'configmaps',
  Secret: 'secrets',
  Service: 'services',
  ServiceAccount: 'serviceaccounts',
  Endpoints: 'endpoints',
  Event: 'events',
  Pod: 'pods',
  PodTemplate: 'podtemplates',
  PersistentVolumeClaim: 'persistentvolumeclaims',
  Deployment: 'deployments.apps',
  ReplicaSet: 'replicasets.apps',
  Job: 'jobs.batch',
  HorizontalPodAutoscaler: 'horizontalpodautoscalers.autoscaling',
  PodDisruptionBudget: 'poddisruptionbudgets.policy',
  Ingress: 'ingresses.networking.k8s.io',
  NetworkPolicy: 'networkpolicies.networking.k8s.io',
  EndpointSlice: 'endpointslices.discovery.k8s.io',
  Lease: 'leases.coordination.k8s.io',
  Role: 'roles.rbac.authorization.k8s.io',
  RoleBinding: 'rolebindings.rbac.authorization.k8s.io',
  HTTPRoute: 'httproutes.gateway.networking.k8s.io',
  Rollout: 'rollouts.argoproj.io',
  AnalysisTemplate: 'analysistemplates.argoproj.io',
  AnalysisRun: 'analysisruns.argoproj.io',
  Experiment: 'experiments.argoproj.io',
  GitSource: 'gitsources.headgate.dev',
};

/** `rollouts.argoproj.io` for a Rollout. */
export function resourceOf({ kind }: Named): string {
  const resource = RESOURCES[kind];
  if (resource === undefined) throw new Error(`add ${kind} to RESOURCES`);
  return resource;
}

/** One of each namespaced kind. */
export const SPECIMENS: readonly Named[] = [
  configMap('c'),
  object('v1', 'Secret', 's', { stringData: { password: 'x' }, data: { user: 'YQ==' } }),
  service('shop', { ports: [{ name: 'http', port: 80, targetPort: 8080 }] }),
  object('v1', 'ServiceAccount', 'account'),
  object('v1', 'Endpoints', 'shop', {
    subsets: [
      {
        addresses: [{ ip: '10.1.2.3' }, { ip: '10.1.2.4' }],
        ports: [
          { port: 8080, name: 'http' },
          { port: 9090, name: 'm' },
        ],
      },
    ],
  }),
  event('e'),
  pod('p', { containers: [{ ...CONTAINER, ports: [{ containerPort: 8080 }], env: [{ name: 'A', value: 'b' }] }] }),
  object('v1', 'PodTemplate', 't', { template: template() }),
  object('v1', 'PersistentVolumeClaim', 'claim', {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }),
  workload('Deployment', 'shop', { replicas: 2 }),
  workload('ReplicaSet', 'shop', { template: template({ app: 'shop' }, { livenessProbe: { httpGet: { port: 80 } } }) }),
  job('work'),
  autoscaler('shop', { behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } }),
  budget('shop'),
  ingress('shop', { ingressClassName: 'nginx', tls: [{ hosts: ['shop.test'], secretName: 'tls' }] }),
  object('networking.k8s.io/v1', 'NetworkPolicy', 'deny', { spec: { podSelector: {}, ingress: [{}] } }),
  object('discovery.k8s.io/v1', 'EndpointSlice', 'shop-1', {
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }],
  }),
  lease('leader'),
  object('rbac.authorization.k8s.io/v1', 'Role', 'reader', {
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  }),
  object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'readers', {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'account', namespace: 'default' }],
  }),
  route('shop'),
  rollout('shop', {
    replicas: 3,
    strategy: { canary: { steps: [{ setWeight: 20 }, { pause: { duration: '10m' } }] } },
  }),
  analysis('AnalysisTemplate', 'errors', [metric({ prometheus: { address: 'http://prometheus.test', query: 'up' } })]),
  analysis('AnalysisRun', 'errors', [metric({ prometheus: { address: 'http://prometheus.test', query: 'up' } })]),
  object('argoproj.io/v1alpha1', 'Experiment', 'try', {
    spec: { templates: [{ name: 'a', selector: SELECTOR, template: template() }] },
  }),
  gitSource('shop'),
];
