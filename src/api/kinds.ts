import type { ResourceKind } from './kube-object.ts';

/** Every kind that Headgate reads or writes, in one place; the chart's ClusterRole and the clients speak in these. */
export const KINDS = {
  rollout: kind('argoproj.io', 'v1alpha1', 'Rollout', 'rollouts'),
  analysisTemplate: kind('argoproj.io', 'v1alpha1', 'AnalysisTemplate', 'analysistemplates'),
  clusterAnalysisTemplate: {
    ...kind('argoproj.io', 'v1alpha1', 'ClusterAnalysisTemplate', 'clusteranalysistemplates'),
    namespaced: false,
  },
  analysisRun: kind('argoproj.io', 'v1alpha1', 'AnalysisRun', 'analysisruns'),
  experiment: kind('argoproj.io', 'v1alpha1', 'Experiment', 'experiments'),
  gitSource: kind('headgate.dev', 'v1alpha1', 'GitSource', 'gitsources'),
  replicaSet: kind('apps', 'v1', 'ReplicaSet', 'replicasets'),
  deployment: kind('apps', 'v1', 'Deployment', 'deployments'),
  podTemplate: kind('', 'v1', 'PodTemplate', 'podtemplates'),
  pod: kind('', 'v1', 'Pod', 'pods'),
  service: kind('', 'v1', 'Service', 'services'),
  secret: kind('', 'v1', 'Secret', 'secrets'),
  configMap: kind('', 'v1', 'ConfigMap', 'configmaps'),
  event: kind('', 'v1', 'Event', 'events'),
  endpointSlice: kind('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  ingress: kind('networking.k8s.io', 'v1', 'Ingress', 'ingresses'),
  httpRoute: kind('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes'),
  grpcRoute: kind('gateway.networking.k8s.io', 'v1', 'GRPCRoute', 'grpcroutes'),
  job: kind('batch', 'v1', 'Job', 'jobs'),
  lease: kind('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  namespace: { ...kind('', 'v1', 'Namespace', 'namespaces'), namespaced: false },
  customResourceDefinition: {
    ...kind('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition', 'customresourcedefinitions'),
    namespaced: false,
  },
} as const satisfies Readonly<Record<string, ResourceKind>>;

function kind(group: string, version: string, name: string, plural: string): ResourceKind {
  return { group, version, kind: name, plural, namespaced: true };
}
