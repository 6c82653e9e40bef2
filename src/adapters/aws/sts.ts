import { stsCredentials, stsForm, stsUrl, xmlText, type AwsCredentials } from '../../lib/aws-account.ts';
import { signatureHeaders } from '../../lib/sigv4.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpClient } from '../../ports/http.ts';

export interface FoundCredentials {
  readonly credentials: AwsCredentials;
  readonly expiresAtMs?: number | undefined;
}

export interface StsClient {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly region: string;
}

export interface WantedRole {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId?: string | undefined;
  readonly durationSeconds?: string | undefined;
}

const TIMEOUT_MS = 10_000;
export const ANSWER_BYTES_MAX = 64 * 1024;

/** The credentials of a role, for those of somebody who may take it. */
export function assumeRole(client: StsClient, role: WantedRole, by: AwsCredentials): Promise<FoundCredentials> {
  const { externalId, durationSeconds } = role;
  const body = stsForm('AssumeRole', {
    RoleArn: role.roleArn,
    RoleSessionName: role.sessionName,
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
    ...(durationSeconds === undefined ? {} : { DurationSeconds: durationSeconds }),
  });
  return ask(client, { role, body, by });
}

/** The credentials of a role, for the token of a service account (IRSA). The question itself is not signed. */
export function assumeRoleByToken(client: StsClient, role: WantedRole, token: string): Promise<FoundCredentials> {
  const body = stsForm('AssumeRoleWithWebIdentity', {
    RoleArn: role.roleArn,
    RoleSessionName: role.sessionName,
    WebIdentityToken: token,
  });
  return ask(client, { role, body });
}

interface Question {
  readonly role: WantedRole;
  readonly body: string;
  readonly by?: AwsCredentials;
}

async function ask({ http, clock, region }: StsClient, { role, body, by }: Question): Promise<FoundCredentials> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const request = { method: 'POST', url: stsUrl(region), headers, body } as const;
  const signature =
    by === undefined ? {} : signatureHeaders(request, by, { region, service: 'sts', nowMs: clock.nowMs() });
  const answer = await http.send({
    ...request,
    headers: { ...headers, ...signature },
    timeoutMs: TIMEOUT_MS,
    maxResponseBytes: ANSWER_BYTES_MAX,
  });
  const credentials = stsCredentials(answer.body);
  if (answer.status !== 200 || credentials === undefined) {
    const why = xmlText(answer.body, 'Message') ?? 'no reason given';
    const to = by === undefined ? ' to the service account' : '';
    throw new Error(`AWS does not give the role ${role.roleArn}${to} (status ${answer.status}): ${why}`);
  }
  return { credentials, expiresAtMs: parseTimestampMs(xmlText(answer.body, 'Expiration')) };
}
