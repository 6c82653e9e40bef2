const DECIMAL = /^[1-9]\d*$/;

/**
 * Which of two versions of one resource type is older: negative when `left` is, 0 when equal, positive when `right` is;
 * undefined when they are not both decimal numbers. They are 64-bit numbers written without leading zeros, so a longer one
 * is newer and equally long ones compare as text (Kubernetes promises this order within a resource type since 1.35).
 */
export function compareVersions(left: string, right: string): number | undefined {
  if (left === right) return 0;
  if (!DECIMAL.test(left) || !DECIMAL.test(right)) return undefined;
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : 1;
}

/** True only when it is certain that `version` is older than `than`. */
export function isOlder(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined) return false;
  const order = compareVersions(version, than);
  return order !== undefined && order < 0;
}
