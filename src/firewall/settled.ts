/** Takes the passing of time out of a comparison between what was sent and what is read back. */
import type { KernelSet, KernelState, Members } from './kernel-state';
import { aged, type Left } from './time-left';

/** A lease that has this little left may be gone or not by the time it is read: either is right. */
const ENDING_SECONDS = 2;

/** `want` as it is to be after so many seconds; of leases that end just now, whatever `have` has of them. */
export function settled(want: KernelState, have: KernelState, seconds: number): KernelState {
  const sets = [...want.sets].map(([name, set]) => [name, settledSet(set, have.sets.get(name), seconds)] as const);
  return { sets: new Map(sets), rules: want.rules };
}

function settledSet(want: KernelSet, have: KernelSet | undefined, seconds: number): KernelSet {
  if (want === have) return want;
  const isEnding = (left: Left) => left !== 'forever' && left <= seconds + ENDING_SECONDS;
  if (seconds === 0 && !hasOne(want.members, isEnding)) return want;
  const members = new Map<string, Left>();
  for (const [member, left] of want.members) {
    const kept = isEnding(left) ? have?.members.get(member) : aged(left, seconds);
    if (kept !== undefined) members.set(member, kept);
  }
  return { ...want, members };
}

function hasOne(members: Members, which: (left: Left) => boolean): boolean {
  for (const [, left] of members) if (which(left)) return true;
  return false;
}
