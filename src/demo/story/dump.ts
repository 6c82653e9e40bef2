import { KINDS } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import type { KubeReader } from '../../ports/kube.ts';
import type { World } from './world.ts';

const EVENTS_SHOWN = 60;
const CONTROLLER_LINES_SHOWN = 60;

/** Everything that helps to see why the story did not end well, as text. Never throws. */
export async function dumpWorld(
  reader: KubeReader,
  namespace: string,
  world: World,
  controllerLines: readonly string[],
): Promise<string> {
  const parts: string[] = [];
  for (const kind of [KINDS.rollout, KINDS.analysisRun, KINDS.gitSource, KINDS.httpRoute]) {
    for (const object of await listQuietly(reader, kind, namespace)) {
      parts.push(
        `--- ${kind.kind} ${object.metadata.name}\n${JSON.stringify({ spec: shortened(object), status: object['status'] }, null, 1)}`,
      );
    }
  }
  const events = (await listQuietly(reader, KINDS.event, namespace)).slice(-EVENTS_SHOWN);
  parts.push(
    `--- events\n${events.map((event) => `${String(event['type'])} ${String(event['reason'])}: ${String(event['message'])}`).join('\n')}`,
  );
  parts.push(`--- revisions\n${world.revisions.map((revision) => JSON.stringify(revision)).join('\n')}`);
  parts.push(
    `--- git\n${world.commits.map((commit) => `${commit.sha} ${commit.subject} (${commit.author})`).join('\n')}`,
  );
  parts.push(
    `--- lost requests\n${world.load.losses.map(({ atMs, reason }) => `${new Date(atMs).toISOString()} ${reason}`).join('\n') || 'none'}`,
  );
  parts.push(`--- Slack\n${world.slack.join('\n') || 'nothing'}`);
  parts.push(
    `--- controller (started again ${world.controller.restarts} times)\n${controllerLines.slice(-CONTROLLER_LINES_SHOWN).join('\n')}`,
  );
  return `${parts.join('\n')}\n`;
}

/** The template of a Rollout is in the repository; it would only hide the rest. */
function shortened(object: KubeObject): unknown {
  const { template: _template, ...rest } = (object['spec'] ?? {}) as Record<string, unknown>;
  return rest;
}

async function listQuietly(
  reader: KubeReader,
  kind: Parameters<KubeReader['list']>[0],
  namespace: string,
): Promise<readonly KubeObject[]> {
  try {
    return await reader.list(kind, { namespace });
  } catch {
    return [];
  }
}
