/** Networks that are written with a mask instead of a length. */
import { integerOf } from './address-range';
import { familyOf, parseAddress, parseNetwork, type Network } from './network';

/** Reads `192.0.2.0/255.255.255.0`, `192.0.2.0 255.255.255.0`, and the same of IPv6; undefined when it is none. */
export function parseMasked(text: string): Network | undefined {
  const [address = '', mask = '', ...rest] = text.split(/ ?\/ ?| /);
  const [base, bits] = [parseAddress(address), parseAddress(mask)];
  if (rest.length > 0 || !base || !bits || familyOf(base) !== familyOf(bits)) return undefined;
  const width = familyOf(base) === 4 ? 32 : 128;
  const hosts = (1n << BigInt(width)) - 1n - integerOf(bits);
  if ((hosts & (hosts + 1n)) !== 0n) return undefined; // ones and zeros mixed
  return parseNetwork(`${base}/${width - hosts.toString(2).replace(/^0/, '').length}`);
}
