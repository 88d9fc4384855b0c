/** Reads an address as it is keyed on a telephone. */
import { isIPv4 } from 'node:net';
import { parseAddress, type Network } from './network';

/**
 * `12*34*56*78`, or twelve digits with leading zeros, `012034056078`; undefined for anything else. Strict on purpose:
 * lenient parsers read `12.34.56` as 12.34.0.56 and `012` as octal.
 */
export function readDialledAddress(keys: string): Network | undefined {
  const dotted = /^\d{12}$/.test(keys)
    ? (keys.match(/\d{3}/g) ?? []).map((part) => String(Number(part))).join('.')
    : keys.replaceAll('*', '.');
  return isIPv4(dotted) ? parseAddress(dotted) : undefined;
}

/** Could these keys be meant as an address? A star or twelve digits: nothing else that is asked for has them. */
export function looksLikeAddress(keys: string): boolean {
  return keys.includes('*') || /^\d{8,}$/.test(keys);
}
