import { domainOf, stsCredentials, xmlText, type AwsAccount, type AwsCredentials } from '../../lib/aws-account.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import type { AwsCredentialSource } from '../../ports/aws.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpClient, HttpRequest } from '../../ports/http.ts';

export interface AwsCredentialOptions {
  /** May reach the metadata services, which requests of metrics may not. */
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
}

/** Credentials are got anew this long before they expire. */
const EARLY_MS = 5 * 60_000;
/** Of credentials that do not say when they expire, so that a change of the environment's files is noticed. */
const KEPT_MS = 10 * 60_000;
const STS_TIMEOUT_MS = 10_000;
/** These answer from the machine itself, or not at all. */
const LOCAL_TIMEOUT_MS = 2_000;
const ANSWER_BYTES_MAX = 64 * 1024;
const INSTANCE = 'http://169.254.169.254/latest';
const CONTAINER = 'http://169.254.170.2';

interface Found {
  readonly credentials: AwsCredentials;
  readonly expiresAtMs?: number | undefined;
}

/** Credentials of the controller, found the way that AWS' own tools find them. */
export function createAwsCredentials(options: AwsCredentialOptions): AwsCredentialSource {
  let known: { readonly account: AwsAccount; readonly untilMs: number } | undefined;
  let asking: Promise<AwsAccount> | undefined;

  async function renew(): Promise<AwsAccount> {
    const found = await find(options);
    const { clock, environment } = options;
    const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
    const account: AwsAccount = { credentials: found.credentials, ...(region === undefined ? {} : { region }) };
    const untilMs = found.expiresAtMs === undefined ? clock.nowMs() + KEPT_MS : found.expiresAtMs - EARLY_MS;
    known = { account, untilMs };
    return account;
  }

  return {
    account: async () => {
      if (known !== undefined && options.clock.nowMs() < known.untilMs) return known.account;
      asking ??= renew().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}

async function find(options: AwsCredentialOptions): Promise<Found> {
  const { environment } = options;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const sessionToken = environment['AWS_SESSION_TOKEN'];
    return { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } };
  }
  const { AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ROLE_ARN: roleArn } = environment;
  if (tokenFile !== undefined && roleArn !== undefined) return fromWebIdentity(options, { tokenFile, roleArn });
  const container = containerUrl(environment);
  return container === undefined ? fromInstance(options) : fromContainer(options, container);
}

/** IRSA: the token of the service account for the credentials of its role. The question itself is not signed. */
async function fromWebIdentity(
  { http, environment, readFile }: AwsCredentialOptions,
  { tokenFile, roleArn }: { readonly tokenFile: string; readonly roleArn: string },
): Promise<Found> {
  const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: roleArn,
    RoleSessionName: environment['AWS_ROLE_SESSION_NAME'] ?? 'headgate',
    WebIdentityToken: (await readFile(tokenFile)).trim(),
  });
  const answer = await http.send({
    method: 'POST',
    url: `https://sts.${region}.${domainOf(region)}/`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    timeoutMs: STS_TIMEOUT_MS,
    maxResponseBytes: ANSWER_BYTES_MAX,
  });
  const credentials = stsCredentials(answer.body);
  if (answer.status !== 200 || credentials === undefined) {
    const why = xmlText(answer.body, 'Message') ?? 'no reason given';
    throw new Error(`AWS does not give the role ${roleArn} to the service account (status ${answer.status}): ${why}`);
  }
  return { credentials, expiresAtMs: parseTimestampMs(xmlText(answer.body, 'Expiration')) };
}

function containerUrl(environment: AwsCredentialOptions['environment']): string | undefined {
  const relative = environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  return relative === undefined ? environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'] : `${CONTAINER}${relative}`;
}

/** EKS Pod Identity and ECS. */
async function fromContainer({ http, environment, readFile }: AwsCredentialOptions, url: string): Promise<Found> {
  const file = environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  const token = file === undefined ? environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'] : (await readFile(file)).trim();
  return readJson(http, { method: 'GET', url, headers: token === undefined ? {} : { authorization: token } });
}

/** The role of the machine, by version 2 of its metadata service. */
async function fromInstance({ http }: AwsCredentialOptions): Promise<Found> {
  const lifetime = { 'x-aws-ec2-metadata-token-ttl-seconds': '300' };
  const token = await local(http, { method: 'PUT', url: `${INSTANCE}/api/token`, headers: lifetime });
  const headers = { 'x-aws-ec2-metadata-token': token };
  const url = `${INSTANCE}/meta-data/iam/security-credentials/`;
  const role = (await local(http, { method: 'GET', url, headers })).trim();
  return readJson(http, { method: 'GET', url: `${url}${encodeURIComponent(role)}`, headers });
}

async function readJson(http: HttpClient, request: HttpRequest): Promise<Found> {
  const json: unknown = JSON.parse(await local(http, request));
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = isPlainObject(json) ? json : {};
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string') {
    throw new Error(`${new URL(request.url).host} answered without credentials`);
  }
  const session = typeof Token === 'string' ? { sessionToken: Token } : {};
  return {
    credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, ...session },
    expiresAtMs: typeof Expiration === 'string' ? parseTimestampMs(Expiration) : undefined,
  };
}

async function local(http: HttpClient, request: HttpRequest): Promise<string> {
  const answer = await http.send({ ...request, timeoutMs: LOCAL_TIMEOUT_MS, maxResponseBytes: ANSWER_BYTES_MAX });
  if (answer.status === 200) return answer.body;
  throw new Error(`${new URL(request.url).host} answered with status ${answer.status}`);
}
