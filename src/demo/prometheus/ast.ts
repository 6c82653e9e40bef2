/** A parsed and type-checked query. */
export type Expr =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | Selector
  | { readonly type: 'range'; readonly selector: Selector; readonly rangeMs: number }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Expr[] }
  | {
      readonly type: 'aggregate';
      readonly op: AggregateOp;
      readonly grouping: Grouping;
      /** The k of topk and bottomk. */
      readonly parameter?: Expr;
      readonly of: Expr;
    }
  | {
      readonly type: 'binary';
      readonly op: BinaryOp;
      /** Comparisons answer 0 or 1 instead of filtering. */
      readonly bool: boolean;
      readonly matching: Matching;
      readonly left: Expr;
      readonly right: Expr;
    }
  | { readonly type: 'negate'; readonly of: Expr };

export interface Selector {
  readonly type: 'selector';
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
}

export interface Matcher {
  readonly label: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

export interface Grouping {
  readonly mode: 'by' | 'without';
  readonly labels: readonly string[];
}

/** Which elements of two vectors belong together. */
export interface Matching {
  readonly mode: 'on' | 'ignoring';
  readonly labels: readonly string[];
  /** `left`: many elements on the left may meet one on the right (group_left). */
  readonly many: 'none' | 'left' | 'right';
  /** Labels taken over from the side of which there is one. */
  readonly include: readonly string[];
}

export type AggregateOp = 'sum' | 'avg' | 'min' | 'max' | 'count' | 'group' | 'topk' | 'bottomk';
export type SetOp = 'and' | 'or' | 'unless';
export type ComparisonOp = '==' | '!=' | '<' | '>' | '<=' | '>=';
export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^';
export type BinaryOp = SetOp | ComparisonOp | ArithmeticOp;

export type ValueType = 'scalar' | 'string' | 'vector' | 'matrix';
