/** What the kernel lets in by country alone: the permitted ranges, folded for it anew only when they have changed. */
import type { AddressRange } from '../domain/address-range';
import type { Countries } from '../domain/country';
import { MOST_PERMITTED, type Permitted } from '../domain/firewall';
import { foldedNetworks } from '../domain/folded-networks';
import type { Service } from '../domain/service';

export interface PermittedNetworks {
  /** Of these countries; none while an empty table takes no effect, and the former ones when they do not fit. */
  of(countries: Countries): Permitted;
  /** Why what `of` told last are not the networks of those countries; undefined: they are. */
  readonly fault: string | undefined;
}

export function permittedNetworks(most = MOST_PERMITTED): PermittedNetworks {
  let judged: Countries | undefined;
  let ranges: readonly AddressRange[] = [];
  let networks: Permitted = { 4: [], 6: [] };
  let fault: string | undefined;

  function fold(next: readonly AddressRange[]): void {
    const [ipv4, ipv6] = [foldedNetworks(next, 4, most), foldedNetworks(next, 6, most)];
    ranges = next;
    if (ipv4 && ipv6) networks = { 4: ipv4, 6: ipv6 };
    fault = ipv4 && ipv6 ? undefined : `the permitted countries have more networks than the kernel may hold (${most})`;
  }

  return {
    of(countries) {
      if (countries === judged) return networks;
      judged = countries;
      const next = countries.idle === undefined ? countries.permitted() : [];
      if (!isSame(next, ranges)) fold(next);
      return networks;
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
