import type { LookupFunction } from 'node:net';

type Answer = Parameters<LookupFunction>[2];

/**
 * Resolves each name once at a time, whoever asks meanwhile gets the same answer. The process has few threads for this,
 * and a name whose servers do not answer holds one for the better part of a minute: without sharing, a handful of
 * requests to one such name would hold up the names of everybody else.
 */
export function sharedLookup(resolve: LookupFunction): LookupFunction {
  const waiting = new Map<string, Answer[]>();
  return (hostname, options, callback) => {
    const key = JSON.stringify([hostname, options.family, options.hints, options.all, options.order]);
    const others = waiting.get(key);
    if (others !== undefined) {
      others.push(callback);
      return;
    }
    waiting.set(key, [callback]);
    resolve(hostname, options, (...answer) => {
      const asked = waiting.get(key) ?? [];
      waiting.delete(key);
      for (const one of asked) one(...answer);
    });
  };
}
