/** What the journal says of a name that has moved. */
import type { Entry } from '../../domain/entry';
import type { Moves } from '../../domain/names';
import type { Network } from '../../domain/network';
import { sayGiveWay } from '../doors/give-way';

/** `giveWay`: blocks that ended with it. */
export function sayMoves(moves: readonly Moves[], giveWay: readonly Entry[], graceSeconds: number): string {
  const list = (networks: readonly Network[]) => [...new Set(networks)].join(', ');
  const networksOf = (entries: readonly Entry[]) => entries.map(({ network }) => network);
  const joined = list(moves.flatMap((each) => each.joined));
  const returned = list(moves.flatMap((each) => networksOf(each.returned)));
  const left = list(moves.flatMap((each) => networksOf(each.left)));
  return [
    ...(joined ? [`${joined} joined.`] : []),
    ...(returned ? [`${returned} came back.`] : []),
    ...(left ? [`${left} left, and stays open for ${graceSeconds} s so that no call is cut.`] : []),
    ...[sayGiveWay(giveWay) ?? []].flat(),
  ].join(' ');
}
