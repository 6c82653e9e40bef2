import { int32, microTime, record, text } from '../schema.ts';
import { topLevel } from './meta.ts';

const leaseSpecSchema = record({
  acquireTime: microTime,
  holderIdentity: text,
  leaseDurationSeconds: int32,
  leaseTransitions: int32,
  preferredHolder: text,
  renewTime: microTime,
  strategy: text,
});

export const leaseSchema = topLevel({
  spec: leaseSpecSchema,
});
