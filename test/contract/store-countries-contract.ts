/** What every store must do with countries and ranges, whichever database is behind it. */
import { parseRange, type AddressRange } from '../../src/domain/address-range';
import type { CountryRule, RangeRule } from '../../src/domain/country';
import type { Store } from '../../src/domain/store';
import type { StorePlace } from './store-contract';

const NOW = new Date('2030-06-01T12:00:00.123Z');
const range = (first: string, last?: string): AddressRange => {
  const read = parseRange(first, last);
  if (!read) throw new Error(`no range: ${first} ${last ?? ''}`);
  return read;
};
const ca: CountryRule = { country: 'CA', permission: 'permit', by: 'root', at: NOW };
const office: RangeRule = {
  ...{ range: range('203.0.113.5', '203.0.113.9'), permission: 'permit', by: 'ann (sudo)', at: NOW },
  note: `Zoë's "office"; --`,
};

/** `make` is called once for each test. */
export function countriesContract(make: () => Promise<StorePlace>): void {
  let place: StorePlace;
  let store: Store;
  const reopen = async () => {
    await store.close();
    store = await place.open();
  };
  beforeEach(async () => {
    place = await make();
    store = await place.open();
  });
  afterEach(() => store.close());

  describe('countries', () => {
    it('are none at first, and then what was said last of each, by their letters', async () => {
      expect(await store.countryRules()).toEqual({ countries: [], ranges: [] });
      await store.saveCountry({ ...ca, country: 'US' });
      await store.saveCountry(ca);
      await store.saveCountry({ ...ca, country: 'RU', permission: 'deny' });
      await store.saveCountry({ ...ca, permission: 'deny', by: 'ann' });
      await reopen();
      const { countries } = await store.countryRules();
      expect(countries).toEqual([
        { ...ca, permission: 'deny', by: 'ann' },
        { ...ca, country: 'RU', permission: 'deny' },
        { ...ca, country: 'US' },
      ]);
    });
    it('can be forgotten', async () => {
      await store.saveCountry(ca);
      await store.removeCountry('US');
      expect((await store.countryRules()).countries).toEqual([ca]);
      await store.removeCountry('CA');
      expect((await store.countryRules()).countries).toEqual([]);
    });
  });

  it('a change of the word on countries or ranges counts, so that other PBXs see that there is one', async () => {
    const changes = [
      () => store.saveCountry(ca),
      () => store.removeCountry('CA'),
      () => store.saveRange(office),
      () => store.removeRange(office.range),
    ];
    for (const [i, change] of changes.entries()) {
      await change();
      expect(await store.revision()).toBe(i + 1);
    }
    expect(await store.changedElsewhere(0)).toEqual([]);
  });

  describe('ranges by hand', () => {
    const whole6: RangeRule = { ...office, range: range('::/0'), permission: 'deny', note: undefined };
    it('come back as they were, in order, over both families and up to the last address', async () => {
      const top: RangeRule = { ...office, range: range('255.255.255.255') };
      await store.saveRange(whole6);
      await store.saveRange(top);
      await store.saveRange(office);
      await reopen();
      expect((await store.countryRules()).ranges).toEqual([office, top, whole6]);
    });
    it('are one for the same first and last address, and others beside it', async () => {
      await store.saveRange(office);
      await store.saveRange({ ...office, range: range('203.0.113.5', '203.0.113.10') });
      await store.saveRange({ ...office, permission: 'deny' });
      expect((await store.countryRules()).ranges).toHaveLength(2);
      expect((await store.countryRules()).ranges[0]).toEqual({ ...office, permission: 'deny' });
      await store.removeRange(office.range);
      expect((await store.countryRules()).ranges).toHaveLength(1);
    });
    it('are saved with all of a transaction, or not at all', async () => {
      const work = store.transaction(async (records) => {
        await records.saveRange(office);
        await records.saveCountry(ca);
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(await store.countryRules()).toEqual({ countries: [], ranges: [] });
    });
  });
}
