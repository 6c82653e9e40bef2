import { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { AxiosInstance } from 'axios';
import type { Clock } from '../../ports/clock.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../../ports/http.ts';
import { createAddressGuard } from './address-guard.ts';
import { DENIED_CODE, HttpRequestFailure, failureOf } from './http-failure.ts';
import { createTlsAgents } from './tls-agents.ts';

const TIMEOUT_DEFAULT_MS = 30_000;
const RESPONSE_BYTES_DEFAULT = 10 * 1024 * 1024;
const REQUEST_BYTES_MAX = 10 * 1024 * 1024;
/** Connections to one host; a provider that answers slowly holds no more than these, and the others' hosts are apart. */
const SOCKETS_PER_HOST_MAX = 64;

export interface HttpClientOptions {
  readonly clock: Clock;
  readonly userAgent?: string;
  /** Blocks of addresses that no request may reach, by address or by name. */
  readonly deniedAddresses?: readonly string[];
}

/** HTTP by axios: connections are kept, redirects and the environment's proxies are never followed, sizes and times are bounded. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { clock, userAgent = 'headgate' } = options;
  const guard = createAddressGuard(options.deniedAddresses ?? []);
  const httpAgent = new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_PER_HOST_MAX, lookup: guard.lookup });
  const tlsAgents = createTlsAgents(guard, SOCKETS_PER_HOST_MAX);
  let opening: Promise<AxiosInstance> | undefined;

  return {
    async send(request, sending = {}) {
      const host = hostOf(request.url);
      if (guard.denies(new URL(request.url).hostname)) throw failureOf(DENIED_CODE, host);
      const client = await (opening ??= openAxios(httpAgent));
      const timeoutMs = request.timeoutMs ?? TIMEOUT_DEFAULT_MS;
      const giveUp = new AbortController();
      let timedOut = false;
      const timer = clock.schedule(timeoutMs, () => {
        timedOut = true;
        giveUp.abort();
      });
      const cancel = (): void => giveUp.abort();
      sending.signal?.addEventListener('abort', cancel, { once: true });
      if (sending.signal?.aborted === true) cancel();
      const { agent, done } = tlsAgents.take(request.tls ?? {});
      try {
        return await exchange({ client, request, agent, signal: giveUp.signal, userAgent });
      } catch (error) {
        if (timedOut) throw new HttpRequestFailure('timeout', host, `${host}: no answer within ${timeoutMs / 1_000} s`);
        if (giveUp.signal.aborted) throw new HttpRequestFailure('cancelled', host, `${host}: the request was given up`);
        throw failureFrom(error, host, request);
      } finally {
        done();
        timer.cancel();
        sending.signal?.removeEventListener('abort', cancel);
      }
    },
    close() {
      httpAgent.destroy();
      tlsAgents.close();
    },
  };
}

/** Loaded with the first request: a controller that measures and tells nothing does without the ten megabytes that come with it. */
async function openAxios(httpAgent: HttpAgent): Promise<AxiosInstance> {
  const { default: axios } = await import('axios');
  return axios.create({
    adapter: 'http',
    httpAgent,
    maxRedirects: 0,
    maxBodyLength: REQUEST_BYTES_MAX,
    proxy: false,
    responseType: 'text',
    transitional: { silentJSONParsing: true, forcedJSONParsing: false, clarifyTimeoutError: true },
    transformRequest: (body: unknown) => body,
    transformResponse: (body: unknown) => body,
    validateStatus: () => true,
  });
}

interface Sending {
  readonly client: AxiosInstance;
  readonly request: HttpRequest;
  readonly agent: HttpsAgent;
  readonly signal: AbortSignal;
  readonly userAgent: string;
}

async function exchange({ client, request, agent, signal, userAgent }: Sending): Promise<HttpResponse> {
  const response = await client.request<string | undefined>({
    method: request.method,
    url: request.url,
    // What is not asked for is not sent: a form by default would make a server read a body as one.
    headers: { 'User-Agent': userAgent, Accept: false, 'Content-Type': false, ...request.headers },
    data: request.body,
    httpsAgent: agent,
    maxContentLength: request.maxResponseBytes ?? RESPONSE_BYTES_DEFAULT,
    signal,
  });
  return { status: response.status, headers: plainHeaders(response.headers), body: response.data ?? '' };
}

function failureFrom(error: unknown, host: string, request: HttpRequest): HttpRequestFailure {
  const text = error instanceof Error ? error.message : '';
  if (text.includes('maxContentLength')) {
    const bytes = request.maxResponseBytes ?? RESPONSE_BYTES_DEFAULT;
    return new HttpRequestFailure('too-large', host, `${host}: the answer is larger than ${bytes} bytes`);
  }
  const code = codeOf(error) ?? codeOf(error instanceof Error ? error.cause : undefined) ?? 'unknown';
  return failureOf(code, host);
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** Host and port, or a word for an address that is none. */
function hostOf(url: string): string {
  if (!URL.canParse(url))
    throw new HttpRequestFailure(
      'bad-request',
      '',
      'the address is not a URL; use http://host/path or https://host/path',
    );
  const { protocol, host } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new HttpRequestFailure(
      'bad-request',
      host,
      `${host}: addresses start with http:// or https://, not ${protocol}//`,
    );
  }
  return host;
}

function plainHeaders(headers: object): Readonly<Record<string, string>> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    plain[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value);
  return plain;
}
