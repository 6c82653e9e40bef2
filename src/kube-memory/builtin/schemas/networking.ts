import { about, atomicRecord, int32, intOrString, listOf, oneOfTexts, record, text } from '../schema.ts';
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
    backend: about('Where matching requests go.', ingressBackendSchema),
    path: about('Beginning or whole of the path, by pathType.', text),
    pathType: about(
      'Exact, Prefix or ImplementationSpecific.',
      oneOfTexts('Exact', 'ImplementationSpecific', 'Prefix'),
    ),
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
  defaultBackend: about('Where requests go that no rule matches.', ingressBackendSchema),
  ingressClassName: about('The class, and so the controller, that serves it.', text),
  rules: about('Hosts and paths and where they lead.', listOf(ingressRuleSchema)),
  tls: about('Hosts that are served over TLS, with the Secrets of their certificates.', listOf(ingressTLSSchema)),
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

export const ingressSchema = about(
  'Leads HTTP requests from outside to services by host and path.',
  topLevel({
    spec: about('What is wanted.', ingressSpecSchema),
    status: ingressStatusSchema,
  }),
);

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

export const ingressClassSchema = about(
  'Names the controller that serves ingresses of the class.',
  topLevel({
    spec: ingressClassSpecSchema,
  }),
);

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

export const networkPolicySchema = about(
  'Which traffic pods may receive and send.',
  topLevel({
    spec: networkPolicySpecSchema,
  }),
);
