import { changed, changedItems, filled, fieldsAt, type Fields } from './fields.ts';

/** What an API server fills into the pod template of a workload. */
export function defaultedTemplate(template: Fields): Fields {
  return changed<Fields>({ metadata: {}, spec: {}, ...template }, 'spec', (spec) => defaultedPodSpec(spec, 'template'));
}

/** What an API server fills into any pod spec; ports of the host's network are filled in for pods themselves only. */
export function defaultedPodSpec(spec: Fields, of: 'template' | 'pod'): Fields {
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  const grace = spec.terminationGracePeriodSeconds;
  const base = filled(typeof grace === 'number' && grace < 0 ? { ...spec, terminationGracePeriodSeconds: 1 } : spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...(account === undefined || account === null || account === ''
      ? {}
      : { serviceAccountName: account, serviceAccount: account }),
  });
  let result: Fields = base;
  for (const key of ['initContainers', 'containers', 'ephemeralContainers']) {
    result = changedItems(result, key, (container) =>
      defaultedContainer(container, of === 'pod' && spec.hostNetwork === true),
    );
  }
  return changedItems(result, 'volumes', defaultedVolume);
}

function defaultedContainer(container: Fields, hostNetwork: boolean): Fields {
  let result: Fields = filled(container, {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicyOf(typeof container.image === 'string' ? container.image : ''),
  });
  result = changedItems(result, 'ports', (port) =>
    filled(port, {
      protocol: 'TCP',
      ...(hostNetwork && port.containerPort !== undefined ? { hostPort: port.containerPort } : {}),
    }),
  );
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'])
    result = changed<Fields>(result, probe, defaultedProbe);
  result = changed<Fields>(result, 'lifecycle', (lifecycle) =>
    changed<Fields>(changed<Fields>(lifecycle, 'postStart', defaultedHandler), 'preStop', defaultedHandler),
  );
  return changedItems(result, 'env', (entry) =>
    changed<Fields>(entry, 'valueFrom', (source) =>
      changed<Fields>(source, 'fieldRef', (ref) => filled(ref, { apiVersion: 'v1' })),
    ),
  );
}

/** `Always` for images without a tag or with `latest`, unless a digest pins them. */
function pullPolicyOf(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultedProbe(probe: Fields): Fields {
  return defaultedHandler(
    filled(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }),
  );
}

function defaultedHandler(handler: Fields): Fields {
  const http = changed<Fields>(handler, 'httpGet', (get) => filled(get, { path: '/', scheme: 'HTTP' }));
  return changed<Fields>(http, 'grpc', (grpc) => filled(grpc, { service: '' }));
}

const FILE_MODE = 0o644;

function defaultedVolume(volume: Fields): Fields {
  if (Object.keys(volume).every((key) => key === 'name')) return { ...volume, emptyDir: {} };
  let result = volume;
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    result = changed<Fields>(result, source, (fields) => filled(fields, { defaultMode: FILE_MODE }));
  }
  result = changed<Fields>(result, 'hostPath', (path) => filled(path, { type: '' }));
  result = changed<Fields>(result, 'projected', (projected) => changedItems(projected, 'sources', defaultedProjection));
  result = changed<Fields>(result, 'downwardAPI', withFieldVersions);
  return changed<Fields>(result, 'ephemeral', (ephemeral) =>
    changed<Fields>(ephemeral, 'volumeClaimTemplate', (template) => ({
      ...template,
      spec: filled(fieldsAt(template, 'spec'), { volumeMode: 'Filesystem' }),
    })),
  );
}

function defaultedProjection(source: Fields): Fields {
  const token = changed<Fields>(source, 'serviceAccountToken', (fields) =>
    filled(fields, { expirationSeconds: 3_600 }),
  );
  return changed<Fields>(token, 'downwardAPI', withFieldVersions);
}

function withFieldVersions(fields: Fields): Fields {
  return changedItems(fields, 'items', (item) =>
    changed<Fields>(item, 'fieldRef', (ref) => filled(ref, { apiVersion: 'v1' })),
  );
}
