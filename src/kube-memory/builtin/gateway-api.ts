import type { KubeObject } from '../../api/kube-object.ts';
import type { OpenApiSchema } from '../resource.ts';
import { about, int32, int64, listByKey, listOf, mapOf, oneOfTexts, record, setOf, text } from './schema.ts';

/**
 * CustomResourceDefinitions of the Gateway API's standard channel (v1), cut down to what routes and gateways of this project use:
 * field names, defaults, limits, list types and status subresources are those of the original, so objects behave the same.
 */
const GROUP = 'gateway.networking.k8s.io';

const sized = (schema: OpenApiSchema, min: number, max: number): OpenApiSchema => ({
  ...schema,
  minLength: min,
  maxLength: max,
});
const most = (schema: OpenApiSchema, maxItems: number): OpenApiSchema => ({ ...schema, maxItems });

const objectName = sized(text, 1, 253);
const namespaceName = sized({ ...text, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }, 1, 63);
const groupName = {
  ...text,
  maxLength: 253,
  pattern: '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
};
const kindName = sized({ ...text, pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' }, 1, 63);
const sectionName = sized(text, 1, 253);
const hostname = sized(
  { ...text, pattern: '^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$' },
  1,
  253,
);
const portNumber: OpenApiSchema = { ...int32, minimum: 1, maximum: 65_535 };
const duration = { ...text, pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' };

const condition = record(
  {
    type: sized(text, 1, 316),
    status: oneOfTexts('True', 'False', 'Unknown'),
    observedGeneration: { ...int64, minimum: 0 },
    lastTransitionTime: { ...text, format: 'date-time' },
    reason: sized(text, 1, 1_024),
    message: { ...text, maxLength: 32_768 },
  },
  ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
);
const conditions = most(listByKey(condition, ['type']), 8);

const parentRef = record(
  {
    group: { ...groupName, default: GROUP },
    kind: { ...kindName, default: 'Gateway' },
    namespace: namespaceName,
    name: about('Name of the parent, usually a Gateway.', objectName),
    sectionName: about('Listener of the parent that the route is for.', sectionName),
    port: portNumber,
  },
  ['name'],
);

const backendFields = {
  group: { ...groupName, default: '' },
  kind: { ...kindName, default: 'Service' },
  name: about('Name of the backend, usually a Service.', objectName),
  namespace: namespaceName,
  port: about('Port of the Service.', portNumber),
};
const backendRule = {
  rule: "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true",
  message: 'Must have port for Service reference',
};
const backendObject: OpenApiSchema = { ...record(backendFields, ['name']), 'x-kubernetes-validations': [backendRule] };
const weight: OpenApiSchema = about('Share of requests, in proportion to the sum of all weights of the rule.', {
  ...int32,
  default: 1,
  minimum: 0,
  maximum: 1_000_000,
});

const header = record({ name: sized(text, 1, 256), value: sized(text, 1, 4_096) }, ['name', 'value']);
const headerModifier = record({
  set: most(listByKey(header, ['name']), 16),
  add: most(listByKey(header, ['name']), 16),
  remove: most(setOf(text), 16),
});
const fraction = record({ numerator: { ...int32, minimum: 0 }, denominator: { ...int32, default: 100, minimum: 1 } }, [
  'numerator',
]);
const requestMirror = record({ backendRef: backendObject, percent: { ...int32, minimum: 0, maximum: 100 }, fraction }, [
  'backendRef',
]);
const extensionRef = record({ group: groupName, kind: kindName, name: objectName }, ['group', 'kind', 'name']);
const pathModifier = record(
  {
    type: oneOfTexts('ReplaceFullPath', 'ReplacePrefixMatch'),
    replaceFullPath: { ...text, maxLength: 1_024 },
    replacePrefixMatch: { ...text, maxLength: 1_024 },
  },
  ['type'],
);

const commonFilters = {
  requestHeaderModifier: headerModifier,
  responseHeaderModifier: headerModifier,
  requestMirror,
  extensionRef,
};
const httpFilter = record(
  {
    type: oneOfTexts(
      'RequestHeaderModifier',
      'ResponseHeaderModifier',
      'RequestMirror',
      'RequestRedirect',
      'URLRewrite',
      'ExtensionRef',
    ),
    ...commonFilters,
    requestRedirect: record({
      scheme: oneOfTexts('http', 'https'),
      hostname,
      path: pathModifier,
      port: portNumber,
      statusCode: { ...int64, default: 302, enum: [301, 302] },
    }),
    urlRewrite: record({ hostname, path: pathModifier }),
  },
  ['type'],
);
const grpcFilter = record(
  {
    type: oneOfTexts('ResponseHeaderModifier', 'RequestHeaderModifier', 'RequestMirror', 'ExtensionRef'),
    ...commonFilters,
  },
  ['type'],
);

function weightedBackends(filter: OpenApiSchema): OpenApiSchema {
  const backend = record({ ...backendFields, weight, filters: most(listOf(filter), 16) }, ['name']);
  return most(listOf({ ...backend, 'x-kubernetes-validations': [backendRule] }), 16);
}

const valueMatch = (types: readonly string[], length: number): OpenApiSchema =>
  record(
    { type: { ...oneOfTexts(...types), default: 'Exact' }, name: sized(text, 1, 256), value: sized(text, 1, length) },
    ['name', 'value'],
  );
const ROOT_PATH = { type: 'PathPrefix', value: '/' };
const httpMatch = record({
  path: {
    ...record({
      type: { ...oneOfTexts('Exact', 'PathPrefix', 'RegularExpression'), default: 'PathPrefix' },
      value: { ...text, default: '/', maxLength: 1_024 },
    }),
    default: ROOT_PATH,
  },
  headers: most(listByKey(valueMatch(['Exact', 'RegularExpression'], 4_096), ['name']), 16),
  queryParams: most(listByKey(valueMatch(['Exact', 'RegularExpression'], 1_024), ['name']), 16),
  method: oneOfTexts('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'),
});

const httpRule = record({
  name: sectionName,
  matches: { ...most(listOf(httpMatch), 64), default: [{ path: ROOT_PATH }] },
  filters: most(listOf(httpFilter), 16),
  backendRefs: about('Where matching requests go, by weight.', weightedBackends(httpFilter)),
  timeouts: record({ request: duration, backendRequest: duration }),
});
const grpcRule = record({
  name: sectionName,
  matches: most(
    listOf(
      record({
        method: record({
          type: { ...oneOfTexts('Exact', 'RegularExpression'), default: 'Exact' },
          service: { ...text, maxLength: 1_024 },
          method: { ...text, maxLength: 1_024 },
        }),
        headers: most(listByKey(valueMatch(['Exact', 'RegularExpression'], 4_096), ['name']), 16),
      }),
    ),
    64,
  ),
  filters: most(listOf(grpcFilter), 16),
  backendRefs: weightedBackends(grpcFilter),
});

const routeStatus = record(
  {
    parents: most(
      listOf(
        record({ parentRef, controllerName: sized(text, 1, 253), conditions }, [
          'conditions',
          'controllerName',
          'parentRef',
        ]),
      ),
      32,
    ),
  },
  ['parents'],
);

function routeSchema(rule: OpenApiSchema, extra: Pick<OpenApiSchema, 'default'> = {}): OpenApiSchema {
  const spec = record({
    parentRefs: most(listOf(parentRef), 32),
    hostnames: most(listOf(hostname), 16),
    rules: { ...most(listOf(rule), 16), ...extra },
  });
  return record({ apiVersion: text, kind: text, metadata: { type: 'object' }, spec, status: routeStatus }, ['spec']);
}

const listenerStatus = record(
  {
    name: sectionName,
    supportedKinds: most(listOf(record({ group: { ...groupName, default: GROUP }, kind: kindName }, ['kind'])), 8),
    attachedRoutes: int32,
    conditions,
  },
  ['attachedRoutes', 'conditions', 'name'],
);
const labelSelector = record({
  matchLabels: mapOf(text),
  matchExpressions: listOf(record({ key: text, operator: text, values: listOf(text) }, ['key', 'operator'])),
});
const listener = record(
  {
    name: sectionName,
    hostname,
    port: portNumber,
    protocol: sized(text, 1, 255),
    tls: record({
      mode: { ...oneOfTexts('Terminate', 'Passthrough'), default: 'Terminate' },
      certificateRefs: most(
        listOf(
          record(
            {
              group: { ...groupName, default: '' },
              kind: { ...kindName, default: 'Secret' },
              name: objectName,
              namespace: namespaceName,
            },
            ['name'],
          ),
        ),
        64,
      ),
      options: mapOf(text),
    }),
    allowedRoutes: {
      ...record({
        namespaces: {
          ...record({ from: { ...oneOfTexts('All', 'Selector', 'Same'), default: 'Same' }, selector: labelSelector }),
          default: { from: 'Same' },
        },
        kinds: most(listOf(record({ group: { ...groupName, default: GROUP }, kind: kindName }, ['kind'])), 8),
      }),
      default: { namespaces: { from: 'Same' } },
    },
  },
  ['name', 'port', 'protocol'],
);
const address = record({ type: { ...sized(text, 1, 253), default: 'IPAddress' }, value: sized(text, 1, 253) });

const gatewaySchema = record(
  {
    apiVersion: text,
    kind: text,
    metadata: { type: 'object' },
    spec: record(
      {
        gatewayClassName: objectName,
        listeners: { ...most(listByKey(listener, ['name']), 64), minItems: 1 },
        addresses: most(listOf(address), 16),
        infrastructure: record({ labels: mapOf(text), annotations: mapOf(text), parametersRef: extensionRef }),
      },
      ['gatewayClassName', 'listeners'],
    ),
    status: record({
      addresses: most(listOf({ ...address, required: ['value'] }), 16),
      listeners: most(listByKey(listenerStatus, ['name']), 64),
      conditions,
    }),
  },
  ['spec'],
);

const gatewayClassSchema = record(
  {
    apiVersion: text,
    kind: text,
    metadata: { type: 'object' },
    spec: record(
      {
        controllerName: {
          ...sized(
            {
              ...text,
              pattern:
                "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$",
            },
            1,
            253,
          ),
          'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'Value is immutable' }],
        },
        parametersRef: record({ group: groupName, kind: kindName, name: objectName, namespace: namespaceName }, [
          'group',
          'kind',
          'name',
        ]),
        description: { ...text, maxLength: 64 },
      },
      ['controllerName'],
    ),
    status: record({ conditions, supportedFeatures: most(listByKey(record({ name: text }, ['name']), ['name']), 64) }),
  },
  ['spec'],
);

interface Column {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly priority?: number;
}

const ageColumn: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const conditionColumn = (type: string): Column => ({
  name: type,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
});

function crd(kind: {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  readonly versions: readonly string[];
  readonly schema: OpenApiSchema;
  readonly columns: readonly Column[];
}): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${kind.plural}.${GROUP}`,
      annotations: {
        'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/3328',
        'gateway.networking.k8s.io/bundle-version': 'v1.2.1',
        'gateway.networking.k8s.io/channel': 'standard',
      },
    },
    spec: {
      group: GROUP,
      scope: kind.scope,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        categories: ['gateway-api'],
        ...(kind.shortNames === undefined ? {} : { shortNames: kind.shortNames }),
      },
      versions: kind.versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema: kind.schema },
        subresources: { status: {} },
        additionalPrinterColumns: kind.columns,
      })),
    },
  };
}

const hostnamesColumn: Column = { name: 'Hostnames', type: 'string', jsonPath: '.spec.hostnames' };

/** To be created before anything uses the Gateway API: HTTPRoute, GRPCRoute, Gateway and GatewayClass. */
export const gatewayApiCrds: readonly KubeObject[] = [
  crd({
    kind: 'HTTPRoute',
    plural: 'httproutes',
    scope: 'Namespaced',
    versions: ['v1', 'v1beta1'],
    schema: routeSchema(httpRule, { default: [{ matches: [{ path: ROOT_PATH }] }] }),
    columns: [hostnamesColumn, ageColumn],
  }),
  crd({
    kind: 'GRPCRoute',
    plural: 'grpcroutes',
    scope: 'Namespaced',
    versions: ['v1'],
    schema: routeSchema(grpcRule),
    columns: [hostnamesColumn, ageColumn],
  }),
  crd({
    kind: 'Gateway',
    plural: 'gateways',
    shortNames: ['gtw'],
    scope: 'Namespaced',
    versions: ['v1', 'v1beta1'],
    schema: gatewaySchema,
    columns: [
      { name: 'Class', type: 'string', jsonPath: '.spec.gatewayClassName' },
      { name: 'Address', type: 'string', jsonPath: '.status.addresses[*].value' },
      conditionColumn('Programmed'),
      ageColumn,
    ],
  }),
  crd({
    kind: 'GatewayClass',
    plural: 'gatewayclasses',
    shortNames: ['gc'],
    scope: 'Cluster',
    versions: ['v1', 'v1beta1'],
    schema: gatewayClassSchema,
    columns: [
      { name: 'Controller', type: 'string', jsonPath: '.spec.controllerName' },
      conditionColumn('Accepted'),
      ageColumn,
      { name: 'Description', type: 'string', jsonPath: '.spec.description', priority: 1 },
    ],
  }),
];
