import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Clock, ScheduledCall } from '../../lib/clock.ts';
import { parseExposition } from './exposition.ts';
import { labelsKey, NAME } from './model.ts';
import type { Labels, VectorElement } from './model.ts';
import type { Storage } from './storage.ts';

export interface ScrapeTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Put on every series of this target, besides the ones it gives itself. */
  readonly labels: Labels;
}

export interface ScrapeOptions {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly intervalMs: number;
  /** What to scrape now; asked before every round. */
  readonly targets: () => readonly ScrapeTarget[];
}

export interface TargetHealth {
  readonly target: ScrapeTarget;
  readonly up: boolean;
  readonly error: string;
  readonly atMs: number;
}

export interface Scraper {
  readonly health: () => readonly TargetHealth[];
  /** One round now; settles when every target answered or failed. */
  readonly scrapeOnce: () => Promise<void>;
  readonly close: () => void;
}

/** A larger answer is refused. */
const ANSWER_BYTES_MAX = 1_048_576;

/**
 * Scrapes every target each `intervalMs`. A series that a scrape no longer shows, and every series of a target that
 * failed or is gone, gets a marker that it ended, so that queries do not look back at it.
 */
export function startScraper(options: ScrapeOptions): Scraper {
  const { clock, storage, intervalMs } = options;
  const shown = new Map<string, { target: ScrapeTarget; series: Map<string, Labels> }>();
  let health: readonly TargetHealth[] = [];
  let next: ScheduledCall | undefined;
  let closed = false;

  async function scrapeOnce(): Promise<void> {
    const atMs = clock.nowMs();
    const targets = options.targets();
    const keys = new Set(targets.map(targetKey));
    for (const [key, { series }] of shown) {
      if (keys.has(key)) continue;
      for (const labels of series.values()) storage.append(labels, { atMs, value: 'stale' });
      shown.delete(key);
    }
    health = await Promise.all(targets.map((target) => scrapeTarget(target, atMs)));
    storage.forgetOld(atMs);
  }

  async function scrapeTarget(target: ScrapeTarget, atMs: number): Promise<TargetHealth> {
    let elements: readonly VectorElement[] = [];
    let error = '';
    try {
      elements = parseExposition(await fetchText(target, intervalMs));
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause);
    }
    if (closed) return { target, up: false, error: 'stopped', atMs };
    const up = { labels: { [NAME]: 'up' }, value: Number(error === '') };
    record(target, [...elements, up], atMs);
    return { target, up: error === '', error, atMs };
  }

  function record(target: ScrapeTarget, elements: readonly VectorElement[], atMs: number): void {
    const before = shown.get(targetKey(target))?.series ?? new Map<string, Labels>();
    const series = new Map<string, Labels>();
    for (const element of elements) {
      const labels = { ...relabel(element.labels, target.labels), ...target.labels };
      series.set(labelsKey(labels), labels);
      storage.append(labels, { atMs, value: element.value });
    }
    for (const [key, labels] of before) {
      if (!series.has(key)) storage.append(labels, { atMs, value: 'stale' });
    }
    shown.set(targetKey(target), { target, series });
  }

  function plan(): void {
    if (closed) return;
    next = clock.schedule(intervalMs, () => {
      void scrapeOnce();
      plan();
    });
  }

  plan();
  return {
    health: () => health,
    scrapeOnce,
    close: () => {
      closed = true;
      next?.cancel();
    },
  };
}

/** The target's own labels win; what the series said under the same name is kept as `exported_name`. */
function relabel(labels: Labels, targetLabels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name in targetLabels ? `exported_${name}` : name, value]),
  );
}

function targetKey(target: ScrapeTarget): string {
  return labelsKey({ ...target.labels, __address__: `${target.host}:${target.port}${target.path}` });
}

function fetchText(target: ScrapeTarget, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(
      { host: target.host, port: target.port, path: target.path, timeout: timeoutMs, agent: false },
      (response) => {
        readBody(response).then(resolve, reject);
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.on('error', reject);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(`server returned HTTP status ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
