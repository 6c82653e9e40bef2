/**
 * A query that cannot be answered. `bad_data`: the query itself is wrong, or uses what this server does not implement;
 * `execution`: it is well-formed, but the data at hand do not allow it.
 */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly errorType: 'bad_data' | 'execution';

  constructor(errorType: 'bad_data' | 'execution', message: string) {
    super(message);
    this.errorType = errorType;
  }
}

export function badData(message: string): QueryError {
  return new QueryError('bad_data', message);
}

/** For constructs of PromQL outside of the documented subset. */
export function unsupported(construct: string): QueryError {
  return new QueryError(
    'bad_data',
    `${construct} is not supported by this small Prometheus; see src/demo/prometheus/README.md for what is`,
  );
}
