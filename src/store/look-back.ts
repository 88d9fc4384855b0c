/** What has been open until lately. */
import { covering } from '../domain/network';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import { readEntry } from './entries';
import type { Network } from '../domain/network';
import type { Session } from './session';

export function lookBackRecords(session: Session): Pick<Records, 'endedEntriesCovering'> {
  return {
    async endedEntriesCovering(network, since, limit) {
      return (await endedRows(session, network, since).limit(limit).execute()).map(readEntry);
    },
  };
}

export function endedRows({ db }: Session, network: Network, since: Date) {
  return db
    .selectFrom('entries')
    .selectAll()
    .where('network', 'in', covering(network))
    .where('state', '=', 'ended')
    .where('until', '>=', toColumn(since))
    .orderBy('until', 'desc')
    .orderBy('id', 'desc');
}
