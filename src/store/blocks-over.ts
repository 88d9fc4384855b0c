/** The blocks that stand in the way of many networks, of the very many that there may be. */
import type { Entry } from '../domain/entry';
import { covering } from '../domain/network';
import { othersFirst } from '../domain/others-first';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import { entriesOn, readEntry } from './entries';
import type { Session } from './session';

/** With all that cover them, which neighbours share, at most some two thousand texts in one query. */
const NETWORKS_AT_ONCE = 16;

export function blocksOverRecords(session: Session): Pick<Records, 'liveBlocksOver'> {
  return {
    async liveBlocksOver(networks, now) {
      const found = new Map<number, Entry>();
      for (let i = 0; i < networks.length; i += NETWORKS_AT_ONCE) {
        if (i > 0) await othersFirst();
        const around = [...new Set(networks.slice(i, i + NETWORKS_AT_ONCE).flatMap(covering))];
        const rows = await entriesOn(session, around, toColumn(now)).where('kind', '=', 'block').execute();
        for (const row of rows) found.set(row.id, readEntry(row));
      }
      return [...found.values()];
    },
  };
}
