/** This PBX's own addresses: the machine's as they are now, those of the settings, and what Asterisk gives out as its own. */
import { networkInterfaces } from 'node:os';
import type { Asterisk } from './asterisk/phones';
import { parseNetwork, type Network } from './domain/network';
import type { OutsideAddress } from './domain/phones';
import { AppError } from './errors';
import type { Clock, Log } from './ports';

export interface OwnAddresses {
  /** Those of the machine's interfaces as they were at most so long ago, in milliseconds; left out: as they are now. */
  all(mostMs?: number): readonly Network[];
  /** Those that Asterisk told, with where; the last that were known while it does not answer. */
  outside(): readonly OutsideAddress[];
  /** Resolves when Asterisk, if it is there, has told them. */
  told(): Promise<void>;
}

/** Asterisk is asked each time it is there again: it reads its transports when it starts. `named`: by the settings. */
export function openOwnAddresses(
  named: readonly Network[],
  phones: Asterisk,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): OwnAddresses {
  let outside: readonly OutsideAddress[] = [];
  let seen: { readonly at: number; readonly addresses: readonly Network[] } | undefined;
  const machines = (mostMs: number) => {
    const at = clock.now().getTime();
    if (!seen || Math.abs(at - seen.at) >= mostMs) seen = { at, addresses: machineAddresses() };
    return seen.addresses;
  };
  const ask = async () => {
    try {
      outside = await phones.outsideAddresses();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      log('outside addresses not told', { why: error.what });
    }
  };
  let asking = Promise.resolve();
  phones.onState(({ state }) => {
    if (state === 'up' || state === 'reduced') asking = ask();
  });
  return {
    all: (mostMs = 0) => [...machines(mostMs), ...named, ...outside.map(({ address }) => address)],
    outside: () => outside,
    told: () => asking,
  };
}

function machineAddresses(): Network[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.flatMap(({ address }) => parseNetwork(address) ?? []);
}
