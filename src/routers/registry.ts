import type { TrafficRouter } from './contract.ts';
import { gatewayApi } from './gateway-api.ts';
import { nginx } from './nginx.ts';

/** Every traffic router that Headgate knows, in the order in which a Rollout's routers are reconciled. */
export const trafficRouters: readonly TrafficRouter[] = [nginx, gatewayApi];

export const routerIds: readonly string[] = trafficRouters.map(({ id }) => id);
