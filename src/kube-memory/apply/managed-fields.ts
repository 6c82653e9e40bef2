import type { KubeObject } from '../../api/kube-object.ts';
import type { ResourceDefinition } from '../resource.ts';

export function trackUpdate(input: {
  readonly definition: ResourceDefinition;
  readonly old: KubeObject | undefined;
  readonly next: KubeObject;
  readonly manager: string;
  readonly subresource: string;
  readonly nowMs: number;
}): KubeObject {
  return input.next;
}
