import { createCallGuard } from '../../src/adapters/kube/permissions.ts';

/**
 * One guard for all scenarios of a run: each call of the controller must be in the table of permissions, and together
 * they show whether anything in the table is idle.
 */
export const sharedGuard = createCallGuard();
