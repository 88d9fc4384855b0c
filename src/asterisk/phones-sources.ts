/** Remembers from where registrations really came: a contact's URI and Via say only what the phone believes. */
import type { Network } from '../domain/network';
import type { Proven } from './phones-proof';

const MOST = 20_000;

export class Sources {
  readonly #addresses = new Map<string, Network>();

  remember({ extension, call, address }: Proven): void {
    if (call === undefined) return;
    const key = keyOf(extension, call);
    this.#addresses.delete(key);
    this.#addresses.set(key, address);
    const [oldest] = this.#addresses.keys();
    if (this.#addresses.size > MOST && oldest !== undefined) this.#addresses.delete(oldest);
  }

  /** undefined: it registered while we were not listening. */
  addressOf(extension: string, call: string): Network | undefined {
    return this.#addresses.get(keyOf(extension, call));
  }
}

/** Call-IDs are chosen by phones: one phone's must not stand for another's. */
function keyOf(extension: string, call: string): string {
  return JSON.stringify([extension, call]);
}
