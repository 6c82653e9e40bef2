import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../../api/kube-object.ts';
import { parseYaml } from '../../kube-memory/body.ts';
import { sleep } from '../../lib/clock.ts';
import type { Clock } from '../../lib/clock.ts';

/** Every object in the YAML files of a directory, in the order in which it can be applied. Throws Error that names the file. */
export async function readManifests(directory: string): Promise<readonly KubeObject[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.yaml')).sort();
  const objects: KubeObject[] = [];
  for (const file of files) {
    const text = await readFile(join(directory, file), 'utf8');
    for (const document of text.split(/^---$/m)) {
      const object = parseYaml(document);
      if (object === null || object === undefined) continue;
      if (!isKubeObject(object))
        throw new Error(`${join(directory, file)}: there is a document without apiVersion, kind or name`);
      objects.push(object);
    }
  }
  return objects.toSorted((a, b) => rank(a) - rank(b));
}

const FIRST = ['CustomResourceDefinition', 'Namespace'];

function rank(object: KubeObject): number {
  const index = FIRST.indexOf(object.kind);
  return index < 0 ? FIRST.length : index;
}

function isKubeObject(value: unknown): value is KubeObject {
  const object = value as Partial<KubeObject>;
  return (
    typeof object.apiVersion === 'string' &&
    typeof object.kind === 'string' &&
    typeof object.metadata?.name === 'string'
  );
}

/** A kind may be served only a moment after its definition was taken. */
const UNSERVED_TRIES_MAX = 40;
const UNSERVED_RETRY_MS = 50;

/** Applies one object over HTTP, as an administrator would. Throws Error with the server's message. */
export async function applyManifest(
  server: { readonly url: string; readonly clock: Clock },
  object: KubeObject,
): Promise<void> {
  const path = pathOf(object);
  for (let tries = 1; ; tries++) {
    const response = await fetch(`${server.url}${path}?fieldManager=demo-setup&force=true`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify(object),
    });
    const text = await response.text();
    if (response.ok) return;
    if (response.status !== 404 || tries >= UNSERVED_TRIES_MAX) {
      throw new Error(
        `applying ${object.kind} ${object.metadata.name} failed (${response.status}): ${text.slice(0, 500)}`,
      );
    }
    await sleep(server.clock, UNSERVED_RETRY_MS);
  }
}

function pathOf(object: KubeObject): string {
  const prefix = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
  const namespace = object.metadata.namespace === undefined ? '' : `/namespaces/${object.metadata.namespace}`;
  return `${prefix}${namespace}/${pluralOf(object.kind)}/${object.metadata.name}`;
}

/** Every kind that the demo's manifests hold has a regular plural. */
function pluralOf(kind: string): string {
  return `${kind.toLowerCase()}s`;
}
