import { controllerReferenceTo, type KubeObject } from '../../api/kube-object.ts';
import { fieldsAt, textsAt } from '../builtin/fields.ts';
import type { ControllerContext } from './context.ts';

/** Creates a pod from its owner's template, under a generated name. */
export function createPod(
  context: ControllerContext,
  owner: KubeObject,
  extra: Pick<PodParts, 'annotations' | 'labels'> = {},
): KubeObject {
  const template = fieldsAt(owner, 'spec', 'template');
  const labels = { ...textsAt(template, 'metadata', 'labels'), ...extra.labels };
  const annotations = { ...textsAt(template, 'metadata', 'annotations'), ...extra.annotations };
  const pod = context.store.create('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: '',
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ownerReferences: [controllerReferenceTo(owner)],
    },
    spec: fieldsAt(template, 'spec'),
  });
  context.pods.refresh(pod.metadata.namespace, pod.metadata.name);
  return pod;
}

interface PodParts {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export function deletePod(context: ControllerContext, pod: KubeObject): void {
  const { namespace, name, uid } = pod.metadata;
  context.store.delete('pods', namespace, name, uid === undefined ? {} : { uid });
  context.pods.refresh(namespace, name);
}
