/** Lines of the registries' delegated-extended files: `ripencc|DE|ipv4|192.0.2.0|256|20100101|allocated|…`. */
import { addressOf, integerOf, rangeOf } from '../domain/address-range';
import { parseNetwork } from '../domain/network';
import { broken } from './fault';
import type { TableBuilder } from './table-builder';

/** Throws COUNTRY_FAILED for a line that is none of these. */
export function readRirLine(line: string, number: number, builder: TableBuilder): void {
  if (line === '' || line.startsWith('#')) return;
  const [registry = '', country = '', type = '', start = '', value = '', date = '', status = ''] = line.split('|', 7);
  if (/^[\d.]+$/.test(registry)) {
    builder.dated = dateOf(date) ?? builder.dated; // the file's own line: version, registry, serial, …
    return;
  }
  if (type === 'asn' || value === 'summary' || date === 'summary') return;
  if (status !== 'allocated' && status !== 'assigned') {
    if (status === 'available' || status === 'reserved') return;
    throw broken(`line ${number} is no record of a registry`);
  }
  const last = lastOf(type, start, value);
  if (last === undefined || !builder.addTexts(start, last, country.toUpperCase())) {
    throw broken(`line ${number} is no range of a registry`);
  }
}

/** IPv4 has a count of addresses, IPv6 a length of its prefix. */
function lastOf(type: string, start: string, value: string): string | undefined {
  if (!/^[1-9]\d{0,9}$/.test(value)) return undefined;
  const network = parseNetwork(type === 'ipv6' ? `${start}/${value}` : start);
  if (!network) return undefined;
  if (type === 'ipv6') return addressOf(6, rangeOf(network).last);
  const last = integerOf(network) + BigInt(value) - 1n;
  return type === 'ipv4' && last < 2n ** 32n ? addressOf(4, last) : undefined;
}

/** `20261121`, when it was made; a serial may be seconds. */
function dateOf(text: string): Date | undefined {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? [];
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
