import { KINDS } from '../api/kinds.ts';
import type { Deployment } from '../api/workloads.ts';
import { isForbidden, isUnserved } from './kube-failure.ts';
import { formatData, type OutputFormat } from './output.ts';
import type { Session } from './session.ts';

export interface VersionOptions {
  readonly client: string;
  /** Where the controller runs. */
  readonly controllerNamespace: string;
  readonly output: OutputFormat;
}

const SELECTOR = 'app.kubernetes.io/name=headgate';

/** The verb `version`: of this program, and of the controller as its Deployment tells it. */
export async function versionVerb(session: Session, options: VersionOptions): Promise<number> {
  const { terminal } = session;
  const controller = await controllerVersion(session, options.controllerNamespace);
  if (options.output === 'json' || options.output === 'yaml') {
    terminal.print(formatData({ client: options.client, controller }, options.output));
    return 0;
  }
  terminal.print(`Client:      ${options.client}`);
  terminal.print(
    `Controller:  ${'version' in controller ? `${controller.version} (${controller.image})` : controller.unknown}`,
  );
  return 0;
}

type ControllerVersion =
  | { readonly version: string; readonly image: string; readonly ready: number }
  | { readonly unknown: string };

async function controllerVersion({ reader, place }: Session, namespace: string): Promise<ControllerVersion> {
  try {
    const found = await reader.list(KINDS.deployment, { namespace, labelSelector: SELECTOR });
    const deployment = found[0] as Deployment | undefined;
    if (deployment === undefined) return { unknown: missing(namespace, place.context) };
    const image = deployment.spec.template.spec?.containers?.[0]?.image ?? 'unknown image';
    const version = deployment.metadata.labels?.['app.kubernetes.io/version'] ?? 'unknown';
    return { version, image, ready: deployment.status?.readyReplicas ?? 0 };
  } catch (error) {
    if (isForbidden(error)) return { unknown: `you may not list deployments in namespace ${namespace}` };
    if (isUnserved(error)) return { unknown: missing(namespace, place.context) };
    return { unknown: error instanceof Error ? error.message : String(error) };
  }
}

function missing(namespace: string, context: string): string {
  return `no Deployment with ${SELECTOR} in namespace ${namespace} (context ${context}); name its namespace with --controller-namespace`;
}
