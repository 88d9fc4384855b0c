/** tollgate check: every phone and trunk that is connected now, ok or ko. */
import type { Command } from 'commander';
import type { Act } from './act';
import type { Outcome } from './outcome';
import { count, lines } from './say';
import type { Session } from './session';
import { table, type Cell, type Column } from './table';

export function addCheck(program: Command, act: Act): void {
  program
    .command('check')
    .description('every phone and trunk now connected: ok or ko, and why; exit 1 when one is ko')
    .action(act(check));
}

const COLUMNS: readonly Column[] = [
  ...[{ head: 'PEER', wraps: true }, { head: 'CHANNEL' }, { head: 'ADDRESS' }, { head: 'COUNTRY' }, { head: '' }],
  { head: 'WHY', wraps: true },
];

async function check(session: Session): Promise<Outcome> {
  const peers = await (await session.operations()).check({});
  if (peers.length === 0) return { text: 'No phone and no trunk is connected.', json: peers };
  const { colours } = session.screen;
  const rows = peers.map(({ peer, channel, address, country, ok, why }): Cell[] => [
    ...[peer, channel, address ?? '-', country ?? '-'],
    ok ? { text: 'ok', paint: colours.green } : { text: 'ko', paint: colours.red },
    why,
  ]);
  const bad = peers.filter(({ ok }) => !ok).length;
  const sum =
    bad === 0 ? `All are ok: ${count(peers.length, 'peer')}.` : `${bad} of ${count(peers.length, 'peer')}: ko.`;
  return { text: lines(table(session.screen, COLUMNS, rows), sum), json: peers, failed: bad > 0 };
}
