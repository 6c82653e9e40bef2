import { ExpressionError } from './errors.ts';
import { EXPRESSION_LIMITS } from './limits.ts';
import { parseIntegerText } from './number-text.ts';
import type { MapPair, Node } from './syntax.ts';
import { tokenize } from './tokens.ts';
import type { Token, TokenKind } from './tokens.ts';

/** Binding strength of binary operators; `**` and `^` associate to the right, everything else to the left. */
const BINARY_PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ['|', 0],
  ['or', 10],
  ['||', 10],
  ['and', 15],
  ['&&', 15],
  ...['==', '!=', '<', '>', '>=', '<=', 'in', 'matches', 'contains', 'startsWith', 'endsWith'].map(
    (name) => [name, 20] as const,
  ),
  ['..', 25],
  ['+', 30],
  ['-', 30],
  ['*', 60],
  ['/', 60],
  ['%', 60],
  ['**', 100],
  ['^', 100],
  ['??', 500],
]);
const UNARY_PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ['not', 50],
  ['!', 50],
  ['-', 90],
  ['+', 90],
]);
const NEGATABLE = new Set(['contains', 'matches', 'startsWith', 'endsWith', 'in']);
const ORDERINGS = new Set(['<', '>', '<=', '>=']);

type ArgumentKind = 'value' | 'predicate' | 'optionalValue' | 'optionalPredicate';

/** Builtins that take a closure, and what each argument is. */
const PREDICATE_BUILTINS: ReadonlyMap<string, readonly ArgumentKind[]> = new Map<string, readonly ArgumentKind[]>([
  ...['all', 'none', 'any', 'one', 'filter', 'map', 'find', 'findIndex', 'findLast', 'findLastIndex', 'groupBy'].map(
    (name) => [name, ['value', 'predicate']] as const,
  ),
  ['count', ['value', 'optionalPredicate']],
  ['sum', ['value', 'optionalPredicate']],
  ['sortBy', ['value', 'predicate', 'optionalValue']],
  ['reduce', ['value', 'predicate', 'optionalValue']],
]);

export function isPredicateBuiltin(name: string): boolean {
  return PREDICATE_BUILTINS.has(name);
}

/** Parses an expression by operator precedence; `builtins` are the names that call a builtin. Throws ExpressionError. */
export function parseExpression(text: string, builtins: ReadonlySet<string>): Node {
  if (text.length > EXPRESSION_LIMITS.textLengthMax) {
    throw new ExpressionError('compile', `expression is longer than ${EXPRESSION_LIMITS.textLengthMax} characters`, 0);
  }
  return new Parser(tokenize(text), builtins).parseAll();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #builtins: ReadonlySet<string>;
  #at = 0;
  #nodeCount = 0;
  #depth = 0;
  #predicateDepth = 0;
  /** Levels of the tree below a node: left-leaning chains grow deep without recursion in the parser. */
  readonly #heights = new WeakMap<Node, number>();

  constructor(tokens: readonly Token[], builtins: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#builtins = builtins;
  }

  parseAll(): Node {
    const node = this.#sequence();
    if (this.#current.kind !== 'EOF') this.#unexpected(this.#current);
    return node;
  }

  get #current(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  #is(kind: TokenKind, value?: string): boolean {
    return this.#current.kind === kind && (value === undefined || this.#current.value === value);
  }

  #next(): Token {
    const token = this.#current;
    if (this.#at < this.#tokens.length - 1) this.#at += 1;
    else if (token.kind === 'EOF') this.#error('unexpected end of expression', token);
    return token;
  }

  #expect(kind: TokenKind, value?: string): Token {
    if (!this.#is(kind, value)) this.#unexpected(this.#current);
    return this.#next();
  }

  #error(message: string, token: Token): never {
    throw new ExpressionError('compile', message, token.offset);
  }

  #unexpected(token: Token): never {
    this.#error(`unexpected token ${describe(token)}`, token);
  }

  #make<T extends Node>(node: T, children: readonly Node[] = []): T {
    this.#nodeCount += 1;
    if (this.#nodeCount > EXPRESSION_LIMITS.nodeCountMax) {
      throw new ExpressionError('compile', 'compilation failed: expression exceeds maximum allowed nodes', node.offset);
    }
    let height = 1;
    for (const child of children) height = Math.max(height, 1 + (this.#heights.get(child) ?? 0));
    if (height > EXPRESSION_LIMITS.depthMax) this.#tooDeep(node.offset);
    this.#heights.set(node, height);
    return node;
  }

  #tooDeep(offset: number): never {
    throw new ExpressionError(
      'compile',
      `expression is nested deeper than ${EXPRESSION_LIMITS.depthMax} levels`,
      offset,
    );
  }

  #sequence(): Node {
    const nodes = [this.#expression(0)];
    while (this.#is('Operator', ';')) {
      this.#next();
      if (this.#is('EOF')) break;
      nodes.push(this.#expression(0));
    }
    const first = nodes[0];
    if (nodes.length === 1 && first !== undefined) return first;
    return this.#make({ type: 'sequence', nodes, offset: first?.offset ?? 0 }, nodes);
  }

  #expression(precedence: number): Node {
    this.#depth += 1;
    if (this.#depth > EXPRESSION_LIMITS.depthMax) this.#tooDeep(this.#current.offset);
    const node = this.#expressionAt(precedence);
    this.#depth -= 1;
    return node;
  }

  #expressionAt(precedence: number): Node {
    if (precedence === 0 && this.#is('Operator', 'let')) return this.#declaration();
    if (precedence === 0 && this.#is('Operator', 'if')) return this.#ifElse();
    let left = this.#primary();
    let previous = '';
    while (this.#is('Operator')) {
      const negated = this.#is('Operator', 'not');
      const operatorAt = negated ? this.#at + 1 : this.#at;
      const operator = this.#tokens[operatorAt] ?? END;
      if (negated && !NEGATABLE.has(operator.value)) this.#unexpected(operator);
      const strength = BINARY_PRECEDENCE.get(operator.value);
      if (strength === undefined || strength < precedence) break;
      this.#at = operatorAt;
      this.#next();
      left = this.#binary({ left, operator, strength, previous });
      if (negated)
        left = this.#make({ type: 'unary', operator: 'not', operand: left, offset: operator.offset }, [left]);
      previous = operator.value;
    }
    return precedence === 0 ? this.#ternary(left) : left;
  }

  #binary(step: {
    readonly left: Node;
    readonly operator: Token;
    readonly strength: number;
    readonly previous: string;
  }): Node {
    const { left, operator, strength } = step;
    if (operator.value === '|') return this.#call(this.#expect('Identifier'), [left]);
    if (step.previous === '??' && operator.value !== '??') {
      this.#error(
        `Operator (${operator.value}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.`,
        operator,
      );
    }
    if (ORDERINGS.has(operator.value)) return this.#comparison(left, operator, strength);
    const rightAssociative = operator.value === '**' || operator.value === '^';
    const right = this.#expression(rightAssociative ? strength : strength + 1);
    return this.#make({ type: 'binary', operator: operator.value, left, right, offset: operator.offset }, [
      left,
      right,
    ]);
  }

  /** `1 < x <= 5` means `1 < x && x <= 5`. */
  #comparison(first: Node, firstOperator: Token, strength: number): Node {
    let left = first;
    let operator = firstOperator;
    let whole: Node | undefined;
    for (;;) {
      const right = this.#expression(strength + 1);
      const one: Node = this.#make({ type: 'binary', operator: operator.value, left, right, offset: operator.offset }, [
        left,
        right,
      ]);
      whole =
        whole === undefined
          ? one
          : this.#make({ type: 'binary', operator: '&&', left: whole, right: one, offset: operator.offset }, [
              whole,
              one,
            ]);
      if (!this.#is('Operator') || !ORDERINGS.has(this.#current.value)) return whole;
      left = right;
      operator = this.#next();
    }
  }

  #declaration(): Node {
    this.#expect('Operator', 'let');
    const name = this.#expect('Identifier');
    this.#expect('Operator', '=');
    const value = this.#expression(0);
    this.#expect('Operator', ';');
    const body = this.#sequence();
    return this.#make({ type: 'let', name: name.value, value, body, offset: name.offset }, [value, body]);
  }

  #ifElse(): Node {
    const start = this.#next();
    const condition = this.#expression(0);
    const whenTrue = this.#block();
    this.#expect('Operator', 'else');
    const whenFalse = this.#is('Operator', 'if') ? this.#expression(0) : this.#block();
    return this.#make({ type: 'conditional', condition, whenTrue, whenFalse, offset: start.offset }, [
      condition,
      whenTrue,
      whenFalse,
    ]);
  }

  #block(): Node {
    this.#expect('Bracket', '{');
    const node = this.#sequence();
    this.#expect('Bracket', '}');
    return node;
  }

  #ternary(first: Node): Node {
    let node = first;
    while (this.#is('Operator', '?')) {
      const start = this.#next();
      let whenTrue = node;
      if (this.#is('Operator', ':')) {
        this.#next();
      } else {
        whenTrue = this.#expression(0);
        this.#expect('Operator', ':');
      }
      const whenFalse = this.#expression(0);
      node = this.#make({ type: 'conditional', condition: node, whenTrue, whenFalse, offset: start.offset }, [
        node,
        whenTrue,
        whenFalse,
      ]);
    }
    return node;
  }

  #primary(): Node {
    const token = this.#current;
    const unary = token.kind === 'Operator' ? UNARY_PRECEDENCE.get(token.value) : undefined;
    if (unary !== undefined) {
      this.#next();
      const operand = this.#expression(unary);
      return this.#postfix(
        this.#make({ type: 'unary', operator: token.value, operand, offset: token.offset }, [operand]),
      );
    }
    if (this.#is('Bracket', '(')) {
      this.#next();
      const inner = this.#sequence();
      this.#expect('Bracket', ')');
      return this.#postfix(inner);
    }
    if (this.#predicateDepth > 0 && (this.#is('Operator', '#') || this.#is('Operator', '.'))) return this.#pointer();
    if (this.#is('Operator', '::')) {
      this.#next();
      return this.#postfix(this.#call(this.#expect('Identifier'), []));
    }
    return this.#operand();
  }

  #pointer(): Node {
    const token = this.#current;
    let name = '';
    if (token.value === '#') {
      this.#next();
      if (this.#is('Identifier')) name = this.#next().value;
    }
    return this.#postfix(this.#make({ type: 'pointer', name, offset: token.offset }));
  }

  #operand(): Node {
    const token = this.#current;
    const { offset } = token;
    if (token.kind === 'Identifier') return this.#identifier();
    if (token.kind === 'Number') {
      this.#next();
      return this.#make(numberNode(token));
    }
    if (token.kind === 'String' || token.kind === 'Bytes') {
      this.#next();
      const type = token.kind === 'String' ? 'string' : 'bytes';
      return this.#postfix(this.#make({ type, value: token.value, offset }));
    }
    if (this.#is('Bracket', '[')) return this.#postfix(this.#array());
    if (this.#is('Bracket', '{')) return this.#postfix(this.#map());
    return this.#unexpected(token);
  }

  #identifier(): Node {
    const token = this.#next();
    const { offset } = token;
    if (token.value === 'true' || token.value === 'false')
      return this.#make({ type: 'bool', value: token.value === 'true', offset });
    if (token.value === 'nil') return this.#make({ type: 'nil', offset });
    if (this.#is('Bracket', '(')) return this.#postfix(this.#call(token, []));
    return this.#postfix(this.#make({ type: 'identifier', name: token.value, offset }));
  }

  #call(name: Token, piped: readonly Node[]): Node {
    const { offset } = name;
    const predicateArguments = PREDICATE_BUILTINS.get(name.value);
    if (predicateArguments !== undefined) {
      const args = this.#predicateArguments(predicateArguments, piped);
      return this.#make({ type: 'builtin', name: name.value, args, offset }, args);
    }
    if (this.#builtins.has(name.value)) {
      const args = this.#arguments(piped);
      return this.#make({ type: 'builtin', name: name.value, args, offset }, args);
    }
    const callee = this.#make({ type: 'identifier', name: name.value, offset });
    const args = this.#arguments(piped);
    return this.#make({ type: 'call', callee, args, offset }, args);
  }

  #predicateArguments(kinds: readonly ArgumentKind[], piped: readonly Node[]): readonly Node[] {
    this.#expect('Bracket', '(');
    const args = [...piped];
    const wanted = kinds.slice(piped.length);
    for (const [index, kind] of wanted.entries()) {
      const optional = kind === 'optionalValue' || kind === 'optionalPredicate';
      if (this.#is('Bracket', ')')) {
        if (optional) break;
        this.#error(`expected at least ${wanted.length} arguments`, this.#current);
      }
      if (index > 0) this.#expect('Operator', ',');
      if (optional && index > 0 && this.#is('Bracket', ')')) break;
      args.push(kind === 'value' || kind === 'optionalValue' ? this.#expression(0) : this.#predicate());
    }
    if (this.#is('Operator', ',')) this.#next();
    this.#expect('Bracket', ')');
    return args;
  }

  #predicate(): Node {
    const braced = this.#is('Bracket', '{');
    if (braced) this.#next();
    this.#predicateDepth += 1;
    const body = braced ? this.#sequence() : this.#expression(0);
    this.#predicateDepth -= 1;
    if (!braced && this.#is('Operator', ';')) this.#error('wrap predicate with brackets { and }', this.#current);
    if (braced) this.#expect('Bracket', '}');
    return body;
  }

  #arguments(piped: readonly Node[]): readonly Node[] {
    this.#expect('Bracket', '(');
    return this.#list(')', piped);
  }

  /** Items separated by commas up to a closing bracket; a comma before it is allowed. */
  #list(close: string, first: readonly Node[] = []): readonly Node[] {
    const items = [...first];
    while (!this.#is('Bracket', close)) {
      if (items.length > first.length) {
        this.#expect('Operator', ',');
        if (this.#is('Bracket', close)) break;
      }
      items.push(this.#expression(0));
    }
    this.#next();
    return items;
  }

  #array(): Node {
    const start = this.#next();
    const items = this.#list(']');
    return this.#make({ type: 'array', items, offset: start.offset }, items);
  }

  #map(): Node {
    const start = this.#next();
    const pairs: MapPair[] = [];
    while (!this.#is('Bracket', '}')) {
      if (pairs.length > 0) {
        this.#expect('Operator', ',');
        if (this.#is('Bracket', '}')) break;
      }
      const key = this.#mapKey();
      this.#expect('Operator', ':');
      pairs.push({ key, value: this.#expression(0) });
    }
    this.#next();
    return this.#make(
      { type: 'map', pairs, offset: start.offset },
      pairs.flatMap((pair) => [pair.key, pair.value]),
    );
  }

  #mapKey(): Node {
    const token = this.#current;
    if (token.kind === 'Number' || token.kind === 'String' || token.kind === 'Identifier') {
      this.#next();
      return this.#make({ type: 'string', value: token.value, offset: token.offset });
    }
    if (this.#is('Bracket', '(')) return this.#expression(0);
    return this.#error(
      `a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses (unexpected token ${describe(token)})`,
      token,
    );
  }

  #postfix(first: Node): Node {
    let node = first;
    for (;;) {
      if (this.#is('Operator', '.') || this.#is('Operator', '?.')) {
        const optional = this.#next().value === '?.';
        node = optional && this.#is('Bracket', '[') ? this.#index(node, true) : this.#property(node, optional);
      } else if (this.#is('Bracket', '[')) {
        node = this.#index(node, false);
      } else {
        return node;
      }
    }
  }

  #property(base: Node, optional: boolean): Node {
    const token = this.#next();
    const isName = token.kind === 'Identifier' || (token.kind === 'Operator' && /^[\p{L}_$]/u.test(token.value));
    if (!isName) this.#error('expected name', this.#current);
    const { offset } = token;
    const property = this.#make({ type: 'string', value: token.value, offset });
    const inChain = base.type === 'chain';
    const inner = base.type === 'chain' ? base.inner : base;
    const method = this.#is('Bracket', '(');
    const member: Node = this.#make({ type: 'member', base: inner, property, optional, method, offset }, [inner]);
    let node: Node = member;
    if (method) {
      const args = this.#arguments([]);
      node = this.#make({ type: 'call', callee: member, args, offset }, [member, ...args]);
    }
    return inChain || optional ? this.#make({ type: 'chain', inner: node, offset }, [node]) : node;
  }

  #index(base: Node, optional: boolean): Node {
    const { offset } = this.#next();
    const from = this.#is('Operator', ':') ? undefined : this.#expression(0);
    if (this.#is('Operator', ':')) {
      this.#next();
      const to = this.#is('Bracket', ']') ? undefined : this.#expression(0);
      this.#expect('Bracket', ']');
      return this.#make(
        { type: 'slice', base, from, to, offset },
        [base, from, to].filter((node) => node !== undefined),
      );
    }
    this.#expect('Bracket', ']');
    const property = from ?? this.#unexpected(this.#current);
    const member: Node = this.#make({ type: 'member', base, property, optional, method: false, offset }, [
      base,
      property,
    ]);
    return optional ? this.#make({ type: 'chain', inner: member, offset }, [member]) : member;
  }
}

const END: Token = { kind: 'EOF', value: '', offset: 0 };

function describe(token: Token): string {
  return token.value === '' ? token.kind : `${token.kind}(${JSON.stringify(token.value)})`;
}

function numberNode(token: Token): Node {
  const text = token.value.replaceAll('_', '');
  const prefix = text.slice(0, 2).toLowerCase();
  const { offset } = token;
  const named = prefix === '0x' ? 'hex' : prefix === '0b' ? 'binary' : prefix === '0o' ? 'octal' : undefined;
  if (named === undefined && /[.e]/i.test(text)) {
    const value = Number(text);
    if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
      throw new ExpressionError(
        'compile',
        `invalid float literal: strconv.ParseFloat: parsing "${text}": invalid syntax`,
        offset,
      );
    }
    if (!Number.isFinite(value)) {
      throw new ExpressionError(
        'compile',
        `invalid float literal: strconv.ParseFloat: parsing "${text}": value out of range`,
        offset,
      );
    }
    return { type: 'float', value, offset };
  }
  const parsed = parseIntegerText(text, named === undefined ? 'decimal' : 'prefixed');
  if (typeof parsed === 'bigint') return { type: 'int', value: parsed, offset };
  throw new ExpressionError(
    'compile',
    `invalid ${named ?? 'integer'} literal: strconv.ParseInt: parsing "${text}": ${parsed}`,
    offset,
  );
}
