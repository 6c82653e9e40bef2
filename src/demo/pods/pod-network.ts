import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An address in the cluster, as a pod's status and EndpointSlices name it. */
export interface PodAddress {
  readonly address: string;
  readonly port: number;
}

/**
 * The demo's pod network: each pod gets a loopback address of its own out of 127.0.0.0/8 and listens there on its
 * container's port, so what EndpointSlices say can be dialled as it stands. Where a system has only 127.0.0.1 (macOS),
 * the pod listens on a free port of that and `reach` translates; then only the demo's own programs reach pods.
 */
export class PodNetwork {
  readonly #subnet: string;
  readonly #translated = new Map<string, { readonly host: string; readonly port: number }>();
  #next = 0;

  /** `seed` chooses the subnet 127.x.y.0, so that two demos on one machine seldom meet; where they do, the next address is taken. */
  constructor(seed: number) {
    this.#subnet = `127.${64 + (seed % 128)}.${Math.floor(seed / 128) % 256}`;
  }

  /** Lets the server listen as a new pod; answers its address. Throws when no address can be had. */
  async attach(server: Server, port: number): Promise<PodAddress> {
    for (let tries = 0; tries < ADDRESS_TRIES_MAX; tries++) {
      const address = `${this.#subnet}.${(this.#next++ % 250) + 2}`;
      const failure = await listen(server, port, address);
      if (failure === undefined) return { address, port };
      if (failure.code === 'EADDRINUSE') continue;
      if (failure.code !== 'EADDRNOTAVAIL') throw failure;
      return this.#translate(server, { address, port });
    }
    throw new Error(`no free address in ${this.#subnet}.0/24 for port ${port}`);
  }

  /** Where an address of this network can really be dialled. */
  reach(pod: PodAddress): { readonly host: string; readonly port: number } {
    return this.#translated.get(`${pod.address}:${pod.port}`) ?? { host: pod.address, port: pod.port };
  }

  release(pod: PodAddress): void {
    this.#translated.delete(`${pod.address}:${pod.port}`);
  }

  async #translate(server: Server, pod: PodAddress): Promise<PodAddress> {
    const failure = await listen(server, 0, '127.0.0.1');
    if (failure !== undefined) throw failure;
    this.#translated.set(`${pod.address}:${pod.port}`, {
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
    });
    return pod;
  }
}

/** A subnet in which this many addresses in a row are taken is not ours. */
const ADDRESS_TRIES_MAX = 250;

async function listen(server: Server, port: number, host: string): Promise<NodeJS.ErrnoException | undefined> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
    return undefined;
  } catch (cause) {
    return cause as NodeJS.ErrnoException;
  }
}
