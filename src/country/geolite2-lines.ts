/** MaxMind's GeoLite2 Country as CSV: places by number, and blocks that name a place by it. */
import { rangeOf } from '../domain/address-range';
import { familyOf, parseNetwork } from '../domain/network';
import { wordsOf } from './address-words';
import { broken } from './fault';
import type { TableBuilder } from './table-builder';

/** geoname_id -> country. There are 250 of them. */
export type Places = Map<string, string>;
const MOST_PLACES = 10_000;

export const PLACES_HEAD = /^geoname_id,locale_code,continent_code,continent_name,country_iso_code,/;
export const BLOCKS_HEAD = /^network,geoname_id,registered_country_geoname_id,/;

/** Throws COUNTRY_FAILED for a line that names no place. */
export function readPlaceLine(line: string, number: number, places: Places): void {
  if (line === '' || PLACES_HEAD.test(line)) return;
  const [, id, country] = /^(\d{1,12}),[\w-]*,[A-Z]*,(?:"[^"]*"|[^",]*),([A-Z]{0,2}),/.exec(line) ?? [];
  if (id === undefined || places.size === MOST_PLACES) throw broken(`line ${number} is no place of GeoLite2`);
  places.set(id, country ?? '');
}

/** A block without a place of its own is where it was registered. Throws COUNTRY_FAILED for a line that is no block. */
export function readBlockLine(line: string, number: number, places: Places, builder: TableBuilder): void {
  if (line === '' || BLOCKS_HEAD.test(line)) return;
  const [, text = '', place, registered] = /^([0-9a-f:.]{1,45}\/\d{1,3}),(\d{0,12}),(\d{0,12}),/.exec(line) ?? [];
  const network = parseNetwork(text);
  if (!network) throw broken(`line ${number} is no block of GeoLite2`);
  const country = places.get(place ?? '') ?? places.get(registered ?? '') ?? '';
  const { first, last } = rangeOf(network);
  const family = familyOf(network);
  builder.addWords(family, wordsOf(family, first), wordsOf(family, last), country);
}
