/** What the product answers to commands about countries. */
import type { CountryShape, DataShape, OutsideShape, RangeShape } from '../../src/domain/country-shapes';
import type { Operations } from '../../src/gate/operations';

const SINCE = '2026-11-22T09:30:00.000Z';
const NOBODY: OutsideShape = { outside: [], cutOff: [], unsure: null, idle: null };

export function country(more: Partial<CountryShape> = {}): CountryShape {
  return {
    ...{ country: 'US', name: 'United States', permission: 'permit', by: 'root', at: SINCE },
    ...{ ranges: { ipv4: 39_976, ipv6: 32_488 }, addresses: 1_514_791_329, networks: 622_595_843_331_072 },
    ...more,
  };
}

export function range(more: Partial<RangeShape> = {}): RangeShape {
  return {
    ...{ first: '203.0.113.5', last: '203.0.113.9', addresses: '5', country: 'AA', permission: 'permit', by: 'root' },
    ...{ integers: { first: '3405803781', last: '3405803785' }, at: SINCE, note: null },
    ...more,
  };
}

const data: DataShape = {
  ...{ source: 'DB-IP lite', licence: 'CC BY 4.0, db-ip.com', dated: '2026-11-01T00:00:00.000Z', imported: SINCE },
  ranges: { ipv4: 385_372, ipv6: 276_388 },
};

/** Every operation about countries answers with something plausible. */
export function countryAnswers(): Pick<
  Operations,
  Extract<keyof Operations, `country${string}` | `range${string}`> | 'check'
> {
  const done = <T>(value: T) => Promise.resolve(value);
  const said = (permission: 'permit' | 'deny' | null) => done({ changed: [country({ permission })], ...NOBODY });
  return {
    countryPermit: () => said('permit'),
    countryDeny: () => said('deny'),
    countryForget: () => said(null),
    countryList: () => done([country()]),
    countryLookup: ({ what }) =>
      done({ address: what, integer: '3325256711', country: 'DE', permit: false, deny: false, stranger: true }),
    countryAdopt: ({ tried }) => done({ state: 'new', data, before: null, tried, ...NOBODY }),
    rangePermit: () => done({ range: range(), change: 'added', ...NOBODY }),
    rangeDeny: () => done({ range: range({ permission: 'deny' }), change: 'changed', ...NOBODY }),
    rangeRemove: () => done({ range: range(), change: 'removed', ...NOBODY }),
    rangeShow: () => done(range()),
    rangeList: () => done([range()]),
    check: () =>
      done([
        { peer: '701', channel: 'PJSIP', address: '192.0.2.7', country: 'US', ok: true, why: 'permitted: US' },
        { peer: 'old', channel: 'IAX2', address: '198.51.100.7', country: 'DE', ok: false, why: 'a stranger' },
      ]),
  };
}
