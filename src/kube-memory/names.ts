/** Without vowels and look-alikes, as Kubernetes' generated names are. */
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const GENERATED_PREFIX_MAX = 58;

/** A name from generateName: the prefix and five letters. */
export function generatedName(random: () => number, prefix: string): string {
  let name = prefix.slice(0, GENERATED_PREFIX_MAX);
  for (let count = 0; count < 5; count++) name += NAME_LETTERS[Math.floor(random() * NAME_LETTERS.length)];
  return name;
}

/** A version 4 UUID from the server's own source of chance. */
export function newUid(random: () => number): string {
  let hex = '';
  for (let count = 0; count < 32; count++) hex += Math.floor(random() * 16).toString(16);
  const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) & 3] ?? '8';
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
