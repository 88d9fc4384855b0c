/** Strangers with a good password: blocked in the kernel first, then their contacts removed and their calls hung up. */
import { AUTOMATIC, type Until } from '../../domain/entry';
import type { Network } from '../../domain/network';
import type { Proof } from '../../domain/phones';
import { AppError } from '../../errors';
import { blockIntruder } from './block-intruder';
import type { Cause, Doors } from '../doors/doors';
import type { Exempt } from './exempt';
import type { IntruderDesk } from './intruder-news';
import { onceInAWhile } from '../once-in-a-while';
import type { Parts } from '../parts';
import { standingOf } from './standing';

export interface StrangerWatch {
  /** A good password came from there: of a phone that registered or called, or of a trunk. Returns at once. */
  heard(proof: Proof): void;
  /** Looks at everybody who is registered now; at a start, and when Asterisk was away. Never rejects. */
  catchUp(): Promise<void>;
  /** Ends the blocks of those who are no strangers any more; after each change of the tables, and of what is exempt. */
  forgive(cause: Pick<Cause, 'by' | 'from'>): Promise<void>;
  settled(): Promise<void>;
}

/** One that is only reported is told again after so long. */
const AGAIN_MS = 24 * 3600 * 1000;
const MOST_TOLD = 10_000;

export function strangerWatch(parts: Parts, doors: Doors, desk: IntruderDesk, exempt: Exempt): StrangerWatch {
  const { clock, log, phones, countries, rules, store } = parts;
  const dealing = new Map<Network, Promise<void>>();
  const isNews = onceInAWhile(clock, { againMs: AGAIN_MS, most: MOST_TOLD });
  const see = (address: Network, what: string) => {
    if (rules.countries.registrations === 'off') return;
    if (!countries.now().lookup(address).stranger || dealing.has(address)) return;
    const dealt = deal(parts, doors, desk, { address, what, isNews, exempt })
      .catch((error: unknown) => log('stranger-not-answered', { address, error: String(error) }))
      .finally(() => dealing.delete(address));
    dealing.set(address, dealt);
  };
  const settled = async () => {
    await Promise.all(dealing.values());
  };
  return {
    heard: ({ address, extension }) => see(address, `A good password for ${extension} came`),
    settled,
    async catchUp() {
      if (rules.countries.registrations === 'off') return;
      try {
        await countries.ready();
        for (const { address, name, kind } of await phones.peers()) {
          if (kind === 'phone' && address !== undefined) see(address, `${name} is registered`);
        }
        await settled();
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        log('strangers-not-looked-for', { error: error.what }); // `status` shows that Asterisk does not tell
      }
    },
    async forgive({ by, from }) {
      const cause = { action: 'unblock', by, from, why: 'It is no stranger any more.' } as const;
      await doors.close(async () => {
        const live = await store.liveEntries(clock.now(), 'block');
        const blocks = live.filter(({ origin }) => origin === AUTOMATIC.stranger);
        const isOver = await Promise.all(
          blocks.map(async ({ network }) => !(await standingOf(parts, exempt, network)).stranger),
        );
        return { entries: blocks.filter((_, i) => isOver[i]), cause };
      });
    },
  };
}

interface Seen {
  readonly address: Network;
  /** The beginning of a sentence. */
  readonly what: string;
  readonly isNews: (address: Network) => boolean;
  readonly exempt: Exempt;
}

async function deal(parts: Parts, doors: Doors, desk: IntruderDesk, seen: Seen): Promise<void> {
  const { address, what, isNews, exempt } = seen;
  const { origin, stranger } = await standingOf(parts, exempt, address);
  if (!stranger) return;
  const { registrations, blockSeconds } = parts.rules.countries;
  const why = `${what} from ${origin.country ?? 'an unknown country'}, which is not permitted.`;
  if (registrations === 'report') {
    if (isNews(address)) await desk.noticed('stranger', address, `${why} "enforce" would have blocked it.`);
    return;
  }
  const now = parts.clock.now().getTime();
  const end: Until = blockSeconds === undefined ? 'forever' : new Date(now + blockSeconds * 1000);
  const until = () => Promise.resolve(end);
  const outcome = await blockIntruder(parts, doors, { address, origin: 'stranger', why, until });
  if (outcome.kind === 'blocked') desk.blocked('stranger', outcome, why);
  if (outcome.kind === 'spared' && isNews(address)) {
    await desk.noticed('stranger', address, `${why} It was not blocked: ${outcome.why}.`);
  }
}
