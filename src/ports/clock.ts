export type { Clock, ScheduledCall } from '../lib/clock.ts';
