import { Agent } from 'node:https';
import type { HttpTls } from '../../ports/http.ts';
import type { AddressGuard } from './address-guard.ts';

/** One set of connections per way of verifying; more ways than this at once are not seen in practice. */
export const TLS_AGENTS_MAX = 32;

export interface TlsAgents {
  /** The connections for a way of verifying, for one request; `done` is called once, when it has its answer. */
  take(tls: HttpTls): { readonly agent: Agent; readonly done: () => void };
  /** Ends all connections, also those in use. */
  close(): void;
}

interface Entry {
  readonly key: string;
  readonly agent: Agent;
  requests: number;
}

/** Of too many, the one that was used longest ago is given up; its connections end with the last request that has them. */
export function createTlsAgents(guard: AddressGuard, socketsPerHostMax: number): TlsAgents {
  const current = new Map<string, Entry>();
  const givenUp = new Set<Entry>();

  function taken(tls: HttpTls): Entry {
    const key = JSON.stringify([tls.insecureSkipVerify, tls.caPem, tls.certPem, tls.keyPem, tls.serverName]);
    const entry = current.get(key) ?? { key, agent: newAgent(tls, guard, socketsPerHostMax), requests: 0 };
    current.delete(key);
    current.set(key, entry);
    entry.requests += 1;
    const [oldest] = current.values();
    if (current.size > TLS_AGENTS_MAX && oldest !== undefined) giveUp(oldest);
    return entry;
  }

  function giveUp(entry: Entry): void {
    current.delete(entry.key);
    givenUp.add(entry);
    endIfUnused(entry);
  }

  function endIfUnused(entry: Entry): void {
    if (entry.requests === 0 && givenUp.delete(entry)) entry.agent.destroy();
  }

  return {
    take(tls) {
      const entry = taken(tls);
      return {
        agent: entry.agent,
        done: () => {
          entry.requests -= 1;
          endIfUnused(entry);
        },
      };
    },
    close() {
      for (const { agent } of [...current.values(), ...givenUp]) agent.destroy();
    },
  };
}

function newAgent(tls: HttpTls, guard: AddressGuard, maxSockets: number): Agent {
  return new Agent({
    lookup: guard.lookup,
    keepAlive: true,
    maxSockets,
    rejectUnauthorized: tls.insecureSkipVerify !== true,
    ca: tls.caPem,
    cert: tls.certPem,
    key: tls.keyPem,
    servername: tls.serverName,
  });
}
