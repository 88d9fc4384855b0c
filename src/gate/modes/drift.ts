/** Looks each second whether others have changed the firewall, mends it, and tells. Whoever keeps at it is not fought for ever. */
import type { Drift } from '../../domain/firewall';
import type { StatusPart } from '../../domain/shapes';
import { AppError } from '../../errors';
import { tell, write } from '../announce';
import type { Parts } from '../parts';

export interface DriftWatch {
  /** Looks, and mends what it finds. Never rejects: it is logged, and the next look comes soon. */
  look(): Promise<void>;
  /** Looks once a second and soon after each change of rules, until `stop`. */
  run(stop: AbortSignal): Promise<void>;
  /** Somebody undoes each mending at once: until this is over nothing is mended by itself. */
  readonly isResting: boolean;
  /** Undefined: there is nothing to tell. */
  part(): StatusPart | undefined;
}

/** How it is mended: with the store's word, or when the store is away with what is saved for a reboot. */
type Mend = () => Promise<readonly string[]>;

const LOOK_MS = 1000;
/** A reload comes in several pieces. */
const GATHER_MS = 50;
/** More mendings than this within a minute are a fight. */
const MOST_IN_A_MINUTE = 5;
const MINUTE_MS = 60_000;
const FIRST_REST_MS = 10_000;
const LONGEST_REST_MS = 300_000;
/** A fight is over when nothing was found for so long. */
const PEACE_MS = 600_000;
/** `status` tells of mendings for so long. */
const TOLD_MS = 3_600_000;

interface Mending {
  readonly at: Date;
  readonly what: string;
  /** Why it could not be mended; undefined: it was. */
  readonly fault: string | undefined;
}

export function driftWatch(parts: Parts, mend: Mend): DriftWatch {
  const { firewall, clock, log, store } = parts;
  let mendings: readonly Mending[] = [];
  let restMs = 0;
  let restUntil = new Date(0);
  let lookFault: string | undefined;
  /** For the journal, while the store is away. */
  let untold: readonly string[] = [];

  const ago = (at: Date) => clock.now().getTime() - at.getTime();

  async function look(): Promise<void> {
    if (ago(restUntil) < 0) return;
    const drift = await firewall.drift().catch((error: unknown) => faultOf(error));
    if (typeof drift === 'string') {
      if (drift !== lookFault) log('firewall cannot be looked at', { why: drift });
      lookFault = drift;
      return;
    }
    lookFault = undefined;
    mendings = mendings.filter(({ at }) => ago(at) < TOLD_MS);
    const last = mendings.at(-1);
    if (restMs > 0 && (!last || ago(last.at) > PEACE_MS)) {
      restMs = 0;
      untold = [...untold, 'Nobody changes the firewall any more; whatever is changed is mended at once again.'];
    }
    if (drift) await mendAndTell(drift);
    await journal();
  }

  async function mendAndTell({ what, goodAt, isMended }: Drift): Promise<void> {
    const sent = isMended ? what : await mend().catch((error: unknown) => faultOf(error));
    const fault = typeof sent === 'string' ? sent : undefined;
    if (fault === undefined && sent.length === 0) return; // whoever it was has put it back
    const found = shortened(what);
    const before = mendings.at(-1)?.fault;
    const seconds = (ago(goodAt) / 1000).toFixed(1);
    mendings = [...mendings, { at: clock.now(), what: found, fault }];
    if (fault === undefined) {
      const why = `Somebody else changed the firewall: ${found}. Mended; it was so for at most ${seconds} s.`;
      untold = [...untold, why];
      log('firewall mended', { what, seconds });
    } else if (fault !== before) {
      untold = [...untold, `Somebody else changed the firewall: ${found}. It could not be mended: ${fault}`];
      log('firewall not mended', { what, why: fault });
    }
    await restInAFight(found);
  }

  async function restInAFight(found: string): Promise<void> {
    const lately = mendings.filter(({ at }) => ago(at) < MINUTE_MS).length;
    if (restMs === 0 && lately <= MOST_IN_A_MINUTE) return;
    const begins = restMs === 0;
    restMs = begins ? FIRST_REST_MS : Math.min(2 * restMs, LONGEST_REST_MS);
    restUntil = new Date(clock.now().getTime() + restMs);
    log('firewall fought over', { what: found, mended: lately, restMs });
    if (!begins) return;
    const why = `The firewall was changed ${lately} times within a minute: ${found}. From now on it is mended less and less often; find who does it.`;
    untold = [...untold, why];
    await store
      .transaction((records) => tell(parts, records, { kind: 'disturbed', times: lately, what: found }))
      .catch((error: unknown) => log('admin not told of the fight', { error: faultOf(error) }));
  }

  async function journal(): Promise<void> {
    const lines = untold;
    if (lines.length === 0) return;
    try {
      await store.transaction(async (records) => {
        for (const why of lines)
          await write(parts, records, { action: 'firewall', by: 'tollgate', what: 'firewall', from: undefined, why });
      });
      untold = untold.slice(lines.length);
    } catch (error) {
      log('drift not journalled', { error: faultOf(error) });
      untold = untold.slice(-MOST_UNTOLD);
    }
  }

  return {
    look,
    async run(stop) {
      let wake = new AbortController();
      const end = firewall.listen(() => wake.abort());
      stop.addEventListener('abort', () => wake.abort());
      const isWanted = () => !stop.aborted;
      while (isWanted()) {
        await clock.sleep(LOOK_MS, wake.signal);
        if (wake.signal.aborted) await clock.sleep(GATHER_MS, stop);
        wake = new AbortController();
        if (isWanted()) await look().catch((error: unknown) => log('look for drift failed', { error: String(error) }));
      }
      end();
    },
    get isResting() {
      return ago(restUntil) < 0;
    },
    part() {
      const recent = mendings.filter(({ at }) => ago(at) < TOLD_MS);
      const last = recent.at(-1);
      if (lookFault !== undefined) return drifted('fail', lookFault, 'nobody sees now whether others change our rules');
      if (!last) return undefined;
      const detail = `${recent.length === 1 ? 'once' : `${recent.length} times`} in the last hour others changed the firewall; last: ${last.what}`;
      const since = last.at.toISOString();
      if (last.fault !== undefined)
        return { ...drifted('fail', `${detail}; not mended: ${last.fault}`, AT_WORK), since };
      if (restMs === 0) return { ...drifted('warn', `${detail}; mended`, AT_WORK), since };
      const rest = `${detail}; it is mended only every ${restMs / 1000} s now and may be open in between`;
      return { ...drifted('fail', rest, AT_WORK), since };
    },
  };
}

const AT_WORK = 'is firewalld, ufw, Docker, FreePBX’s firewall or a script at work? see "tollgate log"';
const MOST_UNTOLD = 20;

function drifted(state: StatusPart['state'], detail: string, hint: string): StatusPart {
  return { name: 'others', state, since: null, detail, hint };
}

function faultOf(error: unknown): string {
  if (error instanceof AppError) return error.what;
  throw error;
}

function shortened(what: readonly string[]): string {
  return what.length <= 4 ? what.join(', ') : `${what.slice(0, 3).join(', ')} and ${what.length - 3} more`;
}
