import { int32, microTime, record, text, time } from '../schema.ts';
import { eventSourceSchema } from './core.ts';
import { objectReferenceSchema, topLevel } from './meta.ts';

const eventsEventSeriesSchema = record(
  {
    count: int32,
    lastObservedTime: microTime,
  },
  ['count', 'lastObservedTime'],
);

export const eventsEventSchema = topLevel({
  action: text,
  deprecatedCount: int32,
  deprecatedFirstTimestamp: time,
  deprecatedLastTimestamp: time,
  deprecatedSource: eventSourceSchema,
  eventTime: microTime,
  note: text,
  reason: text,
  regarding: objectReferenceSchema,
  related: objectReferenceSchema,
  reportingController: text,
  reportingInstance: text,
  series: eventsEventSeriesSchema,
  type: text,
});
