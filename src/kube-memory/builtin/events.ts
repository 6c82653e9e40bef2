import type { KubeObject } from '../../api/kube-object.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { column, since } from './columns.ts';
import { define } from './define.ts';
import { invalid } from './field-errors.ts';
import { fieldsAt, filled, numberAt, textAt } from './fields.ts';
import { eventSchema } from './schemas/core.ts';

/** Events of core/v1. Their table has the name as its last, wide column. */
export const eventResource: ResourceDefinition = define({
  kind: 'Event',
  shortNames: ['ev'],
  schema: eventSchema,
  fieldSelectors: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  columns: [
    column('Last Seen', lastSeenText),
    column('Type', (event) => textAt(event, 'type') ?? ''),
    column('Reason', (event) => textAt(event, 'reason') ?? ''),
    column('Object', objectText),
    column('Subobject', (event) => textAt(event, 'involvedObject', 'fieldPath') ?? '', 'wide'),
    column('Source', sourceText, 'wide'),
    column('Message', (event) => (textAt(event, 'message') ?? '').trim()),
    column('First Seen', firstSeenText, 'wide'),
    column('Count', countOf, 'wide'),
    column('Name', (event) => event.metadata.name, 'wide'),
  ],
  defaults: (event) => ({
    ...event,
    ...filled(
      {
        involvedObject: fieldsAt(event, 'involvedObject'),
        source: fieldsAt(event, 'source'),
        firstTimestamp: event.firstTimestamp ?? null,
        lastTimestamp: event.lastTimestamp ?? null,
        eventTime: event.eventTime ?? null,
        reportingComponent: event.reportingComponent,
        reportingInstance: event.reportingInstance,
      },
      { reportingComponent: '', reportingInstance: '' },
    ),
  }),
  validate: checkEvent,
});

function checkEvent(event: KubeObject): readonly FieldError[] {
  const involved = textAt(event, 'involvedObject', 'namespace') ?? '';
  const home = event.metadata.namespace ?? '';
  const matches = involved === home || (involved === '' && home === 'default');
  return matches ? [] : [invalid('involvedObject.namespace', involved, 'does not match event.namespace')];
}

function objectText(event: KubeObject): string {
  return `${(textAt(event, 'involvedObject', 'kind') ?? '').toLowerCase()}/${textAt(event, 'involvedObject', 'name') ?? ''}`;
}

function sourceText(event: KubeObject): string {
  const component = textAt(event, 'source', 'component') ?? textAt(event, 'reportingComponent') ?? '';
  const host = textAt(event, 'source', 'host') ?? textAt(event, 'reportingInstance') ?? '';
  return host === '' ? component : `${component}, ${host}`;
}

function countOf(event: KubeObject): number {
  return numberAt(event, 'series', 'count') ?? numberAt(event, 'count') ?? 1;
}

function firstSeenAt(event: KubeObject): string | undefined {
  return textAt(event, 'firstTimestamp') ?? textAt(event, 'eventTime');
}

function firstSeenText(event: KubeObject, nowMs: number): string {
  return since(firstSeenAt(event), nowMs);
}

function lastSeenText(event: KubeObject, nowMs: number): string {
  const last = textAt(event, 'series', 'lastObservedTime') ?? textAt(event, 'lastTimestamp');
  return since(last ?? firstSeenAt(event), nowMs);
}
