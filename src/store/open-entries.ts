/** What of the live entries the kernel is told: narrow rows, because a start reads all of them. */
import type { Network } from '../domain/network';
import type { Records } from '../domain/store';
import { readList, readUntil, toColumn } from './columns';
import { isOneNetwork } from './entries';
import type { Session } from './session';

/** Later than any date. */
const NEVER = Number.MAX_SAFE_INTEGER;

export function openEntryRecords({ db }: Session): Pick<Records, 'openEntries'> {
  return {
    async openEntries(now) {
      const rows = await db
        .selectFrom('entries')
        .select(['kind', 'network', 'services', 'account', 'until'])
        .where('state', '=', 'open')
        .where((e) => e(e.fn.coalesce('until', e.lit(NEVER)), '>', toColumn(now)))
        .where(isOneNetwork)
        .execute();
      const lists = new Map<string, readonly string[]>();
      return rows.map(({ kind, network, services, account, until }) => {
        const list = lists.get(services) ?? readList(services);
        lists.set(services, list);
        return {
          kind: kind === 'block' ? 'block' : 'allow', // a group has no network
          network: network as Network, // only canonical text is ever written
          services: list,
          account: account ?? undefined,
          until: readUntil(until),
          state: 'open',
        };
      });
    },
  };
}
