/**
 * Remembers what a pure function made of an object, for as long as the object lives. For values that are never changed
 * once they are handed out, and are asked about again and again: a spec on every pass.
 */
export function perObject<Argument extends object, Result>(
  compute: (argument: Argument) => Result,
): (argument: Argument) => Result {
  const known = new WeakMap<Argument, { readonly result: Result }>();
  return (argument) => {
    const remembered = known.get(argument);
    if (remembered !== undefined) return remembered.result;
    const result = compute(argument);
    known.set(argument, { result });
    return result;
  };
}
