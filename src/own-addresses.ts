/** This PBX's own addresses: the machine's as they are now, those of the settings, and what Asterisk gives out as its own. */
import { networkInterfaces } from 'node:os';
import type { Asterisk } from './asterisk/phones';
import { parseNetwork, type Network } from './domain/network';
import type { OutsideAddress } from './domain/phones';
import { AppError } from './errors';
import type { Log } from './ports';

export interface OwnAddresses {
  all(): readonly Network[];
  /** Those that Asterisk told, with where; the last that were known while it does not answer. */
  outside(): readonly OutsideAddress[];
  /** Resolves when Asterisk, if it is there, has told them. */
  told(): Promise<void>;
}

/** Asterisk is asked each time it is there again: it reads its transports when it starts. `named`: by the settings. */
export function openOwnAddresses(named: readonly Network[], phones: Asterisk, log: Log): OwnAddresses {
  let outside: readonly OutsideAddress[] = [];
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
    all: () => [...machineAddresses(), ...named, ...outside.map(({ address }) => address)],
    outside: () => outside,
    told: () => asking,
  };
}

function machineAddresses(): Network[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.flatMap(({ address }) => parseNetwork(address) ?? []);
}
