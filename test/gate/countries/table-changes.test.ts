/** What a change of the tables leads to, when several come at once, or one fails in the middle. */
import type { CountryRules } from '../../../src/domain/country';
import { tableChanges } from '../../../src/gate/countries/table-changes';
import type { Parts } from '../../../src/gate/parts';
import type { StrangerWatch } from '../../../src/gate/strangers/stranger-watch';

const [OURS, THEIRS] = [
  { by: 'root', from: 'command' },
  { by: 'Tollgate', from: 'another PBX' },
];
const permitted = (...countries: string[]): CountryRules => ({
  countries: countries.map((country) => ({ country, permission: 'permit', by: 'x', at: new Date(0) })),
  ranges: [],
});

let rules: CountryRules;
let idle: string | undefined;
let steps: unknown[];
/** What holds up, or fails, the next that is to be let go. */
let next: Promise<void>;
const changes = () => {
  const step = (what: unknown) => {
    steps.push(what);
    return Promise.resolve();
  };
  const strangers: Partial<StrangerWatch> = {
    forgive: async (cause) => {
      await step(cause);
      await next;
    },
    catchUp: () => step('looked who is a stranger'),
  };
  const parts = {
    store: { countryRules: () => Promise.resolve(rules) },
    countries: { reload: () => step('judged'), now: () => ({ idle }) },
    services: [],
  };
  const tellKernel = () => step('told the kernel');
  return tableChanges(parts as unknown as Parts, { strangers: strangers as StrangerWatch, tellKernel });
};
beforeEach(() => {
  [rules, idle, steps, next] = [permitted('US'), undefined, [], Promise.resolve()];
});

/** As it is a while after a start. */
const begun = async () => {
  const tables = changes();
  await tables.begin();
  await tables.finish();
  steps = [];
  return tables;
};
const asNoted = (noted: CountryRules) => () => Promise.resolve(void (rules = noted));
const nothing = () => Promise.resolve();

it('one that is being made and brought in is not brought in once more as that of another PBX', async () => {
  const tables = await begun();
  let goOn = (): void => undefined;
  let noted = (): void => undefined;
  next = new Promise((resolve) => (goOn = resolve));
  const isNoted = new Promise<void>((resolve) => (noted = resolve));
  const work = async () => {
    rules = permitted('US', 'DE');
    await isNoted; // the store has it, and whoever asked has not been told yet
    return 'permitted';
  };
  const done = [tables.change(work, OURS), tables.follow()];
  await new Promise(setImmediate);
  expect(steps).toEqual([]);
  noted();
  await new Promise(setImmediate);
  goOn();
  expect(await Promise.all(done)).toEqual(['permitted', undefined]);
  expect(steps).toEqual(['judged', OURS, 'looked who is a stranger']);
});

it('one that could not be made is not brought in', async () => {
  const tables = await begun();
  await expect(tables.change(() => Promise.reject(new Error('no such country')), OURS)).rejects.toThrow('no such');
  await tables.follow();
  expect(steps).toEqual([]);
});

it('one that failed in the middle is brought in again, and another one that came behind it too', async () => {
  const tables = await begun();
  next = Promise.reject(new Error('the kernel is away'));
  next.catch(() => undefined);
  const failed = tables.change(asNoted(permitted('US', 'DE')), OURS);
  const behind = tables.follow();
  await expect(failed).rejects.toThrow('away');
  await expect(behind).rejects.toThrow('away');
  [steps, next] = [[], Promise.resolve()];
  await tables.follow();
  await tables.follow();
  expect(steps).toEqual(['judged', OURS, 'looked who is a stranger']);
});

it('a new table that failed in the middle is brought in again, although the word about it is the same', async () => {
  const tables = await begun();
  next = Promise.reject(new Error('the kernel is away'));
  await expect(tables.change(nothing, OURS)).rejects.toThrow('away');
  [steps, next] = [[], Promise.resolve()];
  await tables.follow();
  await tables.follow();
  expect(steps).toEqual(['judged', OURS, 'looked who is a stranger']);
});

it('one that is only noted yet is not finished, and one that failed in the middle is, once', async () => {
  const tables = await begun();
  rules = permitted('US', 'DE');
  await tables.finish();
  expect(steps).toEqual([]);
  next = Promise.reject(new Error('the kernel is away'));
  await expect(tables.change(nothing, OURS)).rejects.toThrow('away');
  [steps, next] = [[], Promise.resolve()];
  await tables.finish();
  await tables.finish();
  expect(steps).toEqual(['judged', OURS, 'looked who is a stranger']);
});

it('one that an earlier process did not bring to its end is, once, after a start', async () => {
  const tables = changes();
  await tables.begin();
  expect(steps).toEqual(['judged']);
  await tables.finish();
  await tables.finish();
  expect(steps).toEqual(['judged', 'judged', { by: 'Tollgate', from: 'start' }, 'looked who is a stranger']);
});

it('after a start without data nobody is let go, until there are some', async () => {
  const tables = changes();
  idle = 'there are no country data yet';
  await tables.begin();
  steps = [];
  await tables.finish();
  await tables.follow();
  expect(steps).toEqual([]);
  idle = undefined;
  await tables.follow();
  expect(steps).toEqual([]);
  await tables.finish();
  expect(steps).toEqual(['judged', { by: 'Tollgate', from: 'start' }, 'looked who is a stranger']);
});

it('one of another PBX is brought in as such', async () => {
  const tables = await begun();
  rules = permitted('US', 'DE');
  await tables.follow();
  expect(steps).toEqual(['judged', THEIRS, 'looked who is a stranger']);
});
