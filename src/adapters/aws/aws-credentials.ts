import type { AwsAccount, AwsCredentials } from '../../lib/aws-account.ts';
import { fieldsOf } from '../../lib/fields-of.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import type { AwsCredentialSource } from '../../ports/aws.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpClient, HttpRequest } from '../../ports/http.ts';
import { readProfileFile, type ProfileFileReader, type ProfilePlace } from './profile-files.ts';
import { profileOf, type Profile } from './profiles.ts';
import { ANSWER_BYTES_MAX, assumeRole, assumeRoleByToken, type FoundCredentials, type StsClient } from './sts.ts';

export interface AwsCredentialOptions extends ProfileFileReader {
  /** May reach the metadata services, which requests of metrics may not. */
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Credentials are got anew this long before they expire. */
const EARLY_MS = 5 * 60_000;
/** Of credentials that do not say when they expire, so that a change of the environment's files is noticed. */
const KEPT_MS = 10 * 60_000;
/** These answer from the machine itself, or not at all. */
const LOCAL_TIMEOUT_MS = 2_000;
const INSTANCE = 'http://169.254.169.254/latest';
const CONTAINER = 'http://169.254.170.2';
const DEFAULT_PROFILE = 'default';
const DEFAULT_REGION = 'us-east-1';
/** Profiles that name each other; more are a mistake. */
const PROFILES_MAX = 5;
const KEYS = ['aws_access_key_id', 'aws_secret_access_key'];
/** Ways to credentials that need a program or a person beside the controller. */
const NOT_FOLLOWED = ['sso_session', 'sso_start_url', 'credential_process', 'login_session'];

/** Credentials of the controller, found the way that AWS' own tools find them. */
export function createAwsCredentials(options: AwsCredentialOptions): AwsCredentialSource {
  const known = new Map<string, { readonly account: AwsAccount; readonly untilMs: number }>();
  const asking = new Map<string, Promise<AwsAccount>>();

  async function renew(profile: string): Promise<AwsAccount> {
    const { credentials, expiresAtMs, region } = await find(options, profile);
    const { clock } = options;
    const account: AwsAccount = { credentials, ...(region === undefined ? {} : { region }) };
    known.set(profile, {
      account,
      untilMs: expiresAtMs === undefined ? clock.nowMs() + KEPT_MS : expiresAtMs - EARLY_MS,
    });
    return account;
  }

  return {
    account: async ({ profile = '' } = {}) => {
      const found = known.get(profile);
      if (found !== undefined && options.clock.nowMs() < found.untilMs) return found.account;
      const asked = asking.get(profile) ?? renew(profile).finally(() => asking.delete(profile));
      asking.set(profile, asked);
      return asked;
    },
  };
}

interface Found extends FoundCredentials {
  readonly region?: string | undefined;
}

/** `asked` is the profile that a metric names, which goes before everything else; empty where it names none. */
async function find(options: AwsCredentialOptions, asked: string): Promise<Found> {
  const region = regionOf(options.environment);
  const known = asked === '' ? await fromEnvironment(options) : undefined;
  if (known !== undefined) return { ...known, region };
  const name = asked || options.environment['AWS_PROFILE'] || DEFAULT_PROFILE;
  const profile = await readProfile(options, name);
  if (profile === undefined && (asked !== '' || name !== DEFAULT_PROFILE)) throw unknownProfile(options, name);
  const found = profile === undefined ? await fromMachine(options) : await fromProfile(options, [name], profile);
  return { ...found, region: region ?? profile?.['region'] };
}

function regionOf(environment: AwsCredentialOptions['environment']): string | undefined {
  return environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
}

function stsOf({ http, clock, environment }: AwsCredentialOptions, profile: Profile = {}): StsClient {
  return { http, clock, region: regionOf(environment) ?? profile['region'] ?? DEFAULT_REGION };
}

async function fromEnvironment(options: AwsCredentialOptions): Promise<FoundCredentials | undefined> {
  const { environment, readFile } = options;
  const keys = keysOf(
    environment['AWS_ACCESS_KEY_ID'],
    environment['AWS_SECRET_ACCESS_KEY'],
    environment['AWS_SESSION_TOKEN'],
  );
  if (keys !== undefined) return { credentials: keys };
  const { AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ROLE_ARN: roleArn } = environment;
  if (tokenFile === undefined || roleArn === undefined) return undefined;
  const role = { roleArn, sessionName: environment['AWS_ROLE_SESSION_NAME'] ?? 'headgate' };
  return assumeRoleByToken(stsOf(options), role, (await readFile(tokenFile)).trim());
}

function keysOf(
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
): AwsCredentials | undefined {
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function placesOf({ environment }: AwsCredentialOptions): Readonly<Record<'credentials' | 'config', ProfilePlace>> {
  const place = (named: string | undefined, usual: string): ProfilePlace =>
    named === undefined
      ? { path: `${environment['HOME'] ?? ''}/.aws/${usual}`, isNamed: false }
      : { path: named, isNamed: true };
  return {
    credentials: place(environment['AWS_SHARED_CREDENTIALS_FILE'], 'credentials'),
    config: place(environment['AWS_CONFIG_FILE'], 'config'),
  };
}

async function readProfile(options: AwsCredentialOptions, name: string): Promise<Profile | undefined> {
  const { credentials, config } = placesOf(options);
  return profileOf(name, {
    credentials: await readProfileFile(options, credentials),
    config: await readProfileFile(options, config),
  });
}

function unknownProfile(options: AwsCredentialOptions, name: string): Error {
  const { credentials, config } = placesOf(options);
  return new Error(`the AWS profile ${name} is neither in ${credentials.path} nor in ${config.path} of the controller`);
}

/** `names` are those that led here, the last one this profile's. */
async function fromProfile(
  options: AwsCredentialOptions,
  names: readonly string[],
  profile: Profile,
): Promise<FoundCredentials> {
  const {
    role_arn: roleArn,
    role_session_name: sessionName = 'headgate',
    external_id: externalId,
    duration_seconds: durationSeconds,
    web_identity_token_file: tokenFile,
  } = profile;
  const sts = stsOf(options, profile);
  if (roleArn === undefined) return sourceOf(options, names, profile);
  const role = { roleArn, sessionName, externalId, durationSeconds };
  const hasSource = profile['source_profile'] !== undefined || profile['credential_source'] !== undefined;
  if (tokenFile !== undefined && !hasSource) {
    return assumeRoleByToken(sts, role, (await options.readFile(tokenFile)).trim());
  }
  return assumeRole(sts, role, (await sourceOf(options, names, profile)).credentials);
}

/** Who the profile is before it takes its role. */
async function sourceOf(
  options: AwsCredentialOptions,
  names: readonly string[],
  profile: Profile,
): Promise<FoundCredentials> {
  const { source_profile: source, credential_source: kind } = profile;
  const keys = keysOf(profile['aws_access_key_id'], profile['aws_secret_access_key'], profile['aws_session_token']);
  const own = names.at(-1) ?? DEFAULT_PROFILE;
  if (source !== undefined && source !== own) return fromSource(options, [...names, source]);
  if (keys !== undefined) return { credentials: keys };
  const half = KEYS.find((key) => profile[key] !== undefined);
  if (half !== undefined) throw new Error(`the AWS profile ${own} has ${half} only; give it ${KEYS.join(' and ')}`);
  if (kind !== undefined) return fromKind(options, kind);
  const unfollowed = NOT_FOLLOWED.find((key) => profile[key] !== undefined);
  if (unfollowed === undefined) return fromMachine(options);
  throw new Error(
    `the AWS profile ${own} wants ${unfollowed}, which a controller cannot follow; give it a role or keys`,
  );
}

async function fromSource(options: AwsCredentialOptions, names: readonly string[]): Promise<FoundCredentials> {
  const name = names.at(-1) ?? DEFAULT_PROFILE;
  if (names.length > PROFILES_MAX || names.indexOf(name) < names.length - 1) {
    throw new Error(`the AWS profiles ${names.join(' -> ')} lead to no credentials; end them in one with keys`);
  }
  const profile = await readProfile(options, name);
  if (profile === undefined) throw unknownProfile(options, name);
  return fromProfile(options, names, profile);
}

/** What a profile may name as its `credential_source`. */
async function fromKind(options: AwsCredentialOptions, kind: string): Promise<FoundCredentials> {
  if (kind === 'Ec2InstanceMetadata') return fromInstance(options);
  const container = containerUrl(options.environment);
  if (kind === 'EcsContainer' && container !== undefined) return fromContainer(options, container);
  const found = kind === 'Environment' ? await fromEnvironment(options) : undefined;
  if (found === undefined) throw new Error(`the credential_source ${kind} of an AWS profile has no credentials here`);
  return found;
}

/** Where nothing else is said: what the machine or the container is given. */
function fromMachine(options: AwsCredentialOptions): Promise<FoundCredentials> {
  const container = containerUrl(options.environment);
  return container === undefined ? fromInstance(options) : fromContainer(options, container);
}

function containerUrl(environment: AwsCredentialOptions['environment']): string | undefined {
  const relative = environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  return relative === undefined ? environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'] : `${CONTAINER}${relative}`;
}

/** EKS Pod Identity and ECS. */
async function fromContainer(
  { http, environment, readFile }: AwsCredentialOptions,
  url: string,
): Promise<FoundCredentials> {
  const file = environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  const token = file === undefined ? environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'] : (await readFile(file)).trim();
  return readJson(http, { method: 'GET', url, headers: token === undefined ? {} : { authorization: token } });
}

/** The role of the machine, by version 2 of its metadata service. */
async function fromInstance({ http }: AwsCredentialOptions): Promise<FoundCredentials> {
  const lifetime = { 'x-aws-ec2-metadata-token-ttl-seconds': '300' };
  const token = await local(http, { method: 'PUT', url: `${INSTANCE}/api/token`, headers: lifetime });
  const headers = { 'x-aws-ec2-metadata-token': token };
  const url = `${INSTANCE}/meta-data/iam/security-credentials/`;
  const role = (await local(http, { method: 'GET', url, headers })).trim();
  return readJson(http, { method: 'GET', url: `${url}${encodeURIComponent(role)}`, headers });
}

async function readJson(http: HttpClient, request: HttpRequest): Promise<FoundCredentials> {
  const json: unknown = JSON.parse(await local(http, request));
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = fieldsOf(json);
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
