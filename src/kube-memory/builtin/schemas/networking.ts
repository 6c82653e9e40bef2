import { atomicRecord, int32, intOrString, listOf, oneOfTexts, record, text } from '../schema.ts';
import { labelSelectorSchema, topLevel, typedLocalObjectReferenceSchema } from './meta.ts';

const serviceBackendPortSchema = atomicRecord({
  name: text,
  number: int32,
});

const ingressServiceBackendSchema = record(
  {
    name: text,
    port: serviceBackendPortSchema,
  },
  ['name'],
);

const ingressBackendSchema = record({
  resource: typedLocalObjectReferenceSchema,
  service: ingressServiceBackendSchema,
});

const httpIngressPathSchema = record(
  {
    backend: ingressBackendSchema,
    path: text,
    pathType: oneOfTexts('Exact', 'ImplementationSpecific', 'Prefix'),
  },
  ['pathType', 'backend'],
);

const httpIngressRuleValueSchema = record(
  {
    paths: listOf(httpIngressPathSchema),
  },
  ['paths'],
);

const ingressRuleSchema = record({
  host: text,
  http: httpIngressRuleValueSchema,
});

const ingressTLSSchema = record({
  hosts: listOf(text),
  secretName: text,
});

const ingressSpecSchema = record({
  defaultBackend: ingressBackendSchema,
  ingressClassName: text,
  rules: listOf(ingressRuleSchema),
  tls: listOf(ingressTLSSchema),
});

const ingressPortStatusSchema = record({
  error: text,
  port: int32,
  protocol: oneOfTexts('SCTP', 'TCP', 'UDP'),
});

const ingressLoadBalancerIngressSchema = record({
  hostname: text,
  ip: text,
  ports: listOf(ingressPortStatusSchema),
});

const ingressLoadBalancerStatusSchema = record({
  ingress: listOf(ingressLoadBalancerIngressSchema),
});

const ingressStatusSchema = record({
  loadBalancer: ingressLoadBalancerStatusSchema,
});

export const ingressSchema = topLevel({
  spec: ingressSpecSchema,
  status: ingressStatusSchema,
});

const ingressClassParametersReferenceSchema = record(
  {
    apiGroup: text,
    kind: text,
    name: text,
    namespace: text,
    scope: text,
  },
  ['kind', 'name'],
);

const ingressClassSpecSchema = record({
  controller: text,
  parameters: ingressClassParametersReferenceSchema,
});

export const ingressClassSchema = topLevel({
  spec: ingressClassSpecSchema,
});

const networkPolicyPortSchema = record({
  endPort: int32,
  port: intOrString,
  protocol: oneOfTexts('SCTP', 'TCP', 'UDP'),
});

const ipBlockSchema = record(
  {
    cidr: text,
    except: listOf(text),
  },
  ['cidr'],
);

const networkPolicyPeerSchema = record({
  ipBlock: ipBlockSchema,
  namespaceSelector: labelSelectorSchema,
  podSelector: labelSelectorSchema,
});

const networkPolicyEgressRuleSchema = record({
  ports: listOf(networkPolicyPortSchema),
  to: listOf(networkPolicyPeerSchema),
});

const networkPolicyIngressRuleSchema = record({
  from: listOf(networkPolicyPeerSchema),
  ports: listOf(networkPolicyPortSchema),
});

const networkPolicySpecSchema = record({
  egress: listOf(networkPolicyEgressRuleSchema),
  ingress: listOf(networkPolicyIngressRuleSchema),
  podSelector: labelSelectorSchema,
  policyTypes: listOf(oneOfTexts('Egress', 'Ingress')),
});

export const networkPolicySchema = topLevel({
  spec: networkPolicySpecSchema,
});
