import type { KubeObject } from '../../api/kube-object.ts';
import { textAt } from '../builtin/fields.ts';

/** Hands out addresses of 10.244.0.0/16 in order, skipping those in use. */
export class PodAddresses {
  readonly #used = new Set<string>();
  #next = 1;

  constructor(pods: readonly KubeObject[]) {
    for (const pod of pods) {
      const ip = textAt(pod, 'status', 'podIP');
      if (ip !== undefined) this.#used.add(ip);
    }
  }

  take(): string {
    for (let tries = 0; tries < ADDRESSES; tries++) {
      const number = this.#next;
      this.#next = number >= ADDRESSES ? 1 : number + 1;
      const address = `10.244.${number >> 8}.${number & 0xff}`;
      if (this.#used.has(address)) continue;
      this.#used.add(address);
      return address;
    }
    throw new Error(`all ${ADDRESSES} pod addresses are in use`);
  }

  release(address: string): void {
    this.#used.delete(address);
  }
}

const ADDRESSES = 65_534;
