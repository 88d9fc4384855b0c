/** tollgate range: addresses that are permitted or denied by hand. */
import type { Command } from 'commander';
import type { RangeChangeShape, RangeShape } from '../domain/country-shapes';
import type { Act } from './act';
import { given } from './given';
import { changing, type DryRun } from './options';
import { outsideText } from './outside-text';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';
import { table, type Cell, type Column } from './table';

interface Options extends DryRun {
  readonly note?: string;
}

const SAYS = [
  ['permit', 'rangePermit', 'let calls and registrations in from these addresses, whatever their country'],
  ['deny', 'rangeDeny', 'make everybody at these addresses a stranger; it wins over every permit'],
] as const;

export function addRange(program: Command, act: Act): void {
  const range = program.command('range').description('ranges of addresses that are permitted or denied by hand');
  const named = (name: string, description: string) =>
    range
      .command(name)
      .description(description)
      .argument('<first>', 'first address; or a network, or one address alone')
      .argument('[last]', 'last address');
  for (const [name, operation, description] of SAYS) {
    const command = named(name, description).option('--note <text>', 'why, for those who read the list');
    changing(command).action(
      act(async (session: Session, first: string, last: string | undefined, { note, dryRun }: Options) => {
        const operations = await session.operations();
        const asked = { first, by: session.by, ...given({ last, note, dryRun }) };
        return changeOutcome(session, await operations[operation](asked), dryRun === true);
      }),
    );
  }
  named('show', 'the integers of an address or a range, and what is said of exactly it').action(act(show));
  range.command('list').description('every range by hand, and the private ones that are permitted').action(act(list));
  changing(named('remove', 'take a range out again')).action(act(remove));
}

async function remove(session: Session, first: string, last: string | undefined, { dryRun }: DryRun) {
  const asked = { first, by: session.by, ...given({ last, dryRun }) };
  return changeOutcome(session, await (await session.operations()).rangeRemove(asked), dryRun === true);
}

function changeOutcome(session: Session, shape: RangeChangeShape, dryRun: boolean): Outcome {
  const { range, change } = shape;
  const said = { permit: 'permitted', deny: 'denied', '': 'not named' }[range.permission ?? ''];
  const is = dryRun ? 'would be' : 'is';
  const news = {
    added: say`${rangeText(range)} ${is} ${said}: ${range.addresses} addresses.`,
    changed: say`${rangeText(range)} was in the list; it ${is} ${said}.`,
    same: say`${rangeText(range)} was ${said} already. Nothing was changed.`,
    removed: say`${rangeText(range)} ${is} no longer ${said}.`,
  };
  const end = dryRun ? 'Nothing was changed.' : undefined;
  return { text: lines(news[change], outsideText(session, shape, dryRun), end), json: shape };
}

function rangeText({ first, last }: RangeShape): string {
  return first === last ? first : `${first} to ${last}`;
}

async function show(session: Session, first: string, last?: string): Promise<Outcome> {
  const shape = await (await session.operations()).rangeShow({ first, ...given({ last }) });
  const rows: Cell[][] = [
    ['first', shape.first, shape.integers.first],
    ...(shape.first === shape.last ? [] : [['last', shape.last, shape.integers.last]]),
    ['addresses', shape.addresses, ''],
    ['country', shape.country ?? 'not known', ''],
    ['said', shape.permission ?? 'nothing of exactly this range', ''],
  ];
  return { text: table(session.screen, [{ head: '' }, { head: '' }, { head: '' }], rows), json: shape };
}

const COLUMNS: readonly Column[] = [
  ...[{ head: 'FIRST' }, { head: 'LAST' }, { head: 'COUNTRY' }, { head: 'SAID' }, { head: 'BY' }, { head: 'SINCE' }],
  { head: 'NOTE', wraps: true },
];

async function list(session: Session): Promise<Outcome> {
  const ranges = await (await session.operations()).rangeList({});
  const { colours } = session.screen;
  const rows = ranges.map(({ first, last, country, permission, by, at, note }): Cell[] => [
    ...[first, last, country ?? '-'],
    { text: permission ?? '-', paint: permission === 'deny' ? colours.red : colours.green },
    ...[by ?? '-', at === null ? '-' : session.times().moment(at), note ?? ''],
  ]);
  return { text: table(session.screen, COLUMNS, rows), json: ranges };
}
