/** The syntax tree of an expression; `offset` is where errors of the node point to. */
export type Node =
  | Literal
  | Unary
  | Binary
  | Conditional
  | Member
  | Slice
  | Call
  | Builtin
  | Chain
  | { readonly type: 'identifier'; readonly name: string; readonly offset: number }
  /** `#`, `#index`, `#acc` inside a predicate. */
  | { readonly type: 'pointer'; readonly name: string; readonly offset: number }
  | { readonly type: 'array'; readonly items: readonly Node[]; readonly offset: number }
  | { readonly type: 'map'; readonly pairs: readonly MapPair[]; readonly offset: number }
  | { readonly type: 'let'; readonly name: string; readonly value: Node; readonly body: Node; readonly offset: number }
  | { readonly type: 'sequence'; readonly nodes: readonly Node[]; readonly offset: number };

export type Literal =
  | { readonly type: 'nil'; readonly offset: number }
  | { readonly type: 'bool'; readonly value: boolean; readonly offset: number }
  | { readonly type: 'int'; readonly value: bigint; readonly offset: number }
  | { readonly type: 'float'; readonly value: number; readonly offset: number }
  | { readonly type: 'string'; readonly value: string; readonly offset: number }
  | { readonly type: 'bytes'; readonly value: string; readonly offset: number };

export interface Unary {
  readonly type: 'unary';
  readonly operator: string;
  readonly operand: Node;
  readonly offset: number;
}

export interface Binary {
  readonly type: 'binary';
  readonly operator: string;
  readonly left: Node;
  readonly right: Node;
  readonly offset: number;
}

export interface Conditional {
  readonly type: 'conditional';
  readonly condition: Node;
  readonly whenTrue: Node;
  readonly whenFalse: Node;
  readonly offset: number;
}

/** `base.name` and `base[index]`; with `optional`, a nil base ends the enclosing chain with nil. */
export interface Member {
  readonly type: 'member';
  readonly base: Node;
  readonly property: Node;
  readonly optional: boolean;
  /** True for `base.name(...)`. */
  readonly method: boolean;
  readonly offset: number;
}

/** The reach of `?.`: what a nil in front of it turns into nil. */
export interface Chain {
  readonly type: 'chain';
  readonly inner: Node;
  readonly offset: number;
}

export interface Slice {
  readonly type: 'slice';
  readonly base: Node;
  readonly from?: Node;
  readonly to?: Node;
  readonly offset: number;
}

export interface Call {
  readonly type: 'call';
  readonly callee: Node;
  readonly args: readonly Node[];
  readonly offset: number;
}

/** A builtin; a predicate argument is the body of the closure. */
export interface Builtin {
  readonly type: 'builtin';
  readonly name: string;
  readonly args: readonly Node[];
  readonly offset: number;
}

export interface MapPair {
  readonly key: Node;
  readonly value: Node;
}
