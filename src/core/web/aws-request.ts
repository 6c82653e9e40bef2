import { domainOf, stsCredentials, xmlText, type AwsAccount } from '../../lib/aws-account.ts';
import type { Exchange, ExchangeResponse, HttpExchange } from '../exchange.ts';
import { excerptOf } from './answer.ts';
import { signed } from './sigv4.ts';

/** How a metric wants to be asked for. */
export interface AwsSettings {
  readonly region?: string | undefined;
  readonly roleArn?: string | undefined;
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

const ROLE_ACTION = 'Action=AssumeRole&';
const STS_BYTES_MAX = 64 * 1024;

export function wantsAws(settings: AwsSettings | undefined): settings is AwsSettings {
  return settings !== undefined && Object.keys(settings).length > 0;
}

/** The question, signed; or first the one for the credentials of the role that the metric names. */
export function awsStart(request: AwsRequest): Step {
  const { settings, account, question, service, nowMs } = request;
  if (account === undefined) return { problem: 'there are no credentials for AWS' };
  if ((settings.profile ?? '') !== '') {
    return {
      problem: `the AWS profile ${settings.profile ?? ''} is not supported; use roleArn, or the role of the controller`,
    };
  }
  const region = settings.region || account.region || '';
  if (!/^[a-z0-9-]+$/.test(region))
    return { problem: 'region not configured in sigv4 or in default credentials chain' };
  const { roleArn = '' } = settings;
  if (roleArn === '') return signed(question, account.credentials, { region, service, nowMs });
  const form = new URLSearchParams({ Version: '2011-06-15', RoleArn: roleArn, RoleSessionName: 'headgate' });
  const sts: HttpExchange = {
    ...question,
    method: 'POST',
    url: `https://sts.${region}.${domainOf(region)}/`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `${ROLE_ACTION}${form.toString()}`,
    maxResponseBytes: STS_BYTES_MAX,
    tls: undefined,
  };
  return signed(sts, account.credentials, { region, service: 'sts', nowMs });
}

/** Whether an exchange is the one for a role's credentials. */
export function asksForRole(exchange: Exchange): boolean {
  return exchange.type === 'http' && exchange.body?.startsWith(ROLE_ACTION) === true;
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
