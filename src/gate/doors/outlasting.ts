/** Calls that outlast their lease: signalling is closed at once, what is already being said may be said to its end. */
import { hasMedia, mediaEnd, type MemberRules } from '../../domain/elements';
import { isBefore, type Entry } from '../../domain/entry';
import type { Network } from '../../domain/network';
import type { Records } from '../../domain/store';
import { AppError } from '../../errors';
import type { Parts } from '../parts';

export function memberRulesOf({ services, rules }: Pick<Parts, 'services' | 'rules'>): MemberRules {
  return { services, outlastSeconds: rules.outlastSeconds };
}

/** Until when a call may outlast this lease, which has just ended; undefined: none may. */
export function mediaUntil(parts: Parts, entry: Entry): Date | undefined {
  if (parts.sharedAs !== undefined && entry.pbx !== parts.sharedAs) return undefined; // its own PBX is away
  const memberRules = memberRulesOf(parts);
  const end = mediaEnd(entry, memberRules);
  if (end === 'forever' || !hasMedia(entry, memberRules) || parts.phones.state.state === 'off') return undefined;
  return isBefore(parts.clock.now(), end) ? end : undefined;
}

/** Has Asterisk calls from there? One that does not answer for a moment deafens nobody; one that will never tell has none. */
export async function mayBeHeard({ phones, log }: Parts, network: Network): Promise<boolean> {
  try {
    return (await phones.callsFrom(network)).length > 0;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log('calls-not-told', { network, error: error.message });
    return phones.state.state !== 'off' && error.code !== 'AMI_REFUSED';
  }
}

/** An account's open entries, and its ended ones that calls outlast. */
export async function closableEntriesOf(records: Records, account: string, now: Date): Promise<readonly Entry[]> {
  const outlasted = (await records.outlastedLeases()).filter((entry) => entry.account === account);
  return [...(await records.liveEntriesOf(account, now)), ...outlasted];
}
