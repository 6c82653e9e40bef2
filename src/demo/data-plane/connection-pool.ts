import { Agent } from 'node:http';
import type { UpstreamEndpoint } from './routing.ts';

/** Connections kept open to each endpoint, so that a request does not pay for a new one. */
const IDLE_CONNECTIONS_PER_ENDPOINT = 16;
const CONNECTIONS_PER_ENDPOINT = 128;

/** One keep-alive pool for each endpoint. */
export class ConnectionPool {
  readonly #agents = new Map<string, Agent>();

  agentFor(endpoint: UpstreamEndpoint): Agent {
    let agent = this.#agents.get(endpoint.key);
    if (agent === undefined) {
      agent = new Agent({
        keepAlive: true,
        maxSockets: CONNECTIONS_PER_ENDPOINT,
        maxFreeSockets: IDLE_CONNECTIONS_PER_ENDPOINT,
      });
      this.#agents.set(endpoint.key, agent);
    }
    return agent;
  }

  /** Drains every endpoint that is not among these: idle connections are closed now, busy ones once they have answered. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, agent] of this.#agents) {
      if (keys.has(key)) continue;
      agent.maxFreeSockets = 0;
      for (const sockets of Object.values(agent.freeSockets)) {
        for (const socket of sockets ?? []) socket.destroy();
      }
      this.#agents.delete(key);
    }
  }

  /** Ends every connection, busy ones too. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }
}
