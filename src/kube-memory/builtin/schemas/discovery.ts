import { about, atomicRecord, flag, int32, listOf, mapOf, oneOfTexts, record, setOf, text } from '../schema.ts';
import { objectReferenceSchema, topLevel } from './meta.ts';

const endpointConditionsSchema = record({
  ready: about('Takes traffic.', flag),
  serving: about('Would answer, also while it ends.', flag),
  terminating: about('Is ending.', flag),
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

export const endpointSliceSchema = about(
  'Addresses behind a service, in slices of up to a hundred.',
  topLevel(
    {
      addressType: about('IPv4, IPv6 or FQDN; cannot change.', oneOfTexts('FQDN', 'IPv4', 'IPv6')),
      endpoints: about('The addresses and how they are.', listOf(endpointSchema)),
      ports: about('The ports that all of these addresses have.', listOf(sliceEndpointPortSchema)),
    },
    ['addressType'],
  ),
);
