import type { Value } from './expression/value.ts';

/** What a metric provider's answer comes to. */
export type ProviderOutcome =
  /** A value to be judged by the metric's conditions. */
  | {
      readonly type: 'result';
      readonly result: Value;
      /** As it is recorded in the measurement. */
      readonly value: string;
      readonly metadata?: Readonly<Record<string, string>>;
    }
  /** A judgement that the provider makes itself, or an error in getting a value. */
  | {
      readonly type: 'verdict';
      readonly phase: 'Successful' | 'Failed' | 'Inconclusive' | 'Error';
      readonly value?: string;
      readonly message?: string;
      readonly metadata?: Readonly<Record<string, string>>;
    };
