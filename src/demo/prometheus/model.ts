/** Label names and values of a series; the metric's name is the label `__name__`. */
export type Labels = Readonly<Record<string, string>>;

export const NAME = '__name__';

/** One stored value. `stale` says that the series ended here: what came before must not be looked back at. */
export interface Sample {
  readonly atMs: number;
  readonly value: number | 'stale';
}

/** A value that is a number for sure, as range functions see it. */
export interface Point {
  readonly atMs: number;
  readonly value: number;
}

export interface VectorElement {
  readonly labels: Labels;
  readonly value: number;
}

export interface MatrixElement {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

/** What an expression evaluates to at one moment. */
export type Value =
  | { readonly type: 'scalar'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'vector'; readonly elements: readonly VectorElement[] }
  | {
      readonly type: 'matrix';
      readonly elements: readonly MatrixElement[];
      readonly startMs: number;
      readonly endMs: number;
    };

/** A key that is equal exactly when two label sets are equal. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(
    Object.keys(labels)
      .sort()
      .map((name) => [name, labels[name]]),
  );
}

export function withoutLabels(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

export function onlyLabels(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));
}

/** Prometheus' own way of writing a series: `http_requests_total{code="200"}`. */
export function formatLabels(labels: Labels): string {
  const pairs = Object.entries(withoutLabels(labels, [NAME])).map(
    ([name, value]) => `${name}=${JSON.stringify(value)}`,
  );
  return `${labels[NAME] ?? ''}{${pairs.join(', ')}}`;
}
