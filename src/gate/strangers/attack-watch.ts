/** Logins, as Asterisk tells them: who guesses passwords is blocked, for longer each time. */
import { AUTOMATIC } from '../../domain/entry';
import type { Login } from '../../domain/login';
import type { Network } from '../../domain/network';
import { SUSPICION, Suspicion, type Judgement } from '../../domain/suspicion';
import { blockIntruder } from './block-intruder';
import type { Exempt } from './exempt';
import type { Doors } from '../doors/doors';
import type { IntruderDesk } from './intruder-news';
import type { Parts } from '../parts';
import { roomAMinute } from './room-a-minute';

export interface AttackWatch {
  /** Returns at once, in microseconds: thousands of them may come in a second. */
  see(login: Login): void;
  /** What is remembered of the time before a start. Rejects with STORE_FAILED. */
  begin(): Promise<void>;
  /** Writes what a restart should not forget, once a minute; called every second or so. Rejects with STORE_FAILED. */
  tick(): Promise<void>;
  /** Resolves when everything that was seen has been dealt with and written. */
  settled(): Promise<void>;
}

const MOST_TOLD = 5;
const WRITE_MS = 60_000;
/** Doors change one at a time: a caller's waits for these. Who is left out and goes on is judged again. */
const MOST_AT_ONCE = 32;
/** Over UDP the sources of a flood can be forged, each a new one, and each of these is a line of the journal. */
const MOST_A_MINUTE = { attack: 600, perhaps: 60, many: 60 } as const;

export function attackWatch(parts: Parts, doors: Doors, desk: IntruderDesk, exempt: Exempt): AttackWatch {
  const { clock, log, rules, store } = parts;
  const suspicion = new Suspicion();
  let wroteAt = clock.now().getTime();
  const ago = (ms: number) => new Date(clock.now().getTime() - ms);
  const write = async () => {
    wroteAt = clock.now().getTime();
    const tried = suspicion.targets.takeUnwritten();
    if (tried.length > 0) await store.saveTried(tried, ago(SUSPICION.manyMs));
  };
  const room = {
    attack: roomAMinute(clock, MOST_A_MINUTE.attack),
    perhaps: roomAMinute(clock, MOST_A_MINUTE.perhaps),
    many: roomAMinute(clock, MOST_A_MINUTE.many),
  };
  const dealing = new Map<string, Promise<void>>();
  let blocking = 0;
  const deal = (judgement: Judgement) => {
    const about = judgement.kind === 'many' ? `account ${judgement.account}` : judgement.address;
    if (dealing.has(about)) return; // it is being dealt with, and what goes on will be judged again
    const left = room[judgement.kind];
    const isAttack = judgement.kind === 'attack';
    if (!left.isLeft() || (isAttack && blocking >= MOST_AT_ONCE)) return;
    if (isAttack) blocking++;
    else left.take();
    const dealt = answer({ parts, doors, desk, exempt }, judgement)
      .then((isNews) => {
        if (isAttack && isNews) left.take();
      })
      .catch((error: unknown) => log('attack-not-answered', { about, error: String(error) }))
      .finally(() => {
        dealing.delete(about);
        if (isAttack) blocking--;
      });
    dealing.set(about, dealt);
  };
  return {
    see(login) {
      if (rules.attacks.logins === 'off') return;
      for (const judgement of suspicion.judge(login, clock.now()).judgements) deal(judgement);
    },
    async begin() {
      if (rules.attacks.logins === 'off') return;
      for (const { address } of await store.heardSince(ago(SUSPICION.knownMs))) suspicion.know(address, clock.now());
      suspicion.targets.remember(await store.triedSince(ago(SUSPICION.manyMs)));
    },
    async tick() {
      if (clock.now().getTime() - wroteAt >= WRITE_MS) await write();
    },
    async settled() {
      await Promise.all(dealing.values());
      await write().catch((error: unknown) => log('tried-not-written', { error: String(error) }));
    },
  };
}

interface Means {
  readonly parts: Parts;
  readonly doors: Doors;
  readonly desk: IntruderDesk;
  readonly exempt: Exempt;
}

/** Resolves to whether it was news: who is blocked already is none. */
async function answer(means: Means, judgement: Judgement): Promise<boolean> {
  const { desk } = means;
  switch (judgement.kind) {
    case 'many': {
      const { account, addresses } = judgement;
      const why = `${addresses} addresses have tried passwords for account "${account}" within three days.`;
      await desk.noticed('attack', account, why);
      return true;
    }
    case 'perhaps': {
      const { address, tries, why: reason } = judgement;
      const spared = {
        udp: 'single UDP packets, which anybody may have forged',
        known: 'good passwords come from there too, and over UDP the wrong ones may be forged',
      }[reason];
      await desk.noticed('attack', address, `${tries} logins failed, not blocked: ${spared}.`);
      return true;
    }
    case 'attack':
      return attack(means, judgement);
  }
}

async function attack(
  { parts, doors, desk, exempt }: Means,
  { address, tries, accounts, mayBeForged }: Extract<Judgement, { kind: 'attack' }>,
): Promise<boolean> {
  const why = `${tries} logins failed${accountsText(accounts)}.`;
  if (parts.rules.attacks.logins === 'report') {
    await desk.noticed('attack', address, `${why} It would be blocked: [attacks] logins is "report".`);
    return true;
  }
  // Its address is no secret, and a forger could cut a company off from its provider.
  if (mayBeForged && (await exempt.isTrunk(address))) {
    const spared = 'it is a trunk that Asterisk knows, and over UDP the guesses may be forged';
    await desk.noticed('attack', address, `${why} It was not blocked: ${spared}.`);
    return true;
  }
  const until = (network: Network) => endOfBlock(parts, network);
  const outcome = await blockIntruder(parts, doors, { address, origin: 'attack', why, until });
  if (outcome.kind === 'blocked') desk.blocked('attack', outcome, why);
  if (outcome.kind === 'spared') await desk.noticed('attack', address, `${why} It was not blocked: ${outcome.why}.`);
  return outcome.kind !== 'done';
}

/** Longer each time, until it was quiet for long enough. */
async function endOfBlock({ store, clock, rules }: Parts, network: Network): Promise<Date> {
  const { blockSeconds, forgivenSeconds } = rules.attacks;
  const now = clock.now();
  const since = new Date(now.getTime() - forgivenSeconds * 1000);
  const before = await store.blocksSince(network, AUTOMATIC.attack, since);
  const seconds = blockSeconds[Math.min(before, blockSeconds.length - 1)] ?? 0;
  return new Date(now.getTime() + seconds * 1000);
}

function accountsText(accounts: readonly string[]): string {
  if (accounts.length === 0) return '';
  const shown = accounts.slice(0, MOST_TOLD).map((account) => `"${account}"`);
  const more = accounts.length > MOST_TOLD ? ` and ${accounts.length - MOST_TOLD} more` : '';
  return ` for ${shown.join(', ')}${more}`;
}
