import type { ApiRequest, UserInfo } from './request.ts';
import { unauthorized } from './status-error.ts';

const ADMIN: UserInfo = { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

/** Who asks: the administrator, or whom the administrator impersonates. Throws 401 without the token, when there is one. */
export function authenticate(request: ApiRequest, token: string | undefined): UserInfo {
  if (token !== undefined && request.headers['authorization'] !== `Bearer ${token}`) throw unauthorized();
  const impersonated = request.headers['impersonate-user'];
  if (impersonated === undefined) return ADMIN;
  const groups = (request.headers['impersonate-group'] ?? '').split(',').map((group) => group.trim());
  return {
    username: impersonated,
    groups: [...groups.filter((group) => group !== ''), ...serviceAccountGroups(impersonated), 'system:authenticated'],
    impersonatedBy: ADMIN.username,
  };
}

function serviceAccountGroups(username: string): readonly string[] {
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(username);
  return account === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`];
}
