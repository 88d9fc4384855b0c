/**
 * Lines of a first address, a last one and a country: DB-IP's CSV, Debian's geoip and geoip6 (IPv4 as integers), and the old
 * GeoLite Country CSV (both as integers too, and the country's name).
 */
import { broken } from './fault';
import type { TableBuilder } from './table-builder';

const ADDRESS = '"?([0-9a-fA-F:.]{1,45})"?';
const COUNTRY = '"?([A-Z0-9?-]{0,2})"?';
const NUMBER = '"?\\d{1,39}"?';
const SHORT = new RegExp(`^${ADDRESS}, ?${ADDRESS}, ?${COUNTRY}$`);
const LONG = new RegExp(`^${ADDRESS}, ?${ADDRESS}, ?${NUMBER}, ?${NUMBER}, ?${COUNTRY},.*$`);

/** Throws COUNTRY_FAILED for a line that is none of these. */
export function readRangeLine(line: string, number: number, builder: TableBuilder): void {
  if (line === '') return;
  if (line.startsWith('#')) {
    readComment(line, builder);
    return;
  }
  const [, first, last, country] = SHORT.exec(line) ?? LONG.exec(line) ?? [];
  if (first === undefined || last === undefined || !builder.addTexts(first, last, country ?? '')) {
    throw broken(`line ${number} is no range with a country`);
  }
}

function readComment(line: string, builder: TableBuilder): void {
  const [, generated] = /^#\s*Generated:\s*(.{1,60})$/.exec(line) ?? [];
  const date = new Date(generated ?? NaN);
  if (!Number.isNaN(date.getTime())) builder.dated = date;
  builder.licence = /^#\s*License:\s*([\w .-]{1,40})$/.exec(line)?.[1] ?? builder.licence;
}
