/** What in the kernel is ours: chains that begin `TOLLGATE`, sets that begin `tg-`. Nothing else is ever changed. */
import { AppError } from '../errors';
import { parseNetwork, type Family, type Network } from '../domain/network';
import type { Mode } from '../domain/firewall';

export const FAMILIES = [4, 6] as const satisfies readonly Family[];

/** The one rule outside our chains: first in INPUT. */
export const HOOK = '-A INPUT -j TOLLGATE';
export const DISPATCHER = 'TOLLGATE';

/** Sets that are not a service's. No service may have their names. */
export const RESERVED = ['was', 'block', 'all', 'trust', 'trial', 'country', 'country-outer', 'country-inner'] as const;

export function isOurChain(name: string): boolean {
  return name === DISPATCHER || name.startsWith(`${DISPATCHER}-`);
}

export function isOurSet(name: string): boolean {
  return name.startsWith('tg-');
}

/** The sets of permitted countries, and what they are filled under: exchanged as a whole, see `whole-sets.ts`. */
export function isWholeSet(name: string): boolean {
  return /^tg-~?country(-outer|-inner)?[46]$/.test(name);
}

/** Their bounds, which are small and decide alone: see `domain/bounds.ts`. */
export function isBound(name: string): boolean {
  return /^tg-~?country-(outer|inner)[46]$/.test(name);
}

/** A set that rules hold is filled under this name and swapped. */
export function otherName(set: string): string {
  return set.replace('tg-', 'tg-~');
}

/** `tg-sip4`. The kernel takes 31 characters; a service's name has at most 20. */
export function setName(set: string, family: Family): string {
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(set)) {
    throw new AppError('CONFIG_INVALID', `"${set}" cannot name a service`, 'use 1 to 20 of a-z, 0-9 and "-"');
  }
  return `tg-${set}${family}`;
}

/** The opposite of `setName`: `tg-sip4` is `sip` in family 4. */
export function readSetName(name: string): { set: string; family: Family } | undefined {
  const [, set, family] = /^tg-([a-z][a-z0-9-]*)([46])$/.exec(name) ?? [];
  return set === undefined ? undefined : { set, family: family === '4' ? 4 : 6 };
}

export function modeChain(mode: Mode): string {
  return `${DISPATCHER}-${mode.toUpperCase()}`;
}

/**
 * The one gate through which an address reaches ipset, which would look a name up in DNS and read a line break as a
 * second command. hash:net knows no length of 0, so everything is its two halves.
 */
export function kernelNetworks(network: Network): readonly string[] {
  if (parseNetwork(network) !== network) throw new RangeError(`not a canonical network: ${JSON.stringify(network)}`);
  if (network === '0.0.0.0/0') return ['0.0.0.0/1', '128.0.0.0/1'];
  return network === '::/0' ? ['::/1', '8000::/1'] : [network];
}

export const EVERYTHING: Readonly<Record<Family, readonly string[]>> = {
  4: ['0.0.0.0/1', '128.0.0.0/1'],
  6: ['::/1', '8000::/1'],
};

/** A device's name as a set member. `physdev:` and the like mean something to ipset and are refused. */
export function kernelDevice(device: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/.test(device)) return device;
  throw new AppError('CONFIG_INVALID', `"${device}" is no network device's name`, 'see "ip -brief link"');
}
