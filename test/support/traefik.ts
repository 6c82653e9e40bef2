import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { request } from 'undici';
import type { ApiClient, Manifest } from './api-client.ts';
import type { DataPlaneFiles } from './plane.ts';
import { httpRoute } from './manifests.ts';
import { until, type Scene } from './world.ts';

/** Traefik as a Gateway API implementation, in front of the pods of a test plane. */
export interface Traefik {
  readonly origin: string;
  stop(): Promise<void>;
}

const PORT = 8_000;
const CLASS = 'traefik';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Before anybody watches these kinds: a watch ends when its definition changes. */
export async function installGatewayApi(api: ApiClient, { definitions }: DataPlaneFiles): Promise<void> {
  for (const file of readdirSync(definitions)) {
    const crd = load(readFileSync(join(definitions, file), 'utf8')) as Manifest;
    if (crd.kind === 'CustomResourceDefinition') await api.apply(`${CRDS}/${crd.metadata.name}`, crd);
  }
}

export async function startTraefik(input: {
  readonly files: DataPlaneFiles;
  readonly api: ApiClient;
  readonly access: { readonly url: string; readonly token: string; readonly authority: string };
  readonly logFile: string;
}): Promise<Traefik> {
  const { files, api, access, logFile } = input;
  await api.apply(`/apis/gateway.networking.k8s.io/v1/gatewayclasses/${CLASS}`, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: CLASS },
    spec: { controllerName: 'traefik.io/gateway-controller' },
  });
  const log = openSync(logFile, 'a');
  const child = spawn(
    files.binary,
    [
      '--global.checknewversion=false',
      '--global.sendanonymoususage=false',
      '--log.level=INFO',
      `--entrypoints.web.address=127.0.0.1:${PORT}`,
      '--ping=true',
      '--ping.entrypoint=web',
      '--providers.kubernetesgateway=true',
      `--providers.kubernetesgateway.endpoint=${access.url}`,
      `--providers.kubernetesgateway.token=${access.token}`,
      `--providers.kubernetesgateway.certauthfilepath=${access.authority}`,
    ],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const origin = `http://127.0.0.1:${PORT}`;
  await until('Traefik to listen', async () => {
    if (child.exitCode !== null) throw new Error(`Traefik ended:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`);
    const answer = await request(`${origin}/ping`).catch(() => undefined);
    await answer?.body.dump();
    return answer?.statusCode === 200;
  });
  return { origin, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** A Gateway in the scene's namespace, and the route `shop` through it for this host. */
export async function routeThroughGateway(
  scene: Scene,
  host: string,
  services: { readonly stable: string; readonly canary: string },
): Promise<void> {
  const gateways = `/apis/gateway.networking.k8s.io/v1/namespaces/${scene.namespace}/gateways`;
  await scene.api.apply(`${gateways}/gateway`, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'gateway' },
    spec: { gatewayClassName: CLASS, listeners: [{ name: 'http', protocol: 'HTTP', port: PORT }] },
  });
  const route = httpRoute('shop', services) as { readonly spec: object };
  await scene.apply({ ...route, spec: { ...route.spec, hostnames: [host] } });
}
