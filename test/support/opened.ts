import { after, before } from 'node:test';

/**
 * What is opened before the tests of a suite and closed after them. It can be used within these tests only, though a
 * suite may hand it on before. Suites close in the order in which they open; what could not be opened is not closed.
 */
export function opened<T extends object>(open: () => Promise<T>, close: (it: T) => unknown): T {
  let present: T | undefined;
  before(async () => {
    present = await open();
  });
  after(async () => {
    if (present !== undefined) await close(present);
  });
  return bound(() => {
    if (present === undefined) throw new Error('this is used before it is open; use it within a test');
    return present;
  });
}

/** An object that is another one at each moment, with its methods bound to that one. */
function bound<T extends object>(now: () => T): T {
  return new Proxy<T>({} as T, {
    get: (_, key) => {
      const it = now();
      const value: unknown = Reflect.get(it, key, it);
      return typeof value === 'function' ? value.bind(it) : value;
    },
    set: () => {
      throw new Error('what is open for a suite is not changed from outside');
    },
  });
}
