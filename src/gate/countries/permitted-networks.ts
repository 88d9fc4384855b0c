/** What the kernel lets in by country alone: the permitted ranges, folded for it anew only when they have changed. */
import { setImmediate } from 'node:timers/promises';
import type { AddressRange } from '../../domain/address-range';
import { findingBounds } from '../../domain/bounds';
import type { Countries } from '../../domain/country';
import { MOST_PERMITTED, type Permitted } from '../../domain/firewall';
import { foldingNetworks } from '../../domain/folded-networks';
import type { Service } from '../../domain/service';

export interface PermittedNetworks {
  /** Of these countries; none while an empty table takes no effect, and the former ones when they do not fit. */
  of(countries: Countries): Permitted;
  /** Works them out in pieces, between which calls are answered: `of` has nothing left to do then. */
  prepare(countries: Countries): Promise<void>;
  /** Why what `of` told last are not the networks of those countries; undefined: they are. */
  readonly fault: string | undefined;
}

const NONE = { networks: [], outer: [], inner: [] };
const NOBODY: Permitted = { 4: NONE, 6: NONE };

export function permittedNetworks(most = MOST_PERMITTED): PermittedNetworks {
  let judged: Countries | undefined;
  let ranges: readonly AddressRange[] = [];
  let permitted = NOBODY;
  let fault: string | undefined;

  function* update(countries: Countries): Generator<undefined> {
    if (countries === judged) return;
    const next = countries.idle === undefined ? countries.permitted() : [];
    yield;
    if (!isSame(next, ranges)) {
      const ipv4 = yield* foldingNetworks(next, 4, most);
      const ipv6 = yield* foldingNetworks(next, 6, most);
      ranges = next;
      if (ipv4 && ipv6) {
        permitted = {
          4: { networks: ipv4, ...(yield* findingBounds(next, 4)) },
          6: { networks: ipv6, ...(yield* findingBounds(next, 6)) },
        };
      }
      fault =
        ipv4 && ipv6 ? undefined : `the permitted countries have more networks than the kernel may hold (${most})`;
    }
    judged = countries;
  }

  return {
    of(countries) {
      for (const steps = update(countries); steps.next().done !== true;);
      return permitted;
    },
    async prepare(countries) {
      for (const steps = update(countries); steps.next().done !== true;) await setImmediate();
    },
    get fault() {
      return fault;
    },
  };
}

/** Services that let permitted countries in. */
export function byCountry(services: readonly Service[]): readonly Service[] {
  return services.filter(({ policy }) => policy === 'countries');
}

function isSame(a: readonly AddressRange[], b: readonly AddressRange[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ family, first, last }, i) => family === b[i]?.family && first === b[i].first && last === b[i].last)
  );
}
