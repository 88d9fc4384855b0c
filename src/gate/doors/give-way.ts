/** Which blocks give way to somebody who is let in: those that Tollgate made by itself, never a person's. */
import { isAutomatic, type Entry } from '../../domain/entry';
import { covers, isSingle, type Network } from '../../domain/network';
import type { Records } from '../../domain/store';

/** Each once, also when it covers several of them. */
export async function automaticBlocksOver(
  records: Pick<Records, 'liveBlocksOver'>,
  networks: readonly Network[],
  now: Date,
): Promise<readonly Entry[]> {
  return (await records.liveBlocksOver(networks, now)).filter(isAutomatic);
}

export interface BlocksInTheWay {
  readonly giveWay: readonly Entry[];
  /** They go before what is let in. */
  readonly stay: readonly Entry[];
}

/** The same for whole networks, blocks within them included: nobody in there could have been blocked the other way round. */
export async function blocksInTheWay(
  records: Pick<Records, 'liveBlocksOver' | 'liveEntries'>,
  networks: readonly Network[],
  now: Date,
): Promise<BlocksInTheWay> {
  const wide = networks.filter((network) => !isSingle(network));
  const inside = (wide.length > 0 ? await records.liveEntries(now, 'block') : []).filter((block) =>
    wide.some((network) => covers(network, block.network)),
  );
  const over = await records.liveBlocksOver(networks, now);
  const blocks = [...new Map([...over, ...inside].map((block) => [block.id, block])).values()];
  return { giveWay: blocks.filter(isAutomatic), stay: blocks.filter((block) => !isAutomatic(block)) };
}

/** For the journal; undefined: there was none. */
export function sayGiveWay(blocks: readonly Entry[]): string | undefined {
  if (blocks.length === 0) return undefined;
  const those = [...new Set(blocks.map(({ network }) => network))].join(', ');
  return `${those} had been blocked by Tollgate itself, and ${blocks.length > 1 ? 'are' : 'is'} no more.`;
}
