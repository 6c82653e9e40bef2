import { anyMap, flag, int32, int64, listOf, object, text, textMap } from './fields.ts';

const istioVirtualService = object('An Istio VirtualService whose routes are weighted.', {
  name: text('The name, or name.namespace.'),
  routes: listOf(
    text('The name of an HTTP route.'),
    'The HTTP routes to weight; needed if there are several.',
  ).optional(),
  tlsRoutes: listOf(
    object('A TLS route.', {
      port: int64('The port that the route matches.').optional(),
      sniHosts: listOf(text('An SNI host.'), 'All SNI hosts that the route matches.').optional(),
    }),
    'The TLS routes to weight; needed if there are several.',
  ).optional(),
  tcpRoutes: listOf(
    object('A TCP route.', { port: int64('The port that the route matches.').optional() }),
    'The TCP routes to weight; needed if there are several.',
  ).optional(),
});

const istioSchema = object('Weights routes of Istio.', {
  virtualService: istioVirtualService.optional(),
  virtualServices: listOf(istioVirtualService, 'Several VirtualServices, instead of virtualService.').optional(),
  destinationRule: object('A DestinationRule whose subsets select the versions.', {
    name: text('The name of the DestinationRule.'),
    canarySubsetName: text('The subset of the new version.'),
    stableSubsetName: text('The subset of the stable version.'),
    additionalSubsetNames: listOf(text('The name of a subset.'), 'Subsets of others, whose weight is kept.').optional(),
  }).optional(),
});

const nginxSchema = object('Weights traffic by a canary Ingress of ingress-nginx.', {
  stableIngress: text('The Ingress that leads to the stable Service.').optional(),
  stableIngresses: listOf(text('The name of an Ingress.'), 'Several Ingresses, instead of stableIngress.').optional(),
  annotationPrefix: text('The prefix of the annotations; nginx.ingress.kubernetes.io if unset.').optional(),
  additionalIngressAnnotations: textMap('Annotations for the canary Ingress, without their prefix.').optional(),
  canaryIngressAnnotations: textMap('Annotations for the canary Ingress, with their full name.').optional(),
});

const albSchema = object('Weights target groups of the AWS Load Balancer Controller.', {
  ingress: text('The Ingress that leads to the root Service.').optional(),
  ingresses: listOf(text('The name of an Ingress.'), 'Several Ingresses, instead of ingress.').optional(),
  servicePort: int32('The port of the Services to send traffic to.'),
  rootService: text('The Service that the Ingress names; the stable Service if unset.').optional(),
  annotationPrefix: text('The prefix of the annotations; alb.ingress.kubernetes.io if unset.').optional(),
  stickinessConfig: object('Whether a client stays with a version.', {
    enabled: flag('Whether clients stay with a target group.'),
    durationSeconds: int64('For how many seconds, from 1 to 604800.'),
  }).optional(),
});

const appMeshNode = object('A VirtualNode.', { name: text('The name of the VirtualNode.') });

const appMeshSchema = object('Weights routes of AWS App Mesh.', {
  virtualService: object('The VirtualService whose router is weighted.', {
    name: text('The name of the VirtualService.'),
    routes: listOf(text('The name of a route.'), 'The routes to weight; needed if there are several.').optional(),
  }).optional(),
  virtualNodeGroup: object('The VirtualNodes of the versions.', {
    canaryVirtualNodeRef: appMeshNode.describe('The VirtualNode of the new version.'),
    stableVirtualNodeRef: appMeshNode.describe('The VirtualNode of the stable version.'),
  }).optional(),
});

export const trafficRoutingSchema = object('Who splits traffic by weight; without it pods are counted instead.', {
  istio: istioSchema.optional(),
  nginx: nginxSchema.optional(),
  alb: albSchema.optional(),
  smi: object('Weights a TrafficSplit of the Service Mesh Interface.', {
    rootService: text('The Service that clients use; the stable Service if unset.').optional(),
    trafficSplitName: text('The name of the TrafficSplit; that of the Rollout if unset.').optional(),
  }).optional(),
  ambassador: object('Weights Mappings of Ambassador.', {
    mappings: listOf(text('The name of a Mapping.'), 'The Mappings to weight.'),
  }).optional(),
  appMesh: appMeshSchema.optional(),
  traefik: object('Weights a TraefikService.', {
    weightedTraefikServiceName: text('The name of the TraefikService.'),
  }).optional(),
  apisix: object('Weights an ApisixRoute.', {
    route: object('The route to weight.', {
      name: text('The name of the ApisixRoute.'),
      rules: listOf(text('The name of a rule.'), 'The rules to weight; all if unset.').optional(),
    }).optional(),
  }).optional(),
  plugins: anyMap(
    'Further routers by name, with their settings; argoproj-labs/gatewayAPI weights routes of the Gateway API.',
  ).optional(),
  managedRoutes: listOf(
    object('A route that steps may create.', { name: text('The name of the route.') }),
    'The routes that steps create, those with precedence first.',
  ).optional(),
  maxTrafficWeight: int32('What counts as all traffic; 100 if unset. Only for nginx and plugins.').optional(),
});
