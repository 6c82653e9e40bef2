import { about, int32, microTime, record, text } from '../schema.ts';
import { topLevel } from './meta.ts';

const leaseSpecSchema = record({
  acquireTime: about('Since when it is held.', microTime),
  holderIdentity: about('Who holds it.', text),
  leaseDurationSeconds: about('Seconds after the last renewal that others must wait.', int32),
  leaseTransitions: about('How often it changed hands.', int32),
  preferredHolder: text,
  renewTime: about('When it was renewed last.', microTime),
  strategy: text,
});

export const leaseSchema = about(
  'A claim on something that is held for a time, e.g. leadership.',
  topLevel({
    spec: leaseSpecSchema,
  }),
);
