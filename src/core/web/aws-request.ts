import {
  stsCredentials,
  stsForm,
  stsUrl,
  xmlText,
  type AwsAccount,
  type AwsCredentials,
  type AwsWanted,
} from '../../lib/aws-account.ts';
import { signatureHeaders, type SigningScope } from '../../lib/sigv4.ts';
import type { Exchange, ExchangeResponse, HttpExchange } from '../exchange.ts';
import { excerptOf } from './answer.ts';

/** How a metric wants to be asked for. */
export interface AwsSettings {
  readonly region?: string | undefined;
  readonly roleArn?: string | undefined;
  /** Whose account it is; the shell gets it. */
  readonly profile?: string | undefined;
}

export interface AwsRequest {
  readonly question: HttpExchange;
  readonly settings: AwsSettings;
  readonly account: AwsAccount | undefined;
  readonly service: string;
  readonly nowMs: number;
}

type Step = HttpExchange | { readonly problem: string };

const ROLE_ACTION = 'AssumeRole';
const STS_BYTES_MAX = 64 * 1024;

export function wantsAws(settings: AwsSettings | undefined): settings is AwsSettings {
  return settings !== undefined && Object.keys(settings).length > 0;
}

/** Whose credentials the settings want, if they want a signature at all. */
export function awsWanted(settings: AwsSettings | undefined): AwsWanted | undefined {
  if (!wantsAws(settings)) return undefined;
  const { profile = '' } = settings;
  return profile === '' ? {} : { profile };
}

/** The question, signed; or first the one for the credentials of the role that the metric names. */
export function awsStart(request: AwsRequest): Step {
  const { settings, account, question, service, nowMs } = request;
  if (account === undefined) return { problem: 'there are no credentials for AWS' };
  const region = settings.region || account.region || '';
  if (!/^[a-z0-9-]+$/.test(region))
    return { problem: 'region not configured in sigv4 or in default credentials chain' };
  const { roleArn = '' } = settings;
  if (roleArn === '') return signed(question, account.credentials, { region, service, nowMs });
  const sts: HttpExchange = {
    ...question,
    method: 'POST',
    url: stsUrl(region),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: stsForm(ROLE_ACTION, { RoleArn: roleArn, RoleSessionName: 'headgate' }),
    maxResponseBytes: STS_BYTES_MAX,
    tls: undefined,
  };
  return signed(sts, account.credentials, { region, service: 'sts', nowMs });
}

function signed(question: HttpExchange, credentials: AwsCredentials, scope: SigningScope): HttpExchange {
  const { secretAccessKey, sessionToken } = credentials;
  return {
    ...question,
    headers: { ...question.headers, ...signatureHeaders(question, credentials, scope) },
    secrets: [...question.secrets, secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])],
  };
}

/** Whether an exchange is the one for a role's credentials. */
export function asksForRole(exchange: Exchange): boolean {
  return exchange.type === 'http' && exchange.body?.startsWith(`Action=${ROLE_ACTION}&`) === true;
}

/** The question, signed with the credentials that came back. */
export function awsNext(response: ExchangeResponse, request: AwsRequest): Step {
  if (response.type !== 'http') {
    return { problem: `asking AWS for a role: ${response.type === 'failed' ? response.message : 'nobody was asked'}` };
  }
  const credentials = stsCredentials(response.body);
  if (response.status !== 200 || credentials === undefined) {
    const why = xmlText(response.body, 'Message') ?? excerptOf(response.body);
    return {
      problem: `AWS does not give the role ${request.settings.roleArn ?? ''} (status ${response.status}): ${why}`,
    };
  }
  const region = request.account?.region;
  return awsStart({
    ...request,
    settings: { region: request.settings.region },
    account: { credentials, region },
  });
}
