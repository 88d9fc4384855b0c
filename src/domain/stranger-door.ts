/** What the dialplan asks about a call: is it a stranger's? `src/gate` answers. */
import type { Countries, CountryCode } from './country';
import type { Caller } from './doorkeeper';
import type { Network } from './network';

export interface StrangerVerdict {
  readonly stranger: boolean;
  /** Undefined: not known. */
  readonly country: CountryCode | undefined;
  /** For the dialplan and the log: a part of a sentence, without foreign text. */
  readonly reason: string;
}

export interface StrangerDoor {
  /** `address` undefined: it could not be read. Never rejects: what cannot be judged is what the settings say. */
  check(address: Network | undefined, caller: Caller): Promise<StrangerVerdict>;
}

/** Nearly every call: its address alone decides, and nobody need be waited for. Undefined: there is more to ask. */
export function permittedAtOnce(countries: Countries, address: Network): StrangerVerdict | undefined {
  const { country, stranger, permit } = countries.lookup(address);
  return permit && !stranger ? { stranger, country, reason: 'permitted' } : undefined;
}
