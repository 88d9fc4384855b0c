/** tollgate country: where people and providers may be. */
import type { Command } from 'commander';
import type { CountryChangeShape, CountryShape } from '../domain/country-shapes';
import type { Act } from './act';
import { addCountryRefresh } from './country-refresh';
import { given } from './given';
import { changing, type DryRun } from './options';
import { outsideText } from './outside-text';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';
import { table, type Cell, type Column } from './table';

const SAYS = [
  ['permit', 'countryPermit', 'let calls and registrations in from these countries', 'permitted'],
  ['deny', 'countryDeny', 'make everybody in these countries a stranger, whatever else is permitted', 'denied'],
  ['forget', 'countryForget', 'neither permit nor deny these countries any more', 'neither permitted nor denied'],
] as const;

export function addCountry(program: Command, act: Act): void {
  const country = program.command('country').description('the countries that people and providers may be in');
  for (const [name, operation, description, said] of SAYS) {
    const command = country.command(name).description(description);
    changing(command.argument('<letters...>', 'two letters each, as US CA')).action(
      act(async (session: Session, countries: readonly string[], { dryRun }: DryRun): Promise<Outcome> => {
        const operations = await session.operations();
        const shape = await operations[operation]({ countries, by: session.by, ...given({ dryRun }) });
        return { text: changeText(session, shape, said, dryRun === true), json: shape };
      }),
    );
  }
  country
    .command('list')
    .description('the countries that are permitted or denied, with their ranges and addresses')
    .option('--all', 'every country that the data know')
    .action(act(list));
  country
    .command('lookup')
    .description('the country of an address, and whether it is a stranger')
    .argument('<address>', 'address')
    .action(act(lookup));
  addCountryRefresh(country, act);
}

function changeText(session: Session, shape: CountryChangeShape, said: string, dryRun: boolean): string {
  const names = shape.changed.map(({ country, name }) => `${country} (${name})`).join(', ');
  const [one, more] = dryRun ? ['would be', 'would be'] : ['is', 'are'];
  const unknown = shape.changed.filter(({ ranges }) => ranges.ipv4 + ranges.ipv6 === 0).map(({ country }) => country);
  return lines(
    say`${names} ${shape.changed.length === 1 ? one : more} ${said}.`,
    unknown.length > 0 ? say`The data know no range of ${unknown.join(', ')}.` : undefined,
    outsideText(session, shape, dryRun),
    dryRun ? 'Nothing was changed.' : undefined,
  );
}

const COLUMNS: readonly Column[] = [
  ...[{ head: 'COUNTRY' }, { head: 'NAME', wraps: true }, { head: 'SAID' }, { head: 'IPV4 RANGES' }],
  ...[{ head: 'ADDRESSES' }, { head: 'IPV6 RANGES' }],
];

async function list(session: Session, { all }: { readonly all?: boolean }): Promise<Outcome> {
  const countries = await (await session.operations()).countryList({ ...given({ all }) });
  if (countries.length === 0) {
    const text = lines('No country is permitted or denied.', '  → tollgate country permit US CA');
    return { text: all ? lines('There are no country data.', '  → tollgate country refresh') : text, json: countries };
  }
  return {
    text: table(
      session.screen,
      COLUMNS,
      countries.map((each) => row(session, each)),
    ),
    json: countries,
  };
}

function row({ screen: { colours } }: Session, shape: CountryShape): Cell[] {
  const said: Cell =
    shape.permission === null
      ? '-'
      : { text: shape.permission, paint: shape.permission === 'permit' ? colours.green : colours.red };
  const number = (amount: number) => amount.toLocaleString('en');
  const { ipv4, ipv6 } = shape.ranges;
  return [shape.country, shape.name, said, number(ipv4), number(shape.addresses), number(ipv6)];
}

async function lookup(session: Session, what: string): Promise<Outcome> {
  const shape = await (await session.operations()).countryLookup({ what });
  const { colours } = session.screen;
  const verdict: Cell = shape.stranger ? { text: 'yes', paint: colours.red } : { text: 'no', paint: colours.green };
  const yes = (is: boolean) => (is ? 'yes' : 'no');
  const rows: Cell[][] = [
    ['address', shape.address],
    ['as a number', shape.integer],
    ['country', shape.country ?? 'not known'],
    ['permitted', yes(shape.permit)],
    ['denied', yes(shape.deny)],
    ['a stranger', verdict],
  ];
  return { text: table(session.screen, [{ head: '' }, { head: '' }], rows), json: shape };
}
