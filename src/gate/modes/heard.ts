/** Keeps who was heard: the addresses of phones and trunks that Asterisk knew in the last day. */
import { isSingle, type Network } from '../../domain/network';
import type { HeardPeer, Peer, Proof } from '../../domain/phones';
import { AppError } from '../../errors';
import type { Parts } from '../parts';

const LOOK_MS = 5 * 60_000;
/** An address that goes on being heard is written once in a while. */
const AGAIN_MS = 3600_000;
export const KEPT_MS = 24 * 3600_000;
/** Addresses that are waited for and remembered: only a good password makes one. */
const MOST = 5_000;

export interface Ear {
  /** A good password came from there. */
  proof(proof: Proof): void;
  /** Asks Asterisk, and writes what is new, once in a few minutes; does nothing in between. */
  look(): Promise<void>;
}

export function openEar({ store, phones, clock, log }: Parts): Ear {
  const waiting = new Map<Network, HeardPeer>();
  const written = new Map<Network, number>();
  let next = 0;

  const note = (peer: Peer) => {
    const { address } = peer;
    if (address === undefined || !isSingle(address) || waiting.size >= MOST) return;
    if (clock.now().getTime() - (written.get(address) ?? -Infinity) >= AGAIN_MS)
      waiting.set(address, { ...peer, address });
  };

  return {
    proof: ({ extension, address }) => note({ name: extension, address, kind: 'phone' }),
    async look() {
      const now = clock.now();
      if (now.getTime() < next) return;
      next = now.getTime() + LOOK_MS;
      const peers = phones.state.state === 'up' ? await phones.peers().catch(notTold) : [];
      if (typeof peers === 'string') log('peers not told', { why: peers });
      else peers.forEach(note);
      if (waiting.size === 0) return;
      await store.saveHeard([...waiting.values()], now);
      if (written.size > MOST) written.clear();
      for (const address of waiting.keys()) written.set(address, now.getTime());
      waiting.clear();
    },
  };
}

function notTold(error: unknown): string {
  if (error instanceof AppError) return error.what;
  throw error;
}
