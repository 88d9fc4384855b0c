/** Calls of strangers: judged while the caller waits, told afterwards. */
import type { Caller } from '../../domain/doorkeeper';
import type { Network } from '../../domain/network';
import { permittedAtOnce, type StrangerDoor, type StrangerVerdict } from '../../domain/stranger-door';
import { AppError } from '../../errors';
import type { Exempt } from './exempt';
import type { IntruderDesk } from './intruder-news';
import { onceInAWhile } from '../once-in-a-while';
import type { Parts } from '../parts';
import { roomAMinute } from './room-a-minute';
import { standingOf } from './standing';

export interface StrangerCalls extends StrangerDoor {
  /** Resolves when the journal has what was told. */
  settled(): Promise<void>;
}

/** A caller waits no longer for a database or for Asterisk's lists. */
const MOST_MS = 1000;
/** One who goes on calling is told of again after so long. */
const AGAIN_MS = 3600_000;
const MOST_TOLD = 10_000;
/** Over UDP the sources of a flood can be forged, each a new one: the log has the rest. */
const MOST_A_MINUTE = 60;

export function strangerCalls(parts: Parts, exempt: Exempt, desk: IntruderDesk): StrangerCalls {
  const { clock, log } = parts;
  const { calls, fail } = parts.rules.countries;
  const isNews = onceInAWhile(clock, { againMs: AGAIN_MS, most: MOST_TOLD });
  const telling = new Set<Promise<void>>();
  const room = roomAMinute(clock, MOST_A_MINUTE);

  const judge = async (address: Network): Promise<StrangerVerdict> => {
    const { origin, stranger, why } = await standingOf(parts, exempt, address);
    return { stranger, country: origin.country, reason: why };
  };

  const inTime = async (work: Promise<StrangerVerdict>): Promise<StrangerVerdict> => {
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = clock.timer(MOST_MS, () =>
        reject(new AppError('AGI_FAILED', 'the answer took too long', 'is the database or Asterisk very busy?')),
      );
    });
    return Promise.race([work, late]).finally(() => cancel());
  };

  const tell = (address: Network, why: string) => {
    if (!room.isLeft() || !isNews(address)) return;
    room.take();
    const told = desk
      .noticed('stranger', address, why)
      .catch((error: unknown) => log('stranger-not-told', { address, error: String(error) }))
      .finally(() => telling.delete(told));
    telling.add(told);
  };

  /** What cannot be judged. */
  const unsure = (why: string): StrangerVerdict => {
    const stranger = calls === 'enforce' && fail === 'closed';
    return { stranger, country: undefined, reason: `${why}; [country] fail is "${fail}"` };
  };

  return {
    async check(address, caller) {
      if (calls === 'off') return { stranger: false, country: undefined, reason: '[country] calls is "off"' };
      if (address === undefined) return unsure('no address that can be read');
      try {
        const verdict = permittedAtOnce(parts.countries.now(), address) ?? (await inTime(judge(address)));
        if (!verdict.stranger) return verdict;
        tell(address, sentenceOf(verdict, caller, calls));
        return calls === 'enforce'
          ? verdict
          : { ...verdict, stranger: false, reason: `only reported: ${verdict.reason}` };
      } catch (error) {
        log('stranger-not-judged', { address, error: error instanceof Error ? error.message : String(error) });
        return unsure('it could not be judged');
      }
    },
    async settled() {
      await Promise.all(telling);
    },
  };
}

function sentenceOf({ reason }: StrangerVerdict, { number }: Caller, calls: 'report' | 'enforce'): string {
  const who = number === undefined ? 'without a number' : `that shows the number ${number}`;
  const done = calls === 'enforce' ? 'It was refused.' : '"enforce" would have refused it.';
  return `A call ${who}: ${reason}. ${done}`;
}
