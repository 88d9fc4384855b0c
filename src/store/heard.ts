/** Who was heard lately: addresses from which Asterisk knew a phone or a trunk. */
import type { Network } from '../domain/network';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import type { Session } from './session';

type HeardRecords = Pick<Records, 'heardSince' | 'saveHeard'>;

const KEPT_MS = 24 * 60 * 60 * 1000;
/** Far above any PBX's phones: a bound, not a choice. */
const MOST = 5_000;

export function heardRecords(session: Session): HeardRecords {
  const { pbx } = session;
  return {
    async heardSince(since) {
      const rows = await session.db
        .selectFrom('heard')
        .selectAll()
        .where('pbx', '=', pbx)
        .where('heard_at', '>=', toColumn(since))
        .orderBy('heard_at', 'desc')
        .limit(MOST)
        .execute();
      // Only this program writes that column, from a network.
      return rows.map((row) => ({ name: row.name, kind: row.kind, address: row.network as Network }));
    },
    async saveHeard(heard, at) {
      const heard_at = toColumn(at);
      const rows = heard.slice(0, MOST).map(({ name, kind, address }) => ({
        ...{ id: `${pbx} ${address}`, pbx, network: address, kind, name, heard_at },
      }));
      await session.atomically(async ({ db }) => {
        await db
          .deleteFrom('heard')
          .where('pbx', '=', pbx)
          .where('heard_at', '<', heard_at - KEPT_MS)
          .execute();
        for (const row of rows) await db.replaceInto('heard').values(row).execute();
      });
    },
  };
}
