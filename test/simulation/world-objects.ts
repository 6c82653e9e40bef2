import { customResourceDefinitions } from '../../src/api/crd/definitions.ts';
import type { KubeObject } from '../../src/api/kube-object.ts';
import { gatewayApiCrds } from '../../src/kube-memory/builtin/gateway-api.ts';

let made: readonly KubeObject[] | undefined;

/** The CRDs that a cluster with Headgate and the Gateway API has; made once. */
export function customKinds(): readonly KubeObject[] {
  made ??= JSON.parse(JSON.stringify([...customResourceDefinitions(), ...gatewayApiCrds])) as readonly KubeObject[];
  return made;
}
