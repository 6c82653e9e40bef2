/** Images, and how many pods there are of them. */
export const FIRST = 'shop:1';
export const GOOD = 'shop:2';
/** Its pods never start. */
export const STUCK = 'does-not-exist:2';
export const REPLICAS = 4;

/** A good version that is another one than those before. */
export function another(number: number): string {
  return `shop:${number}`;
}

/** In the words of a picture: so many, and all of them available. */
export function all(count: number): string {
  return `${count}/${count}`;
}
