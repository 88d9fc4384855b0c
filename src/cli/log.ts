/** tollgate log: the journal, from its newest lines on. */
import type { Command } from 'commander';
import type { JournalShape } from '../domain/shapes';
import { AppError } from '../errors';
import type { Act } from './act';
import { given } from './given';
import { readSince } from './moment';
import { amount } from './options';
import type { Outcome } from './outcome';
import { count, lines, say } from './say';
import type { Session } from './session';
import { table, type Cell } from './table';

interface Options {
  readonly follow?: boolean;
  readonly since?: string;
  readonly limit: number;
  readonly verify?: boolean;
}

const LINES = 50;
const POLL_MS = 500;
const MOST_AT_ONCE = 1000;

export function addLog(program: Command, act: Act): void {
  program
    .command('log')
    .description('who changed which door, when, from where and why')
    .option('--follow', 'go on showing new lines until Ctrl-C')
    .option('--since <when>', 'only lines from then on: 2h, 3d, 2026-12-24, "2026-12-24 18:00"')
    .option('--limit <lines>', 'at most so many, the newest', amount, LINES)
    .option('--verify', 'look whether every line is as it was written and none is missing; exit 1 when not')
    .action(act(log));
}

async function log(
  session: Session,
  { follow: following, since, limit, verify: verifying }: Options,
): Promise<Outcome> {
  if (verifying) return verify(session);
  const { zone, now } = session.times();
  const from = since === undefined ? undefined : readSince(since, zone, now).toISOString();
  const journal = await (await session.operations()).log({ limit, ...given({ since: from }) });
  if (following) return follow(session, journal);
  const text =
    journal.length > 0 ? lines(journalTable(session, journal), dimZone(session)) : 'The journal has no line.';
  return { text, json: journal };
}

/** The head is shown to be noted down elsewhere: who can write the database can also write the whole chain anew. */
async function verify(session: Session): Promise<Outcome> {
  const check = await (await session.operations()).logVerify({});
  const { lines: amountOfLines, head, forgotten, broken } = check;
  const older = forgotten
    ? [say`${count(forgotten.lines, 'older line')} up to ${session.times().exact(forgotten.until)} no longer kept`]
    : [];
  const text = broken
    ? lines(
        say`line ${broken.line} does not fit: ${broken.why}`,
        say`${count(amountOfLines, 'line')} before it, unbroken`,
      )
    : lines(
        say`${count(amountOfLines, 'line')}, unbroken`,
        ...older,
        session.screen.colours.dim(say`newest: ${head ?? ''}`),
      );
  return { text, json: check, failed: !check.ok };
}

function journalTable(session: Session, journal: readonly JournalShape[]): string {
  const times = session.times();
  const heads = [{ head: 'ID' }, { head: 'WHEN' }, { head: 'ACTION' }, { head: 'WHAT' }, { head: 'BY' }];
  const rows = journal.map((line): Cell[] => [
    ...[String(line.id), times.exact(line.at), line.action, line.what],
    ...[line.by, line.from ?? '', times.inText(line.why)],
  ]);
  return table(session.screen, [...heads, { head: 'FROM' }, { head: 'WHY', wraps: true }], rows);
}

function dimZone(session: Session): string {
  return session.screen.colours.dim(say`times: ${session.times().zone}`);
}

/** One line at a time, so that no later line changes a column. */
async function follow(session: Session, journal: readonly JournalShape[]): Promise<Outcome> {
  const { operations, daemon } = await session.connection();
  if (!daemon) {
    throw new AppError(
      'REFUSED',
      'no daemon runs, so nothing would follow',
      'tollgate serve, or the log without --follow',
    );
  }
  const stop = session.world.terminal.stopSignal();
  let last = (journal.at(-1) ?? (await operations.log({ limit: 1 })).at(-1))?.id ?? 0;
  for (const line of journal) session.stream(followLine(session, line), line);
  while (!stop.aborted) {
    await session.world.sleep(POLL_MS, stop);
    for (const line of await operations.log({ afterId: last, limit: MOST_AT_ONCE })) {
      session.stream(followLine(session, line), line);
      last = line.id;
    }
  }
  return { text: '', json: undefined };
}

function followLine(session: Session, line: JournalShape): string {
  const times = session.times();
  const [id, at] = [String(line.id).padStart(6), times.exact(line.at)];
  const from = line.from === null ? '' : ` from ${line.from}`;
  return say`${id}  ${at}  ${line.action.padEnd(15)}  ${line.what}: ${times.inText(line.why)} (${line.by}${from})`;
}
