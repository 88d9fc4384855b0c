/** FreePBX's rows held against what is open: what is let in, taken away, told, and left alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock } from '../../../src/clock';
import type { ExchangeTables, Setting, Trunk } from '../../../src/domain/exchange';
import { openGate } from '../../../src/gate/gate';
import { openStore } from '../../../src/store/open';
import { memoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

let gate: TestGate;
afterEach(() => gate.close());

const trunk = (id: number, name: string, more: Partial<Trunk> = {}): Trunk => ({
  ...{ id, name, tech: 'pjsip', isDisabled: false, ...more },
});
const row = (id: string | number, keyword: string, data: string, table: Setting['table'] = 'pjsip'): Setting => ({
  ...{ table, id: String(id), keyword, data },
});
const tables = (...settings: Setting[]): ExchangeTables => ({
  trunks: [trunk(1, 'north'), trunk(2, 'south'), trunk(3, 'branch', { tech: 'iax' })],
  devices: [{ id: '201', tech: 'pjsip', description: 'Ann' }],
  settings,
});
const BOTH = [row(1, 'match', '198.51.100.1,198.51.100.0/28'), row('tr-peer-3', 'host', '2001:db8:3::1', 'iax')];

async function open(settings = '', ...rows: Setting[]): Promise<void> {
  gate = await testGate(memoryFirewall, `[call]\nallow_documentation_addresses = true\n${settings}`);
  gate.freepbx.tables = tables(...rows);
}
const importIt = (dryRun = false) => gate.operations.importFreepbx({ by: 'root', ...(dryRun && { dryRun }) });
const proposed = async (dryRun = true) =>
  (await importIt(dryRun)).proposals.map(
    ({ state, what, services, why }) => `${state} ${what} ${services.join('+')}: ${why}`,
  );
const listed = async () =>
  (await gate.operations.list({})).map(
    ({ what, services, origin, by }) => `${what} ${services.join('+')} ${origin} ${by}`,
  );

describe('import freepbx', () => {
  it('shows each line with its reason first, and changes nothing', async () => {
    await open('', ...BOTH);
    expect(await proposed()).toEqual([
      'new 198.51.100.1 rtp+sip: trunk 1 "north": match',
      'new 198.51.100.0/28 rtp+sip: trunk 1 "north": match',
      'new 2001:db8:3::1 iax: trunk 3 "branch": host',
    ]);
    expect(await listed()).toEqual([]);
  });

  it('lets in what it showed, and again it changes nothing', async () => {
    await open('', ...BOTH);
    await importIt();
    expect(await listed()).toEqual([
      '198.51.100.1 rtp+sip freepbx root',
      '198.51.100.0/28 rtp+sip freepbx root',
      '2001:db8:3::1 iax freepbx root',
    ]);
    const journal = (await gate.operations.log({ limit: 100 })).length;
    expect((await importIt()).proposals.map(({ state }) => state)).toEqual(['same', 'same', 'same']);
    expect(await gate.operations.log({ limit: 100 })).toHaveLength(journal);
  });

  it('run again changes only what changed, and takes away only what it brought', async () => {
    await open('', ...BOTH);
    await gate.operations.allow({ what: '203.0.113.7', by: 'ann' });
    await importIt();
    gate.freepbx.tables = tables(row(1, 'match', '198.51.100.1'), row(2, 'match', '203.0.113.20'));
    expect(await proposed(false)).toEqual([
      'same 198.51.100.1 rtp+sip: trunk 1 "north": match',
      'new 203.0.113.20 rtp+sip: trunk 2 "south": match',
      'gone 198.51.100.0/28 rtp+sip: import freepbx brought it and no longer has it',
      'gone 2001:db8:3::1 iax: import freepbx brought it and no longer has it',
    ]);
    expect(await listed()).toEqual([
      '203.0.113.7 phone null ann',
      '198.51.100.1 rtp+sip freepbx root',
      '203.0.113.20 rtp+sip freepbx root',
    ]);
  });

  it('never touches what a person let in, and says where that covers it already', async () => {
    await open('', row(1, 'match', '198.51.100.1,198.51.100.2'));
    await gate.operations.allow({ what: '198.51.100.0/24', by: 'ann' });
    await gate.operations.allow({ what: '198.51.100.2', services: ['sip', 'rtp'], by: 'ben' });
    expect(await proposed(false)).toEqual([
      expect.stringMatching(/^new 198\.51\.100\.1 .*: match; entry \d+ by ann lets it in already$/),
      expect.stringMatching(/^same 198\.51\.100\.2 .*: match; entry \d+ by ben lets it in already$/),
    ]);
    gate.freepbx.tables = tables();
    await importIt();
    expect(await listed()).toEqual(['198.51.100.0/24 phone null ann', '198.51.100.2 sip+rtp null ben']);
  });

  it('ends what Tollgate itself had blocked of it, with a line for each; what a person blocked stays', async () => {
    await open('', ...BOTH, row(2, 'sip_server', 'sip.south.example'));
    gate.names.set('sip.south.example', { A: ['203.0.113.40'] });
    const itself = { by: 'Tollgate', origin: 'attack' };
    for (const what of ['198.51.100.1', '2001:db8:3::/64', '203.0.113.40', '203.0.113.41']) {
      await gate.operations.block({ what, ...itself });
    }
    await gate.operations.block({ what: '198.51.100.0/30', by: 'ann' });
    await importIt();
    const blocks = (await gate.operations.list({})).flatMap(({ kind, what }) => (kind === 'block' ? [what] : []));
    expect(blocks).toEqual(['203.0.113.41', '198.51.100.0/30']);
    const told = (await gate.operations.log({ limit: 100 })).filter(({ action }) => action === 'unblock');
    expect(told.map(({ what, by, why }) => `${what} ${by} ${why}`).sort()).toEqual([
      '198.51.100.1 root Import freepbx lets it in.',
      '2001:db8:3::/64 root Import freepbx lets it in.',
      '203.0.113.40 root Import freepbx lets it in.',
    ]);
  });

  it('follows names, and one that DNS does not know keeps out no other', async () => {
    await open(
      '',
      row(1, 'sip_server', 'sip.north.example'),
      row(2, 'sip_server', 'sip.south.example'),
      row(2, 'match', '198.51.100.2'),
    );
    gate.names.set('sip.south.example', { A: ['203.0.113.40'] });
    const { proposals } = await importIt();
    expect(proposals.map(({ state, what }) => `${state} ${what}`)).toEqual([
      'refused sip.north.example',
      'new sip.south.example',
      'new 198.51.100.2',
    ]);
    const part = (await gate.operations.status({})).parts.find((each) => each.name === 'freepbx');
    expect(part?.detail).toMatch(
      /^new: sip\.north\.example \(trunk 1 "north": sip_server: there is no name .* in DNS\)$/,
    );
    const [name] = await gate.operations.list({});
    expect(name).toMatchObject({
      kind: 'name',
      what: 'sip.south.example',
      addresses: ['203.0.113.40'],
      origin: 'freepbx',
    });
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['alone', [], ['203.0.113.41']],
    ['besides addresses of its own', ['203.0.113.40'], ['203.0.113.40', '203.0.113.41']],
  ])('lets in where the SRV records of a trunk’s name lead, %s', async (_, A, addresses) => {
    await open('', row(1, 'sip_server', 'sip.north.example'));
    gate.names.set('sip.north.example', { A });
    gate.names.set('_sip._tcp.sip.north.example', { SRV: ['edge.north.example'] });
    gate.names.set('edge.north.example', { A: ['203.0.113.41'] });
    expect((await importIt()).proposals.map(({ state, what }) => `${state} ${what}`)).toEqual([
      'new sip.north.example',
    ]);
    expect(await gate.operations.list({})).toMatchObject([{ what: 'sip.north.example', addresses }]);
  });

  it('closes nothing while DNS does not answer for a name that may stand for it', async () => {
    await open('', row(1, 'match', '198.51.100.1'));
    await importIt();
    gate.freepbx.tables = tables(row(1, 'sip_server', 'sip.north.example'));
    gate.names.fail('no server answers');
    const { proposals } = await importIt();
    expect(proposals.map(({ state, what }) => `${state} ${what}`)).toEqual([
      'refused sip.north.example',
      'refused 198.51.100.1',
    ]);
    expect(await listed()).toEqual(['198.51.100.1 rtp+sip freepbx root']);
    gate.names.fail(undefined);
    gate.names.set('sip.north.example', { A: ['198.51.100.9'] });
    await importIt();
    expect(await listed()).toEqual(['sip.north.example rtp+sip freepbx root']);
  });

  it.each<[string, (gate: TestGate) => void]>([
    ['is away', (one) => void (one.freepbx.isDown = true)],
    ['is empty', (one) => void (one.freepbx.tables = { trunks: [], devices: [], settings: [] })],
    ['is not there', (one) => void (one.freepbx.tables = undefined)],
  ])('changes nothing when FreePBX %s', async (_, spoil) => {
    await open('', ...BOTH);
    await importIt();
    spoil(gate);
    await expect(importIt()).rejects.toMatchObject({ code: 'EXCHANGE_FAILED' });
    await gate.clock.advance(2 * 3600 * 1000);
    await gate.compareExchange();
    expect(await listed()).toHaveLength(3);
  });
});

describe('what a person revoked of it', () => {
  const revoke = (what: string) => gate.operations.revoke({ by: 'ann', what });
  const states = async (dryRun = false) =>
    (await importIt(dryRun)).proposals.map(({ state, what }) => `${state} ${what}`);

  it('stays closed, says who closed it, and is open again when somebody asks for it', async () => {
    await open('', ...BOTH);
    await importIt();
    await revoke('198.51.100.1');
    const { proposals } = await importIt(true);
    expect(proposals[0]).toMatchObject({
      state: 'revoked',
      why: expect.stringMatching(
        /^trunk 1 "north": match; revoked by ann on 20\d\d-\d\d-\d\dT\d\d:\d\dZ and left out$/,
      ) as string,
      hint: 'to have it back: tollgate allow 198.51.100.1',
    });
    expect(await states()).toEqual(['revoked 198.51.100.1', 'same 198.51.100.0/28', 'same 2001:db8:3::1']);
    expect(await listed()).toHaveLength(2);
    await gate.operations.allow({ by: 'ann', what: '198.51.100.1' });
    expect((await importIt(true)).proposals[0]?.why).toMatch(/left out; entry \d+ by ann lets it in already$/);
    expect(await listed()).toContain('198.51.100.1 phone null ann');
  });

  it('is the import’s own again when the revoke is undone', async () => {
    await open('', ...BOTH);
    await importIt();
    await revoke('198.51.100.1');
    const line = (await gate.operations.log({ limit: 100 })).find(({ action }) => action === 'revoke');
    await gate.operations.undo({ by: 'ann', id: line?.id ?? 0 });
    expect(await states()).toContain('same 198.51.100.1');
    gate.freepbx.tables = tables(BOTH[1] as Setting);
    expect(await states()).toContain('gone 198.51.100.1');
    gate.freepbx.tables = tables(...BOTH);
    expect(await states()).toContain('new 198.51.100.1'); // FreePBX itself had taken it away
  });

  it('stays closed when it is a name, when the line that opened it is undone, and on other services', async () => {
    gate = await testGate(memoryFirewall);
    gate.names.set('sip.south.example', { A: ['203.0.113.40'] });
    gate.freepbx.tables = tables(
      row(2, 'sip_server', 'sip.south.example'),
      row('tr-peer-3', 'host', '198.51.100.9', 'iax'),
    );
    await importIt();
    await revoke('sip.south.example');
    const line = (await gate.operations.log({ limit: 100 })).find(({ what }) => what === '198.51.100.9');
    await gate.operations.undo({ by: 'ann', id: line?.id ?? 0 });
    gate.freepbx.tables = tables(row(2, 'sip_server', 'sip.south.example'), row(1, 'match', '198.51.100.9'));
    expect(await states()).toEqual(['revoked sip.south.example', 'revoked 198.51.100.9']);
    expect(await listed()).toEqual([]);
  });

  it('is neither told of nor let in by the hourly comparison', async () => {
    await open('[import]\nfreepbx = "auto"', ...BOTH);
    await importIt();
    await revoke('198.51.100.1');
    await gate.clock.advance(3_600_000);
    await gate.compareExchange();
    expect(gate.notices.filter(({ kind }) => kind === 'exchange')).toEqual([]);
    expect(await listed()).toHaveLength(2);
    const part = (await gate.operations.status({})).parts.find(({ name }) => name === 'freepbx');
    expect(part).toMatchObject({
      state: 'ok',
      detail: 'all of its 3 far ends are let in, but for 1 that people revoked',
    });
  });
});

it('in a shared database takes away nothing that another PBX has brought', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-import-'));
  const on = (pbx: string) => async () => openStore({ kind: 'sqlite', file: join(folder, 'shared.db'), clock, pbx });
  for (const pbx of ['there', 'here']) {
    gate = await testGate(memoryFirewall, undefined, { open: on(pbx), sharedAs: pbx });
    gate.freepbx.tables = tables(row(1, 'match', pbx === 'there' ? '198.51.100.8' : '198.51.100.9'));
    await importIt();
    if (pbx === 'there') await gate.close();
  }
  const both = (await gate.operations.list({})).map(({ what, pbx }) => `${what} ${pbx}`);
  expect(both).toEqual(['198.51.100.8 there', '198.51.100.9 here']);
  gate.freepbx.tables = tables();
  expect(await proposed()).toEqual([expect.stringMatching(/^gone 198\.51\.100\.9 /)]);
  rmSync(folder, { recursive: true });
});

describe('the hourly comparison', () => {
  const compare = async (seconds = 3600) => {
    await gate.clock.advance(seconds * 1000);
    await gate.compareExchange();
  };
  const told = () => gate.notices.flatMap((notice) => (notice.kind === 'exchange' ? [notice] : []));
  const part = async () => (await gate.operations.status({})).parts.find(({ name }) => name === 'freepbx');

  it('tells what is new once, also after a restart, and shows it as long as it lasts', async () => {
    await open('', ...BOTH.slice(1));
    await compare();
    await compare();
    await openGate(gate.parts, () => Promise.resolve([])).compareExchange();
    expect(gate.freepbx.asked).toHaveLength(3);
    expect(told()).toEqual([
      {
        kind: 'exchange',
        applied: false,
        lines: [expect.objectContaining({ state: 'new', what: '2001:db8:3::1', why: 'trunk 3 "branch": host' })],
      },
    ]);
    expect(await part()).toMatchObject({
      state: 'warn',
      detail: 'new: 2001:db8:3::1 (trunk 3 "branch": host)',
      hint: 'tollgate import freepbx --apply',
    });
    gate.freepbx.tables = tables(...BOTH.slice(1), row(2, 'match', '203.0.113.20'));
    await compare();
    expect(
      told()
        .slice(1)
        .map(({ lines }) => lines.map(({ what }) => what)),
    ).toEqual([['203.0.113.20']]);
    await importIt();
    expect(await part()).toMatchObject({ state: 'ok', detail: 'all of its 2 far ends are let in' });
    await compare();
    expect(told()).toHaveLength(2);
    expect(await listed()).toHaveLength(2);
  });

  it('looks once an hour, and sooner while FreePBX is away', async () => {
    await open();
    await compare();
    await compare(3599);
    expect(gate.freepbx.asked).toHaveLength(1);
    gate.freepbx.isDown = true;
    await compare(1);
    expect(await part()).toMatchObject({
      state: 'warn',
      detail: expect.stringContaining('nothing was changed: the database is away') as string,
    });
    await compare(299);
    expect(gate.freepbx.asked).toHaveLength(2);
    await compare(1);
    expect(gate.freepbx.asked).toHaveLength(3);
    expect(gate.logged.filter((line) => line.startsWith('freepbx not compared'))).toHaveLength(1);
  });

  it('lets in by itself what is new and takes away what it brought, if it is told to, and says so', async () => {
    await open('[import]\nfreepbx = "auto"', ...BOTH);
    await compare();
    expect(await listed()).toHaveLength(3);
    expect(told()).toMatchObject([{ applied: true, lines: [{ state: 'new' }, { state: 'new' }, { state: 'new' }] }]);
    gate.freepbx.tables = tables(...BOTH.slice(1));
    await compare();
    expect(told()[1]).toMatchObject({ applied: true, lines: [{ state: 'gone' }, { state: 'gone' }] });
    expect(await listed()).toEqual(['2001:db8:3::1 iax freepbx freepbx']);
    expect(await part()).toMatchObject({ state: 'ok' });
  });

  it('is not there when it is off, and where there is no FreePBX', async () => {
    await open('[import]\nfreepbx = "off"', ...BOTH);
    await compare();
    expect([gate.freepbx.asked, await part()]).toEqual([[], undefined]);
    await gate.close();
    await open();
    gate.freepbx.tables = undefined;
    await compare();
    expect([gate.freepbx.asked, await part(), told()]).toEqual([[undefined], undefined, []]);
  });
});

describe('import asterisk', () => {
  it('lets in what Asterisk knows, beside what came from FreePBX', async () => {
    await open('', row(1, 'match', '198.51.100.1'));
    await importIt();
    gate.asterisk.knownNow = {
      mentions: [{ of: 'endpoint carrier', setting: 'match', value: '198.51.100.7', form: 'hosts', speaks: 'sip' }],
      leftOut: [{ of: 'pjsip.conf', why: 'may not be read' }],
    };
    const { proposals } = await gate.operations.importAsterisk({ by: 'root' });
    expect(proposals.map(({ state, what, why }) => `${state} ${what}: ${why}`)).toEqual([
      'new 198.51.100.7: endpoint carrier: match',
      'refused pjsip.conf: may not be read',
    ]);
    expect(await listed()).toEqual(['198.51.100.1 rtp+sip freepbx root', '198.51.100.7 rtp+sip asterisk root']);
    gate.asterisk.isDown = true;
    await expect(gate.operations.importAsterisk({ by: 'root' })).rejects.toMatchObject({ code: 'AMI_DOWN' });
  });
});
