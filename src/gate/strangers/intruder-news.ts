/** News of attackers and strangers: each in the journal at once, all of them together in a mail, never one a packet. */
import type { Until } from '../../domain/entry';
import type { IntruderNews } from '../../domain/letter';
import type { Network } from '../../domain/network';
import { tell, write } from '../announce';
import type { Parts } from '../parts';

type Kind = IntruderNews['kind'];

export interface IntruderDesk {
  /** Of something that was blocked: the journal has it already. */
  blocked(kind: Kind, block: { readonly network: Network; readonly until: Until }, why: string): void;
  /** Of something that was only noticed. Rejects with STORE_FAILED. */
  noticed(kind: Kind, what: string, why: string): Promise<void>;
  /** Sends what has come together when its time has come; called every second or so. */
  tick(): Promise<void>;
  /** The same at once, before the process ends. Rejects with STORE_FAILED. */
  flush(): Promise<void>;
}

/** What comes within this time, or that between two mails when it is shorter, goes into the first one. */
const GATHER_MS = 60_000;
const MOST_NEWS = 100;

export function intruderDesk(parts: Parts): IntruderDesk {
  const { store, clock, post, rules } = parts;
  let news: IntruderNews[] = [];
  let more = 0;
  let mailedAt = -Infinity;
  const add = (each: Omit<IntruderNews, 'at'>) => {
    if (news.length < MOST_NEWS) news.push({ at: clock.now(), ...each });
    else more++;
  };
  const countryOf = (network: Network) => parts.countries.now().lookup(network).country;
  const send = async () => {
    const [first] = news;
    if (!first) return;
    const notice = { kind: 'intruders', since: first.at, news, more } as const;
    [news, more] = [[], 0]; // what comes meanwhile is of the next mail
    try {
      await store.transaction((records) => tell(parts, records, notice));
    } catch (error) {
      [news, more] = [[...notice.news, ...news], notice.more + more];
      throw error;
    }
    mailedAt = clock.now().getTime();
    post.poke();
  };
  return {
    blocked: (kind, { network, until }, why) =>
      add({ kind, what: network, country: countryOf(network), blockedUntil: until, why }),
    async noticed(kind, what, why) {
      await write(parts, store, { action: kind, by: 'Tollgate', what, from: 'Asterisk', why });
      add({ kind, what, country: undefined, blockedUntil: undefined, why });
    },
    flush: send,
    async tick() {
      const now = clock.now();
      const [first] = news;
      const everyMs = rules.attacks.mailSeconds * 1000;
      if (!first || now.getTime() - first.at.getTime() < Math.min(GATHER_MS, everyMs)) return;
      if (now.getTime() - mailedAt >= everyMs) await send();
    },
  };
}
