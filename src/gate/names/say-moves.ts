/** What the journal says of a name that has moved. */
import type { Entry } from '../../domain/entry';
import type { Moves } from '../../domain/names';
import type { Network } from '../../domain/network';

/** `giveWay`: blocks that ended with it. */
export function sayMoves(moves: readonly Moves[], giveWay: readonly Entry[], graceSeconds: number): string {
  const list = (networks: readonly Network[]) => [...new Set(networks)].join(', ');
  const networksOf = (entries: readonly Entry[]) => entries.map(({ network }) => network);
  const joined = list(moves.flatMap((each) => each.joined));
  const returned = list(moves.flatMap((each) => networksOf(each.returned)));
  const left = list(moves.flatMap((each) => networksOf(each.left)));
  const isOrAre = giveWay.length > 1 ? 'are' : 'is';
  return [
    ...(joined ? [`${joined} joined.`] : []),
    ...(returned ? [`${returned} came back.`] : []),
    ...(left ? [`${left} left, and stays open for ${graceSeconds} s so that no call is cut.`] : []),
    ...(giveWay.length > 0
      ? [`${list(networksOf(giveWay))} had been blocked by Tollgate itself, and ${isOrAre} no more.`]
      : []),
  ].join(' ');
}
