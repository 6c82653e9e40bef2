import { notAcceptable } from './status-error.ts';

/** The form that the caller wants objects in. */
export type Representation = 'object' | 'table' | 'partial';

const SERVED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** The first form in the Accept header that this server has; throws 406 when there is none. */
export function representationOf(accept: string | undefined): Representation {
  if (accept === undefined || accept.trim() === '') return 'object';
  for (const clause of accept.split(',')) {
    const { type, parameters } = parseMediaType(clause);
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    const as = parameters.get('as');
    if (as === undefined) return 'object';
    if (parameters.get('g') !== 'meta.k8s.io' || parameters.get('v') !== 'v1') continue;
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'partial';
  }
  throw notAcceptable(SERVED);
}

/** Whether the Accept header asks for aggregated discovery of the given version. */
export function wantsAggregatedDiscovery(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((clause) => {
    const { type, parameters } = parseMediaType(clause);
    return (
      type === 'application/json' && parameters.get('as') === 'APIGroupDiscoveryList' && parameters.get('v') === 'v2'
    );
  });
}

export interface MediaType {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

export function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const equals = part.indexOf('=');
    if (equals > 0) parameters.set(part.slice(0, equals).toLowerCase(), part.slice(equals + 1).replace(/^"|"$/g, ''));
  }
  return { type: type.toLowerCase(), parameters };
}
