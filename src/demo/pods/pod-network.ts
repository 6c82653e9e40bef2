import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where a pod can be reached, as its status and EndpointSlices name it. */
export interface PodAddress {
  readonly address: string;
  readonly port: number;
}

/** With this many addresses taken in a row, a program of this machine has the port on all of them. */
const ADDRESS_TRIES_MAX = 16;

/**
 * The demo's pod network: each pod gets a loopback address of its own out of 127.0.0.0/8 and listens there on its
 * container's port, as in a cluster. Where a system has only 127.0.0.1 (macOS), or somebody listens on that port on all
 * addresses, the pods share 127.0.0.1 and each gets a free port, which EndpointSlices then name.
 */
export class PodNetwork {
  readonly #subnet: string;
  readonly #takenPorts = new Set<number>();
  #next = 0;

  /** `subnet` is the first three parts of the addresses; one that is taken is passed over. */
  constructor(subnet: string) {
    this.#subnet = subnet;
  }

  /** Lets the server listen as a new pod; answers where. Throws when no address can be had. */
  async attach(server: Server, containerPort: number): Promise<PodAddress> {
    for (let tries = 0; tries < ADDRESS_TRIES_MAX && !this.#takenPorts.has(containerPort); tries++) {
      const address = `${this.#subnet}.${(this.#next++ % 250) + 2}`;
      const failure = await listen(server, containerPort, address);
      if (failure === undefined) return { address, port: containerPort };
      if (failure.code === 'EADDRINUSE') continue;
      if (failure.code === 'EADDRNOTAVAIL') return attachToSharedAddress(server);
      throw failure;
    }
    this.#takenPorts.add(containerPort);
    return attachToSharedAddress(server);
  }
}

/** A subnet of 127.0.0.0/8 for each seed, so that two demos on one machine seldom meet. */
export function loopbackSubnet(seed: number): string {
  return `127.${64 + (seed % 128)}.${Math.floor(seed / 128) % 256}`;
}

async function attachToSharedAddress(server: Server): Promise<PodAddress> {
  const failure = await listen(server, 0, '127.0.0.1');
  if (failure !== undefined) throw failure;
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

async function listen(server: Server, port: number, host: string): Promise<NodeJS.ErrnoException | undefined> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
    return undefined;
  } catch (cause) {
    return cause as NodeJS.ErrnoException;
  }
}
