/** Who keeps PINs with another pepper than the store's is told so before he refuses them all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock } from '../../src/clock';
import { readConfig } from '../../src/config';
import { holdToPepper } from '../../src/gate/travellers/pepper';
import { pinVault } from '../../src/gate/travellers/pin-vault';
import { startMariadb, type RunningMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';
import { prepareState, stateFolder } from '../../src/state-folder';
import { storePepper } from '../../src/store-pepper';
import { openStore } from '../../src/store/open';
import { openTollgate } from '../../src/tollgate';
import { describeAsRoot } from '../support/as-root';
import { fakeClock } from '../support/fake-clock';
import { memoryFirewall } from '../support/memory-firewall';
import { testGate } from '../support/test-gate';

const by = 'root';

/** Two PBXs with folders, and peppers, of their own; `database` is what both are told. */
function theirPepper(database: () => Promise<string>): void {
  let folder: string;
  let config: (pbx: string) => ReturnType<typeof readConfig>;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-pepper-'));
    const url = await database();
    config = (pbx) => {
      const state = join(folder, url === '' ? 'one' : pbx);
      prepareState(stateFolder(state), (bytes) => Buffer.alloc(bytes, pbx));
      return readConfig(`[store]\nstate = "${state}"\ndatabase = "${url}"\npbx = "${pbx}"\n`, {}, 'test.toml');
    };
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const world = {
    run: () => Promise.reject(new Error('nothing is run')),
    ...{ clock, log: () => undefined, random: (bytes: number) => Buffer.alloc(bytes) },
  };
  const start = async (pbx: string) => (await openTollgate(config(pbx), world)).close();
  /** A file of its own has one folder: there the pepper is lost and made anew. */
  const spoil = (pbx: string) => {
    const { pepper } = stateFolder(config(pbx).store.state);
    rmSync(pepper);
    prepareState(stateFolder(config(pbx).store.state), (bytes) => Buffer.alloc(bytes, 'x'));
  };

  it('is that of the first to start, at each start', async () => {
    expect(await storePepper(config('north'), { by }, clock)).toMatchObject({ ours: true, since: null });
    await start('north');
    await start('north');
    expect(await storePepper(config('north'), { by }, clock)).toMatchObject({
      ours: true,
      pbx: 'north',
      changed: false,
    });
  });

  it('is told of to whoever has another, with what to do, and his start changes nothing', async () => {
    await start('north');
    spoil('south');
    const refused = { code: 'CONFIG_INVALID', hint: expect.stringContaining('tollgate store pepper --ours') as string };
    for (let i = 0; i < 2; i++) await expect(start('south')).rejects.toMatchObject(refused);
    await expect(start('south')).rejects.toThrow(/another pepper than .*pepper: that of "north", since 20/);
  });

  it('can be said to be the other one, which the journal tells', async () => {
    await start('north');
    spoil('south');
    const asked = { ours: true, by };
    expect(await storePepper(config('south'), { ...asked, dryRun: true }, clock)).toMatchObject({ changed: true });
    await expect(start('south')).rejects.toThrow('another pepper');
    expect(await storePepper(config('south'), asked, clock)).toMatchObject({ ours: false, changed: true });
    await start('south');
    const tollgate = await openTollgate(config('south'), world);
    expect((await tollgate.gate.operations.log({ limit: 9 })).at(-1)).toMatchObject({ action: 'pepper', by });
    await tollgate.close();
  });
}

describe('the pepper of PINs in a file', () => theirPepper(() => Promise.resolve('')));

describeAsRoot('the pepper of PINs in a database that PBXs share', () => {
  let server: RunningMariadb;
  let databases = 0;
  let url: string;
  beforeAll(async () => {
    server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
  });
  afterAll(() => server.close());
  const database = async () => {
    await server.sql(`CREATE DATABASE pepper_${++databases}`);
    return (url = `mysql://root@localhost/pepper_${databases}?socket=${server.socketPath}`);
  };
  theirPepper(database);

  it('is one, also when all start at once for the first time', async () => {
    await database();
    const names = ['north', 'south', 'east'];
    const stores = [];
    for (const pbx of names) stores.push(await openStore({ kind: 'mariadb', url, clock, pbx }));
    const starts = await Promise.allSettled(
      stores.map((store, i) => holdToPepper({ store, clock, vault: { mark: names[i] ?? '' } }, 'pepper')),
    );
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const store of stores) await store.close();
  });

  it('is told of by the status of a PBX that has run on with another', async () => {
    await database();
    const open = () => openStore({ kind: 'mariadb', url, clock, pbx: 'north' });
    const gate = await testGate(memoryFirewall, undefined, { open, sharedAs: 'north' });
    const part = async () => (await gate.operations.status({})).parts.find(({ name }) => name === 'database');
    expect(await part()).toMatchObject({ state: 'ok' });
    await gate.store.savePepperMark(pinVault(Buffer.from('x'), () => Buffer.alloc(1)).mark, fakeClock().now());
    expect(await part()).toMatchObject({
      state: 'fail',
      detail: expect.stringContaining('another pepper than this PBX\'s: that of "north"') as string,
    });
    await gate.close();
  });
});
