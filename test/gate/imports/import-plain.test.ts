import fc from 'fast-check';
import { entry as shape } from '../../cli/fake-world';
import { plainLine } from '../../../src/cli/list';
import type { EntryShape, ImportShape } from '../../../src/domain/shapes';
import { AppError } from '../../../src/errors';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const DAY = 86_400_000;

let gate: TestGate;
let firewall: MemoryFirewall;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  await gate.operations.init({ by });
});
afterEach(() => gate.close());

const apply = (text: string) => gate.operations.importPlain({ by, text });
const propose = (text: string) => gate.operations.importPlain({ by, text, dryRun: true });
const diff = ({ proposals }: ImportShape) => proposals.map(({ state, what }) => `${state} ${what}`);
const sip = () => firewall.held().filter((member) => /^(sip|block)/.test(member));
const listed = async () => (await gate.operations.list({})).map(({ what, origin }) => `${what} ${origin ?? 'person'}`);
const plain = async () => (await gate.operations.list({})).map(plainLine).join('\n');
const journal = async () => (await gate.operations.log({ limit: 200 })).map(({ action, what }) => `${action} ${what}`);

it('shows what it would do, and changes nothing', async () => {
  const shown = await propose('192.0.2.7 # office\n192.0.2.10-20\n');
  expect(shown).toMatchObject({ origin: 'plain', applied: false });
  expect(diff(shown)).toEqual(['new 192.0.2.7', 'new 192.0.2.10-192.0.2.20']);
  expect(shown.proposals[0]).toMatchObject({ why: 'line 1', services: ['phone'] });
  expect(await listed()).toEqual([]);
});

it('lets in what the list says, and has nothing left to do', async () => {
  const list =
    '192.0.2.7 # office\n192.0.2.10-20\n7\t192.0.2.30\tsip,ssh\troot\t\tforever\tactive\tdesk\n8\t203.0.113.9\t-\troot\t\t\tblocked\n';
  const applied = await apply(list);
  expect(applied.applied).toBe(true);
  expect(applied.proposals.every(({ entry }) => entry !== null)).toBe(true);
  expect(await listed()).toEqual(
    ['192.0.2.7', '192.0.2.10-192.0.2.20', '192.0.2.30', '203.0.113.9'].map((what) => `${what} plain`),
  );
  expect(sip()).toContain('block 203.0.113.9');
  expect((await gate.operations.list({})).find(({ what }) => what === '192.0.2.30')).toMatchObject({
    name: 'desk',
    services: ['sip', 'ssh'],
  });
  expect((await gate.operations.list({})).find(({ what }) => what === '192.0.2.7')).toMatchObject({ note: 'office' });
  const lines = await journal();
  expect(new Set((await apply(list)).proposals.map(({ state }) => state))).toEqual(new Set(['same']));
  expect(await journal()).toEqual(lines);
});

it('takes away what the list no longer has, and nothing that a person let in', async () => {
  await gate.operations.allow({ by, what: '192.0.2.1' });
  await apply('192.0.2.7\n192.0.2.8\n192.0.2.10-20\n192.0.2.1\n');
  const shown = await apply('192.0.2.8\n');
  expect(diff(shown)).toEqual(['same 192.0.2.8', 'gone 192.0.2.7', 'gone 192.0.2.10-192.0.2.20']);
  expect(await listed()).toEqual(['192.0.2.1 person', '192.0.2.8 plain']);
  expect(sip()).toEqual(['sip 192.0.2.1', 'sip 192.0.2.8']);
  expect(await journal()).toEqual(expect.arrayContaining(['revoke 192.0.2.7', 'revoke 192.0.2.10-192.0.2.20']));
  expect(gate.asterisk.asked).toContain('hangUp 192.0.2.7');
});

it('changes what it brought: its services, its end, its name', async () => {
  await apply('-\t192.0.2.7\tsip\n-\t192.0.2.10-20\tsip\n');
  const until = new Date(gate.clock.now().getTime() + DAY).toISOString();
  const shown = await apply(`-\t192.0.2.7\tssh\n-\t192.0.2.10-20\tsip\troot\t\t${until}\tactive\tdesks\n`);
  expect(diff(shown)).toEqual(['changed 192.0.2.7', 'changed 192.0.2.10-192.0.2.20']);
  expect(await gate.operations.list({})).toMatchObject([
    { what: '192.0.2.7', services: ['ssh'] },
    { what: '192.0.2.10-192.0.2.20', until, name: 'desks' },
  ]);
  expect(sip()).not.toContain('sip 192.0.2.7');
});

it('brings back what was revoked: the list says what is to be there', async () => {
  await apply('192.0.2.7');
  await gate.operations.revoke({ by, what: '192.0.2.7' });
  expect(diff(await apply('192.0.2.7'))).toEqual(['new 192.0.2.7']);
});

it('does not touch what a person let in for a while, and brings its own for good', async () => {
  await gate.operations.allow({ by, what: '192.0.2.7', seconds: 60 });
  expect(diff(await apply('192.0.2.7'))).toEqual(['new 192.0.2.7']);
  await gate.clock.advance(61_000);
  await gate.tick();
  expect(await listed()).toEqual(['192.0.2.7 plain']);
});

it('tells every line that cannot be, and does nothing at all', async () => {
  const list = '192.0.2.7\n192.0.2.300\n-\t192.0.2.8\tspi\n0.0.0.0/0\n192.0.2.1 192.0.2.2\n';
  const fault = await apply(list).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(AppError);
  const { code, what } = fault as AppError;
  expect(code).toBe('MISUSED');
  expect(what.split('\n').slice(1)).toEqual([
    expect.stringMatching(/^line 2: "192\.0\.2\.300" is no address/),
    expect.stringMatching(/^line 3: there is no service "spi"/),
    'line 4: 0.0.0.0/0 is wider than /8',
    expect.stringMatching(/^line 5: .*more than one address/),
  ]);
  expect(await listed()).toEqual([]);
});

it('does not let the whole Internet in line by line', async () => {
  await expect(apply('16.0.0.0/8\n17.0.0.0/8\n')).rejects.toThrow('/8');
  expect(await listed()).toEqual([]);
});

it('takes a line that is said twice once, and leaves out what has ended', async () => {
  const shown = await apply('192.0.2.7\n192.0.2.7 # again\n-\t192.0.2.8\tsip\troot\t\t2001-01-01\n');
  expect(diff(shown)).toEqual(['new 192.0.2.7', 'same 192.0.2.7', 'same 192.0.2.8']);
  expect(await listed()).toEqual(['192.0.2.7 plain']);
});

it('leaves what a traveller opened to the telephone', async () => {
  await gate.operations.accountAdd({ by, number: '12', name: 'Ann', email: 'ann@example.com', pin: '73914628' });
  const caller = { number: '14045551212', channel: 'PJSIP/carrier-1' };
  const traveller = await gate.doorkeeper.identify('12', '73914628', caller);
  if (!traveller) throw new Error('the PIN is right');
  await gate.doorkeeper.open(traveller, address('198.51.100.77'), caller);
  const list = await plain();
  await gate.doorkeeper.closeAll(traveller, caller);
  expect(diff(await apply(list))).toEqual(['same 198.51.100.77']);
  expect(await listed()).toEqual([]);
});

it('has nothing to do for what list --plain prints, whatever is open', async () => {
  const services = fc.constantFrom(['phone'], ['sip', 'ssh'], ['all'], ['rtp']);
  const what = fc.constantFrom(
    '192.0.2.7',
    '192.0.2.0/25',
    '192.0.2.10-20',
    '2001:db8::1',
    '2001:db8::10-1f',
    '198.51.100.0/24',
  );
  const more = fc.record({
    seconds: fc.constantFrom(undefined, 3600),
    name: fc.constantFrom(undefined, 'desk', 'Zoë\t"x"\n\u001b[31m', ' spaced '),
    origin: fc.constantFrom(undefined, 'plain', 'freepbx'),
  });
  const step = fc.tuple(fc.constantFrom('allow', 'allow', 'block'), what, services, more);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      for (const [verb, text, names, { seconds, name, origin }] of steps) {
        const asked = {
          by,
          what: text,
          ...(seconds !== undefined && { seconds }),
          ...(origin !== undefined && { origin }),
        };
        if (verb === 'block') await gate.operations.block(asked);
        else await gate.operations.allow({ ...asked, services: names, ...(name !== undefined && { name }) });
      }
      const before = await gate.operations.list({});
      // a name that was typed with control characters is printed without them, and is then the list's own word
      const isPlain = ({ origin, name }: EntryShape) =>
        origin === 'plain' && name !== null && /[^ -~ë]|^ | $/.test(name);
      const strange = before.filter(isPlain).length;
      const states = (await propose(await plain())).proposals.map(({ state }) => state);
      expect(states.filter((state) => state !== 'same').length).toBeLessThanOrEqual(strange);
      for (const { id, kind } of before) {
        await gate.operations[kind === 'block' ? 'unblock' : 'revoke']({ by, what: `${id}` }).catch(() => undefined);
      }
    }),
    { numRuns: 12 },
  );
});

it('prints what a terminal can bear', () => {
  expect(plainLine(shape({ name: 'x\ty', note: '\u001b[31m' }))).toContain('\tx\\u0009y\t\\u001b[31m');
});
