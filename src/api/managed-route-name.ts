/** Names of rules are DNS subdomains; some room is left for a number. */
const LENGTH_MAX = 240;

/** The name that rules of a managed route have in a route of the Gateway API: the same, as far as it may be one there. */
export function ruleNameOf(managedRoute: string): string {
  return managedRoute
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .slice(0, LENGTH_MAX)
    .replaceAll(/^[.-]+|[.-]+$/g, '');
}
