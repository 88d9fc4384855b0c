/**
 * The saved state as text: what `src/install/restore-firewall.sh` reads before the network is up. A head that must be
 * whole (sets and rules, and how many lines they are), then members with absolute ends, then what has changed since.
 */
import type { Until } from '../domain/entry';
import type { KernelState, Whole } from './kernel-state';
import type { Ends } from './live-members';
import { FAMILIES } from './names';
import { sideBySide } from './side-by-side';

/** Kernel set -> its members and their ends. */
export type SavedMembers = ReadonlyMap<string, Pick<Ends, 'forEach'>>;

/** Sets, trusted networks and rules. `add` lines of sets without ends are part of it. */
export function headText({ sets, rules }: KernelState): string {
  const lines = [
    ...[...sets].map(([name, { header }]) => `create ${name} ${header}`),
    ...FAMILIES.flatMap((family) =>
      [...rules[family].chains].flatMap(([chain, its]) => [
        `${family} :${chain}`,
        ...its.map((rule) => `${family} ${rule}`),
      ]),
    ),
  ];
  return [...lines, `head ${lines.length}`, ''].join('\n');
}

/** A whole file, in pieces. Leases that are over by `now` are not in it. */
export function* baseText(head: string, members: SavedMembers, now: Date): Iterable<string> {
  let piece = `tollgate-boot 1\n${head}${atLine(now)}\n`;
  for (const [set, its] of members) {
    const { keys, values } = sideBySide(its);
    for (let i = 0; i < keys.length; i++) {
      const [member, until] = [keys[i], values[i]];
      if (member === undefined || until === undefined || isOver(until, now)) continue;
      piece += `${addLine(set, member, until)}\n`;
      if (piece.length < PIECE_LENGTH) continue;
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

/** Characters; to make so many takes a millisecond. */
const PIECE_LENGTH = 64_000;

/** The file of the permitted countries; its first line says how many networks must follow. */
export function countriesText(wholes: ReadonlyMap<string, Whole>): readonly string[] {
  const lines = [...wholes].flatMap(([set, { networks = [] }]) => networks.map((one) => addLine(set, one, 'forever')));
  return [[`tollgate-countries 1 ${lines.length}`, ...lines, ''].join('\n')];
}

/** An end is whole seconds since 1970, rounded down, so that nothing ends late; what is for good has none. */
export function addLine(set: string, member: string, until: Until): string {
  return until === 'forever' ? `add ${set} ${member}` : `add ${set} ${member} ${seconds(until)}`;
}

export function deleteLine(set: string, member: string): string {
  return `del ${set} ${member}`;
}

/** The file's own time: leases are left out at a boot whose clock stands before it. */
export function atLine(now: Date): string {
  return `at ${seconds(now)}`;
}

function isOver(until: Until, now: Date): boolean {
  return until !== 'forever' && until.getTime() <= now.getTime();
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
