/** From the last key to the kernel's word, against one `ipset add` process. */
import { randomBytes } from 'node:crypto';
import { PACE } from '../../agi/talk';
import { travelinMan } from '../../agi/travelin-man';
import { CALL_SETTINGS } from '../../src/asterisk/call-settings';
import { startAgiServer } from '../../src/asterisk/agi-server';
import { clock } from '../../src/clock';
import { run } from '../../src/run';
import { converse } from './agi-peer';
import { addressOf, openRig, traveller, type Watching } from './rig';
import { alternate, times, type Rounds } from './rounds';
import { compared, figures, told, type Row } from './row';
import { p99 } from './statistics';

const ROUNDS = 12;
const CALLS_A_ROUND = 20;
const MOST_TIMES = 3;
const MOST_MS = 10;
const BASELINE_SET = 'bench';

/** What happened when, in one call. */
interface Moments {
  lastKey: number;
  confirmed: number;
  opened: number;
  /** Milliseconds on the way to the kernel's word that went into committing to disk. */
  commits: number;
  isConfirmed: boolean;
}

export async function door(folder: string): Promise<Row[]> {
  const moments: Moments = { lastKey: 0, confirmed: 0, opened: 0, commits: 0, isConfirmed: false };
  const rig = await openRig(folder, watch(moments));
  await rig.gate.restore();
  const onFailure = (error: unknown) => void process.stderr.write(`${String(error)}\n`);
  const server = await startAgiServer({
    ...{ port: 0, settings: CALL_SETTINGS, clock, random: randomBytes, log: () => undefined },
    soundFile: (prompt) => `/${prompt}`,
    scripts: {
      'travelin-man': async (call) => ({
        TOLLGATE_RESULT: await travelinMan(call, rig.gate.doorkeeper, { pace: PACE, onFailure }),
      }),
    },
  });
  await run('ipset', ['create', BASELINE_SET, 'hash:net', 'family', 'inet', 'timeout', '0', 'counters']);
  const parts: Record<'whole' | 'commits' | 'without' | 'opened', number[][]> = {
    ...{ whole: [], commits: [], without: [], opened: [] },
  };
  let n = 0;
  const { ipset } = await alternate(
    {
      ours: async () => {
        const round: Moments[] = [];
        for (let i = 0; i < CALLS_A_ROUND; i++) {
          n++;
          const pin = '73914628';
          await rig.store.saveAccount(traveller(String(1000 + n), rig.quickHash(pin)));
          const address = addressOf(n).replaceAll('.', '*');
          const caller = { channel: `PJSIP/carrier-${n}`, callerNumber: `49301${n}`, account: String(1000 + n), pin };
          const lastKey = () => Object.assign(moments, { lastKey: performance.now(), commits: 0, isConfirmed: false });
          const { result } = await converse({ port: server.port, ...caller, address, lastKey });
          if (result !== 'opened') throw new Error(`the call of account ${1000 + n} ended ${String(result)}`);
          round.push({ ...moments });
        }
        parts.whole.push(round.map(({ confirmed, lastKey }) => confirmed - lastKey));
        parts.commits.push(round.map(({ commits }) => commits));
        parts.without.push(round.map(({ confirmed, lastKey, commits }) => confirmed - lastKey - commits));
        parts.opened.push(round.map(({ opened, confirmed }) => opened - confirmed));
        return [];
      },
      ipset: () => times(CALLS_A_ROUND, () => run('ipset', ['add', BASELINE_SET, addressOf(++n), 'timeout', '259200'])),
    },
    { rounds: ROUNDS },
  );
  await server.stop(1000);
  await rig.close();
  return rowsOf(parts, ipset);
}

function rowsOf(parts: Readonly<Record<'whole' | 'commits' | 'without' | 'opened', Rounds>>, ipset: Rounds): Row[] {
  const kept = (rounds: Rounds) => rounds.slice(rounds.length - ROUNDS); // the first one warms up
  const all = (rounds: Rounds) => kept(rounds).flat();
  const within = (rounds: Rounds) => ({ text: `p99 under ${MOST_MS} ms`, met: p99(all(rounds)) < MOST_MS });
  const against = 'one `ipset add` process';
  return [
    compared({
      ...{ what: 'last key → kernel confirmed, commits apart', against, mostTimes: MOST_TIMES },
      ...{ ours: kept(parts.without), theirs: ipset },
    }),
    told('the same', figures(all(parts.without)), within(parts.without)),
    told('commits to disk on that way (entry, boot file)', figures(all(parts.commits))),
    compared({ what: 'both together', against, ours: kept(parts.whole), theirs: ipset }),
    told('the same', figures(all(parts.whole)), within(parts.whole)),
    told('kernel confirmed → open in the store, with journal and letter', figures(all(parts.opened))),
  ];
}

function watch(moments: Moments): Watching {
  const committing = async <T>(work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    try {
      return await work();
    } finally {
      if (!moments.isConfirmed) moments.commits += performance.now() - began;
    }
  };
  return {
    store: (store) => ({
      ...store,
      transaction: (work, how) =>
        committing(() => store.transaction(work, how)).finally(() => (moments.opened = performance.now())),
    }),
    saved: (saved) => ({ ...saved, append: (lines) => committing(() => saved.append(lines)) }),
    firewall: (firewall) => ({
      ...firewall,
      change: async (changes) => {
        await firewall.change(changes);
        moments.confirmed = performance.now();
        moments.isConfirmed = true;
      },
    }),
  };
}
