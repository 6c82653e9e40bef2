import { atomicRecord, flag, int32, listOf, mapOf, oneOfTexts, record, setOf, text } from '../schema.ts';
import { objectReferenceSchema, topLevel } from './meta.ts';

const endpointConditionsSchema = record({
  ready: flag,
  serving: flag,
  terminating: flag,
});

const forNodeSchema = record(
  {
    name: text,
  },
  ['name'],
);

const forZoneSchema = record(
  {
    name: text,
  },
  ['name'],
);

const endpointHintsSchema = record({
  forNodes: listOf(forNodeSchema),
  forZones: listOf(forZoneSchema),
});

const endpointSchema = record(
  {
    addresses: setOf(text),
    conditions: endpointConditionsSchema,
    deprecatedTopology: mapOf(text),
    hints: endpointHintsSchema,
    hostname: text,
    nodeName: text,
    targetRef: objectReferenceSchema,
    zone: text,
  },
  ['addresses'],
);

const sliceEndpointPortSchema = atomicRecord({
  appProtocol: text,
  name: text,
  port: int32,
  protocol: oneOfTexts('SCTP', 'TCP', 'UDP'),
});

export const endpointSliceSchema = topLevel(
  {
    addressType: oneOfTexts('FQDN', 'IPv4', 'IPv6'),
    endpoints: listOf(endpointSchema),
    ports: listOf(sliceEndpointPortSchema),
  },
  ['addressType'],
);
