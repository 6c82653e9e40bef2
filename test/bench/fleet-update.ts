import { KINDS } from '../../src/api/kinds.ts';
import type { KubeWriter } from '../../src/ports/kube.ts';
import type { FleetObject } from './fleet.ts';

export interface Fleet {
  readonly writer: KubeWriter;
  readonly namespace: string;
}

/** In order: what comes first is referred to by what follows. */
export async function createObjects(writer: KubeWriter, objects: readonly FleetObject[]): Promise<void> {
  for (const { kind, object } of objects) await writer.write({ verb: 'create', kind, object });
}

/** Changes the image of all of them at once. */
export async function changeImages(fleet: Fleet, names: readonly string[], image: string): Promise<void> {
  await Promise.all(
    names.map((name) =>
      fleet.writer.write({
        verb: 'patch',
        ref: { kind: KINDS.rollout, namespace: fleet.namespace, name },
        patchType: 'json',
        body: [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }],
      }),
    ),
  );
}
