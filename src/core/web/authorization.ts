/** What stands after the scheme in an `Authorization` header: the secret part, also where it turns up by itself. */
export function credentialsOf(authorization: string): string {
  return authorization.slice(authorization.indexOf(' ') + 1);
}
