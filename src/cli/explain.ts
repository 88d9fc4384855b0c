/** tollgate explain: what would happen to a packet from there, and why. */
import type { Command } from 'commander';
import type { Reason } from '../domain/shapes';
import type { Act } from './act';
import type { Outcome } from './outcome';
import { count, lines, say } from './say';
import type { Session } from './session';
import { table, type Cell } from './table';

export function addExplain(program: Command, act: Act): void {
  program
    .command('explain')
    .description('what would happen to a packet from an address, and why')
    .argument('<address>', 'address or network')
    .action(act(explain));
}

async function explain(session: Session, what: string): Promise<Outcome> {
  const { colours } = session.screen;
  const shape = await (await session.operations()).explain({ what });
  const paints = { accept: colours.green, drop: colours.red };
  const verdicts = Object.entries(shape.verdict).map(([service, verdict]): Cell[] => [
    service,
    { text: verdict, paint: paints[verdict] },
  ]);
  const reasons = shape.because.map((reason): Cell[] => [reason.step, reason.text, moreOf(session, reason)]);
  const hints = [...new Set(shape.because.flatMap(({ hint }) => hint ?? []))];
  const from = shape.country === null ? shape.address : `${shape.address}, ${shape.country}`;
  const text = lines(
    say`A packet from ${from}:`,
    table(session.screen, [{ head: 'SERVICE' }, { head: 'VERDICT' }], verdicts),
    ' ',
    table(session.screen, [{ head: 'STEP' }, { head: 'WHY', wraps: true }, { head: '', wraps: true }], reasons),
    ...hints.map((hint) => say`  → ${hint}`),
  );
  return { text, json: shape };
}

function moreOf(session: Session, { since, by, packets }: Reason): string {
  const parts = [
    since === null ? [] : [`since ${session.times().moment(since)}`],
    by === null ? [] : [`by ${by}`],
    packets === null ? [] : [count(packets, 'packet')],
  ];
  return parts.flat().join(', ');
}
