import type { Notifier } from './contract.ts';
import { slack } from './slack.ts';

/** Every notification service, one line each. */
export const NOTIFIERS: readonly Notifier[] = [slack];

export function notifierOf(id: string): Notifier | undefined {
  return NOTIFIERS.find((notifier) => notifier.id === id);
}
