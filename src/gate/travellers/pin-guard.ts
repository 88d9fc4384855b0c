/** Guessing is made useless: every try is counted in the store before the PIN is looked at. */
import type { Account } from '../../domain/account';
import type { Caller } from '../../domain/doorkeeper';
import type { Records, Tries } from '../../domain/store';
import { tell, write } from '../announce';
import type { Parts } from '../parts';

const HOUR_MS = 3600 * 1000;
const EVERYBODY = 'everybody';
const ALARM = 'alarm';

export type Judgement =
  { readonly kind: 'right'; readonly account: Account } | { readonly kind: 'wrong' } | { readonly kind: 'locked' };

/** A try that has been counted: what is to be taken back when the PIN turns out right. */
interface CountedTry {
  readonly at: Date;
  readonly account: Account | undefined;
  readonly subject: string;
  /** Undefined: it may be looked at. */
  readonly locked: boolean;
  /** This very try locked the account; undone when its PIN is right. */
  readonly lockedUntil: Date | undefined;
}

/**
 * Judges account and PIN together. Unknown, disabled, wrong and locked take the same work and are alike to the caller.
 * Rejects with STORE_FAILED: then nothing is known and nothing may be opened.
 */
export async function judge(parts: Parts, number: string, pin: string, caller: Caller): Promise<Judgement> {
  const counted = await parts.store.transaction((records) => count(parts, records, number, caller));
  const { account } = counted;
  const right = await parts.vault.verify(pin, account?.pinHash);
  if (right && account && !account.disabledAt && !counted.locked) {
    await parts.store.transaction((records) => forgive(records, counted, caller));
    return { kind: 'right', account };
  }
  await report(parts, counted, caller);
  return { kind: counted.locked ? 'locked' : 'wrong' };
}

/** Ends a lock and forgets the failures, for every caller of the account. */
export async function unlock(records: Records, parts: Pick<Parts, 'vault' | 'clock'>, account: Account): Promise<void> {
  for (const subject of subjectsOf(parts, account)) await records.saveTries(cleared(subject), parts.clock.now());
}

/** When the last lock of the account ends; undefined: it is not locked. */
export async function lockedUntil(parts: Parts, account: Account): Promise<Date | undefined> {
  const all = await Promise.all(subjectsOf(parts, account).map((subject) => parts.store.tries(subject)));
  const now = parts.clock.now();
  const ends = all.flatMap((tries) => (tries.lockedUntil && tries.lockedUntil > now ? [tries.lockedUntil] : []));
  return ends.sort((a, b) => b.getTime() - a.getTime())[0];
}

/** Is the right PIN of no use now? For the call's result, which the caller does not hear. */
export async function isLockedFor(parts: Parts, number: string, caller: Caller): Promise<boolean> {
  const at = parts.clock.now();
  const tries = await parts.store.tries(await subjectFor(parts, parts.store, number, caller));
  return isLocked(tries, at) || callerIsLocked(parts, parts.store, caller, at);
}

async function subjectFor(parts: Parts, records: Records, number: string, caller: Caller): Promise<string> {
  const account = await records.account(number);
  const own = caller.number !== undefined && account?.callers.includes(caller.number) === true;
  return subjectOf(parts.vault.disguise(number), own ? caller.number : undefined);
}

async function count(parts: Parts, records: Records, number: string, caller: Caller): Promise<CountedTry> {
  const { clock, rules } = parts;
  const at = clock.now();
  const account = await records.account(number);
  const subject = await subjectFor(parts, records, number, caller);
  const tries = await records.tries(subject);
  if (isLocked(tries, at) || (await callerIsLocked(parts, records, caller, at))) {
    return { at, account, subject, locked: true, lockedUntil: undefined };
  }
  const failures = tries.failures + 1;
  const locksNow = failures % rules.wrongPinsUntilLock === 0;
  const lock = locksNow ? new Date(at.getTime() + lockSeconds(tries.locks, rules) * 1000) : undefined;
  await records.saveTries({ subject, failures, locks: tries.locks + (locksNow ? 1 : 0), lockedUntil: lock }, at);
  if (caller.number !== undefined) await records.addFailure(callerSubject(caller.number), at);
  await records.addFailure(EVERYBODY, at);
  return { at, account, subject, locked: false, lockedUntil: lock };
}

/** The first lock, doubled for every lock since the last good PIN. */
function lockSeconds(
  locks: number,
  rules: { readonly firstLockSeconds: number; readonly longestLockSeconds: number },
): number {
  return Math.min(rules.firstLockSeconds * 2 ** locks, rules.longestLockSeconds);
}

async function callerIsLocked(parts: Parts, records: Records, caller: Caller, at: Date): Promise<boolean> {
  if (caller.number === undefined) return false;
  const subject = callerSubject(caller.number);
  await records.tries(subject); // two calls of one caller wait for each other here
  const failures = await records.failuresSince(subject, new Date(at.getTime() - HOUR_MS));
  return failures >= parts.rules.callerFailuresAnHour;
}

async function forgive(records: Records, counted: CountedTry, caller: Caller): Promise<void> {
  await records.saveTries(cleared(counted.subject), counted.at);
  if (caller.number !== undefined) await records.takeBackFailure(callerSubject(caller.number), counted.at);
  await records.takeBackFailure(EVERYBODY, counted.at);
}

/** Tells the journal, the traveller and, when everybody seems to be guessing, the admin; then the answer waits. */
async function report(parts: Parts, counted: CountedTry, caller: Caller): Promise<void> {
  const { store, rules, clock } = parts;
  const hourAgo = new Date(counted.at.getTime() - HOUR_MS);
  const failures = await store.failuresSince(EVERYBODY, hourAgo);
  const alarmed = failures > rules.alarmFailuresAnHour;
  await store.transaction(async (records) => {
    const what = counted.account?.number ?? 'unknown account';
    const why = counted.locked ? 'Locked after too many wrong PINs.' : 'Account or PIN was wrong.';
    await write(parts, records, { action: 'login-failed', by: 'telephone', what, from: caller.number, why });
    if (counted.lockedUntil && counted.account) {
      const until = counted.lockedUntil;
      await write(parts, records, {
        action: 'locked',
        by: 'telephone',
        what,
        from: caller.number,
        why: `${rules.wrongPinsUntilLock} wrong PINs: locked until ${until.toISOString()}.`,
      });
      await tell(parts, records, { kind: 'locked', account: counted.account, until, caller: caller.number });
    }
    if (alarmed && (await records.failuresSince(ALARM, hourAgo)) === 0) {
      await records.addFailure(ALARM, counted.at);
      await tell(parts, records, { kind: 'guessing', failures, since: hourAgo });
    }
  });
  parts.post.poke();
  if (alarmed) await clock.sleep(rules.alarmDelaySeconds * 1000);
}

function isLocked(tries: Tries, now: Date): boolean {
  return tries.lockedUntil !== undefined && tries.lockedUntil.getTime() > now.getTime();
}

function cleared(subject: string): Tries {
  return { subject, failures: 0, locks: 0, lockedUntil: undefined };
}

function subjectsOf(parts: Pick<Parts, 'vault'>, account: Account): string[] {
  return [undefined, ...account.callers].map((caller) => subjectOf(parts.vault.disguise(account.number), caller));
}

function subjectOf(account: string, caller: string | undefined): string {
  return caller === undefined ? `account ${account}` : `account ${account} from ${caller}`;
}

function callerSubject(number: string): string {
  return `caller ${number.slice(0, 32)}`;
}
