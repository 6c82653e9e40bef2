import type { Exchange, ExchangeResponse, HttpExchange, KubeListExchange } from '../core/exchange.ts';
import type { HttpClient, HttpFailure } from '../ports/http.ts';
import type { KubeReader, KubeWriter } from '../ports/kube.ts';
import { causeOf, isKubeError } from './failure.ts';

/** What exchanges are carried out with. */
export interface ExchangePorts {
  readonly http: HttpClient;
  readonly reader: KubeReader;
  readonly writer: KubeWriter;
}

/** Carries out one exchange; a failure is an answer too, so that whoever asked decides what it means. */
export async function carryOut(
  exchange: Exclude<Exchange, { readonly type: 'wait' }>,
  ports: ExchangePorts,
  signal?: AbortSignal,
): Promise<ExchangeResponse> {
  switch (exchange.type) {
    case 'http':
      return carryOutHttp(exchange, ports.http, signal);
    case 'kubeObject':
      return carryOutKube(exchange, ports);
    case 'kubeList':
      return carryOutList(exchange, ports);
  }
}

async function carryOutHttp(exchange: HttpExchange, http: HttpClient, signal?: AbortSignal): Promise<ExchangeResponse> {
  const { method, url, headers, body, timeoutMs, maxResponseBytes } = exchange;
  const tls = exchange.tls === undefined ? undefined : { insecureSkipVerify: exchange.tls.insecureSkipVerify };
  try {
    const answer = await http.send({ method, url, headers, body, timeoutMs, maxResponseBytes, tls }, { signal });
    return { type: 'http', status: answer.status, headers: answer.headers, body: answer.body };
  } catch (error) {
    if (!isHttpFailure(error)) throw error;
    return { type: 'failed', message: error.message };
  }
}

async function carryOutKube(
  exchange: Extract<Exchange, { readonly type: 'kubeObject' }>,
  { reader, writer }: ExchangePorts,
): Promise<ExchangeResponse> {
  const { ref, deed, object } = exchange;
  try {
    if (deed === 'observe') return { type: 'kubeObject', object: (await reader.get(ref)) ?? null };
    if (deed === 'delete') {
      await writer.write({ verb: 'delete', ref, propagationPolicy: 'Background' });
      return { type: 'kubeObject', object: null };
    }
    if (object === undefined) return { type: 'failed', message: `nothing to apply for ${ref.name}` };
    return { type: 'kubeObject', object: (await writer.write({ verb: 'apply', ref, object, force: true })) ?? null };
  } catch (error) {
    if (!isKubeError(error)) throw error;
    return { type: 'failed', message: `${deed} ${ref.kind.kind} ${ref.name}: ${causeOf(error)}` };
  }
}

async function carryOutList(exchange: KubeListExchange, { reader }: ExchangePorts): Promise<ExchangeResponse> {
  const { kind, namespace, labelSelector } = exchange;
  try {
    return { type: 'kubeList', objects: await reader.list(kind, { namespace, labelSelector }) };
  } catch (error) {
    if (!isKubeError(error)) throw error;
    return { type: 'failed', message: `list ${kind.kind} of ${labelSelector}: ${causeOf(error)}` };
  }
}

function isHttpFailure(error: unknown): error is HttpFailure {
  return error instanceof Error && error.name === 'HttpFailure';
}
