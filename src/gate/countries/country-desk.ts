/** The countries as they are judged now: the data of this machine under the rules in the store. */
import type { Countries, CountryData, Judged, Origin } from '../../domain/country';
import type { Entry } from '../../domain/entry';
import type { Network } from '../../domain/network';
import type { Store } from '../../domain/store';
import type { Clock } from '../../ports';
import type { Permitted } from '../../domain/firewall';
import type { Parts } from '../parts';
import { permittedNetworks } from './permitted-networks';

export interface CountryDesk {
  readonly data: CountryData;
  /** As they were judged last; nobody is a stranger before that was ever done. Costs nothing. */
  now(): Countries;
  /** The same, judged first where that was never done. */
  ready(): Promise<Countries>;
  /** What the kernel lets in by country, as they were judged last. Throws when they never were. */
  permitted(): Permitted;
  /** Judges them where that was never done, and works that out beside the calls, which `permitted` alone keeps waiting. */
  prepare(): Promise<void>;
  /** Why that is not what they were judged to be; undefined: it is. */
  readonly permittedFault: string | undefined;
  /** Judges anew what the store and the data say; after each change. */
  reload(): Promise<Countries>;
  /** Tells `listen` what they are judged by: now, as far as they ever were, and after each change. What is returned ends it. */
  onJudged(listen: (judged: Judged) => void): () => void;
  /** The same when a minute has passed: what other PBXs changed in a database that they share. */
  follow(): Promise<void>;
}

const FOLLOW_MS = 60_000;
const NOT_YET: Countries = {
  idle: 'the tables have not been read yet',
  lookup: () => ({ country: undefined, permit: false, deny: false, stranger: false }),
  permitted: () => [],
};

export function countryDesk(
  store: Pick<Store, 'countryRules'>,
  data: CountryData,
  clock: Clock,
  most?: number,
): CountryDesk {
  let countries = NOT_YET;
  let judged: Judged | undefined;
  const listening = new Set<(judged: Judged) => void>();
  let judgedAt = -Infinity;
  const networks = permittedNetworks(most);
  let [asked, inForce] = [0, 0];
  const reload = async () => {
    judgedAt = clock.now().getTime();
    const mine = ++asked;
    const next = await data.judge(await store.countryRules());
    // Of two at once the one that was asked later has read what is newer, whichever is answered first.
    if (mine > inForce) {
      [inForce, countries, judged] = [mine, next, next.judged];
      for (const listen of listening) listen(next.judged);
    }
    return countries;
  };
  return {
    data,
    now: () => countries,
    ready: () => (countries === NOT_YET ? reload() : Promise.resolve(countries)),
    reload,
    permitted() {
      // None would cut off everybody who comes in by country.
      if (countries === NOT_YET) throw new Error('the countries were never judged');
      return networks.of(countries);
    },
    async prepare() {
      if (countries === NOT_YET) await reload();
      await networks.prepare(countries);
    },
    get permittedFault() {
      return networks.fault;
    },
    onJudged(listen) {
      listening.add(listen);
      if (judged) listen(judged);
      return () => void listening.delete(listen);
    },
    async follow() {
      if (clock.now().getTime() - judgedAt >= FOLLOW_MS) await reload();
    },
  };
}

/** An address as the ranges and the entries see it. */
export interface Judgement {
  readonly origin: Origin;
  /** The open entry that lets it in; it wins over every range. */
  readonly entry: Entry | undefined;
  readonly stranger: boolean;
}

/** `by`: other tables than those in force. */
export async function judgementOf(
  { store, clock, countries }: Pick<Parts, 'store' | 'clock' | 'countries'>,
  address: Network,
  by?: Countries,
): Promise<Judgement> {
  const origin = (by ?? (await countries.ready())).lookup(address);
  const covering = await store.liveEntriesCovering(address, clock.now());
  const entry = covering.find(({ kind, state }) => kind === 'allow' && state === 'open');
  return { origin, entry, stranger: origin.stranger && entry === undefined };
}
