/** Which addresses tried a password of which account. The accounts are attackers' text, so a row's key is a hash. */
import { createHash } from 'node:crypto';
import type { Network } from '../domain/network';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import type { Session } from './session';

type TriedRecords = Pick<Records, 'triedSince' | 'saveTried'>;

/** Far above what an attack over days needs: a bound, not a choice. */
const MOST = 20_000;

export function triedRecords(session: Session): TriedRecords {
  const { pbx } = session;
  return {
    async triedSince(since) {
      const rows = await session.db
        .selectFrom('tried')
        .selectAll()
        .where('pbx', '=', pbx)
        .where('tried_at', '>=', toColumn(since))
        .orderBy('tried_at', 'desc')
        .limit(MOST)
        .execute();
      // Only this program writes that column, from a network.
      return rows.map((row) => ({
        ...{ account: row.account, address: row.network as Network, at: new Date(row.tried_at) },
      }));
    },
    async saveTried(tried, keptSince) {
      const rows = tried.map(({ account, address, at }) => ({
        ...{ id: idOf(pbx, account, address), pbx, account, network: address, tried_at: toColumn(at) },
      }));
      await session.atomically(async ({ db }) => {
        if (rows.length > 0) await db.replaceInto('tried').values(rows).execute();
        const own = db.deleteFrom('tried').where('pbx', '=', pbx);
        await own.where('tried_at', '<', toColumn(keptSince)).execute();
        const newest = db.selectFrom('tried').select('tried_at').where('pbx', '=', pbx).orderBy('tried_at', 'desc');
        const tooMany = await newest.offset(MOST).limit(1).executeTakeFirst();
        if (tooMany) await own.where('tried_at', '<=', tooMany.tried_at).execute();
      });
    },
  };
}

function idOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
