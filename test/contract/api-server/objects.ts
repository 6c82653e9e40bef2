import type { Json } from './client.ts';

/** Small valid objects that the contract's tests start from. */
export function configMap(name: string, data: Record<string, string> = {}, metadata: object = {}): Json {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

export function deployment(name: string, extra: object = {}): Json {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: podTemplate(name), ...extra },
  };
}

export function replicaSet(name: string, replicas = 0): Json {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: podTemplate(name) },
  };
}

export function podTemplate(app: string): Json {
  const ports = [{ name: 'http', containerPort: 8080 }];
  const env = [
    { name: 'A', value: '1' },
    { name: 'B', value: '2' },
  ];
  return { metadata: { labels: { app } }, spec: { containers: [{ name: 'web', image: 'web:1', ports, env }] } };
}

/** A pod that no scheduler touches unless it names a node. */
export function pod(name: string, spec: object = {}): Json {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      schedulerName: 'nobody',
      automountServiceAccountToken: false,
      containers: [{ name: 'web', image: 'web:1' }],
      ...spec,
    },
  };
}

export function service(name: string): Json {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  };
}
