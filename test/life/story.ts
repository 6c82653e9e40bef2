import type { Life } from './life.ts';
import type { Halt, Strategy } from './strategy.ts';

/** One cell of the table: what is told of one strategy, perhaps at one of its halts. */
export interface Story {
  readonly title: string;
  readonly tell: (life: Life) => Promise<void>;
}

export type Row = (strategy: Strategy) => readonly Story[];

/** The same for each strategy. */
export function once(title: string, tell: Story['tell']): Row {
  return () => [{ title, tell }];
}

/** For each point at which an update rests. */
export function atEachHalt(title: string, tell: (life: Life, halt: Halt) => Promise<void>): Row {
  return ({ halts }) => halts.map((halt) => ({ title: `${title}: ${halt.name}`, tell: (life) => tell(life, halt) }));
}

/** The halt at which a version that starts from the beginning rests first. */
export function firstRest({ halts }: Strategy, halt: Halt): Halt {
  const [move] = halt.way;
  return move === undefined ? halt : found(halts.find(({ next }) => next?.move === move));
}

/** The first halt of a good version, of a Rollout that has nothing on top. */
export function firstHalt({ halts }: Strategy): Halt {
  return found(halts.find(({ comes, spec }) => comes && spec === undefined));
}

export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the strategy has no such halt');
  return value;
}
