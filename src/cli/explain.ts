/** tollgate explain: what would happen to a packet from there, and why. */
import type { Command } from 'commander';
import type { ExplainShape, Reason } from '../domain/shapes';
import type { Act } from './act';
import type { Outcome } from './outcome';
import { legacySeen } from './legacy-seen';
import { count, lines, say } from './say';
import { together } from './options';
import type { Session } from './session';
import { table, type Cell } from './table';

export function addExplain(program: Command, act: Act): void {
  program
    .command('explain')
    .description('what would happen to a packet from an address, and why')
    .argument('<address...>', 'address, network, the name of one, or the id of an entry', together)
    .action(act(explain));
}

async function explain(session: Session, what: string): Promise<Outcome> {
  const { colours } = session.screen;
  const shape = await (await session.operations()).explain({ what, ...(await legacySeen(session)) });
  const paints = { accept: colours.green, drop: colours.red };
  const verdicts = Object.entries(shape.verdict).map(([service, verdict]): Cell[] => [
    service,
    { text: verdict, paint: paints[verdict] },
  ]);
  const reasons = grouped(session, shape).map(([step, why, more]): Cell[] => [step, why, more]);
  const hints = [...new Set(shape.because.flatMap(({ hint }) => hint ?? []))];
  const from = shape.country === null ? shape.address : `${shape.address}, ${shape.country}`;
  const text = lines(
    say`A packet from ${from}:`,
    table(session.screen, [{ head: 'SERVICE' }, { head: 'VERDICT' }], verdicts),
    `\n${table(session.screen, [{ head: 'STEP' }, { head: 'WHY', wraps: true }, { head: '', wraps: true }], reasons)}`,
    ...hints.map((hint) => say`  → ${hint}`),
  );
  return { text, json: shape };
}

/** One line for all services that have the same reason: `web, ssh: not guarded`. */
function grouped(session: Session, { because, verdict }: ExplainShape): (readonly [string, string, string])[] {
  const groups = new Map<string, { readonly reason: Reason; readonly why: string; readonly services: string[] }>();
  for (const reason of because) {
    const service = Object.keys(verdict).find((name) => reason.text.startsWith(`${name}: `));
    const why = session.times().inText(service === undefined ? reason.text : reason.text.slice(service.length + 2));
    const key = JSON.stringify([reason.step, why, moreOf(session, reason)]);
    const group = groups.get(key) ?? { reason, why, services: [] };
    groups.set(key, group);
    if (service !== undefined) group.services.push(service);
  }
  return [...groups.values()].map(({ reason, why, services }) => [
    reason.step,
    services.length > 0 ? `${services.join(', ')}: ${why}` : why,
    moreOf(session, reason),
  ]);
}

function moreOf(session: Session, { since, by, packets }: Reason): string {
  const parts = [
    since === null ? [] : [`since ${session.times().moment(since)}`],
    by === null ? [] : [`by ${by}`],
    packets === null ? [] : [count(packets, 'packet')],
  ];
  return parts.flat().join(', ');
}
