/** The admin's word on countries and ranges. */
import type { AddressRange } from '../domain/address-range';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import type { CountryRow, RangeRow } from './schema';
import type { Session } from './session';

type CountryRecords = Pick<Records, 'countryRules' | 'saveCountry' | 'removeCountry' | 'saveRange' | 'removeRange'>;

export function countryRecords(session: Session): CountryRecords {
  const { db } = session;
  const change = (work: (db: Session['db']) => Promise<unknown>) =>
    session.atomically(async (part) => {
      await work(part.db);
      part.changed('countries');
    });
  return {
    async countryRules() {
      const countries = await db.selectFrom('countries').selectAll().orderBy('country').execute();
      const ranges = await db.selectFrom('address_ranges').selectAll().orderBy('span').execute();
      return {
        countries: countries.map((row) => ({
          ...{ country: row.country, permission: row.permission, by: row.done_by },
          at: new Date(row.done_at),
        })),
        ranges: ranges.map((row) => ({
          ...{ range: readSpan(row.span), permission: row.permission, by: row.done_by },
          ...{ at: new Date(row.done_at), note: row.note ?? undefined },
        })),
      };
    },
    async saveCountry({ country, permission, by, at }) {
      const row: CountryRow = { country, permission, done_by: by, done_at: toColumn(at) };
      await change((part) => part.replaceInto('countries').values(row).execute());
    },
    async removeCountry(country) {
      await change((part) => part.deleteFrom('countries').where('country', '=', country).execute());
    },
    async saveRange({ range, permission, by, at, note }) {
      const row: RangeRow = { span: spanOf(range), permission, done_by: by, done_at: toColumn(at), note: note ?? null };
      await change((part) => part.replaceInto('address_ranges').values(row).execute());
    },
    async removeRange(range) {
      await change((part) => part.deleteFrom('address_ranges').where('span', '=', spanOf(range)).execute());
    },
  };
}

/** `4 c0000200 c0000209`: as wide as the family's addresses are, so that it sorts as they do. */
function spanOf({ family, first, last }: AddressRange): string {
  const hex = (address: bigint) => address.toString(16).padStart(family === 4 ? 8 : 32, '0');
  return `${family} ${hex(first)} ${hex(last)}`;
}

/** Only this program writes that column. */
function readSpan(span: string): AddressRange {
  const [family, first, last] = span.split(' ');
  return { family: family === '6' ? 6 : 4, first: BigInt(`0x${first ?? 0}`), last: BigInt(`0x${last ?? 0}`) };
}
