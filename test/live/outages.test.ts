/** What Tollgate stands on goes away in the middle of calls and comes back: Asterisk, room on the disk, the database. */
import { once } from 'node:events';
import { chmodSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { connectControl } from '../../src/control/client';
import type { Operations } from '../../src/gate/operations';
import { startMariadb, type RunningMariadb } from '../../src/lab/mariadb';
import { ADDRESS } from '../../src/lab/stage';
import { MARIADB, tree } from '../../src/lab/trees';
import { run } from '../../src/run';
import { describeAsRoot } from '../support/as-root';
import { ANN, BOB, openHouse, type House } from '../support/house';
import { until } from '../support/until';

const { hotel } = ADDRESS;
const DIALLED = hotel.replaceAll('.', '*');

describeAsRoot('in the middle of calls', () => {
  let house: House;
  let state: string;
  beforeAll(async () => {
    house = await openHouse();
    state = house.stage.state;
    // The state moves to a disk that is soon full.
    await house.endDaemon('SIGTERM');
    await run('cp', ['-a', state, `${state}.moved`]);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0750', 'tmpfs', state]);
    await run('cp', ['-a', `${state}.moved/.`, state]);
    await house.startDaemon();
  });
  afterEach(() => house.tidy());
  afterAll(async () => {
    await house.endDaemon('SIGTERM');
    await run('umount', ['--lazy', state]);
    await house.close();
  });

  const stateOf = async (name: string) => {
    const client = await connectControl<Operations>(join(state, 'control.sock'));
    const status = await client?.calls.status({});
    client?.close();
    return status?.parts.find((part) => part.name === name)?.state;
  };
  const logged = (text: string) => house.daemonLog().split(text).length - 1;
  /** Connections of calls, at either end. */
  const agiConnections = async () =>
    (await house.stage.pbx.run('ss', ['-Htn', 'sport = :4573 or dport = :4573'])).trim();
  /** Calls and keys all at once; resolves when that prompt is played. A restarted Asterisk names its channels anew. */
  const callAndHear = async (traveller: typeof ANN | typeof BOB, keys: string, prompt: string) => {
    const played = (name: string) => logged(`"prompt":"${name}"`);
    const [greetings, prompts] = [played('greeting'), played(prompt)];
    const call = await house.call();
    await until(() => played('greeting') > greetings, 'the greeting');
    await call.press(`${traveller.number}#${traveller.pin}#${DIALLED}#${keys}`);
    await until(() => played(prompt) > prompts, prompt, 30_000);
  };

  it.each(['killed', 'restarted'] as const)(
    'Asterisk is %s: the call ends, nothing is half open, and all is well again by itself',
    async (how) => {
      const { asterisk } = house.stage;
      const { pid } = house.daemon();
      const ended = logged('call ended');
      await callAndHear(ANN, '', 'you-entered'); // all but the confirming key
      expect(await agiConnections()).not.toBe('');
      if (how === 'killed') {
        await asterisk.kill();
        await until(() => logged('call ended') === ended + 1, 'the call to end');
        await until(async () => (await stateOf('asterisk')) === 'fail', 'status to tell');
        await house.tollgate(`allow ${ADDRESS.stranger}`); // doors need no Asterisk
      }
      await asterisk.restart();
      await until(() => logged('call ended') === ended + 1, 'the call to end');
      expect(await agiConnections()).toBe('');
      await until(async () => (await stateOf('asterisk')) === 'ok', 'AMI to be back', 60_000);
      expect((await house.entries()).some(({ what }) => what === hotel)).toBe(false);
      expect(await (await house.phone()).register()).toBe('silent');
      expect(house.daemon().pid).toBe(pid);
      await callAndHear(ANN, '1', 'opened');
      expect(await (await house.phone()).register()).toBe(200);
    },
  );

  it('the disk is full: the caller is told to try later, open doors stay, and with room again all works', async () => {
    const { pid } = house.daemon();
    await callAndHear(ANN, '1', 'opened');
    const ballast = join(state, 'ballast');
    const before = await house.entries();
    try {
      // Root may take what is kept for others: to the last byte.
      for (let n = 0; statfsSync(state).bavail > 0; n++) {
        const { bavail, bsize } = statfsSync(state);
        writeFileSync(`${ballast}${n}`, Buffer.alloc(bavail * bsize));
      }
      await callAndHear(BOB, '1', 'try-later');
      await expect(house.tollgate(`allow ${ADDRESS.stranger}`)).rejects.toThrow(/full[^]*make room/);
      await expect(house.tollgate(`revoke ${hotel}`)).rejects.toThrow(/full[^]*make room/);
      expect(await (await house.phone()).register()).toBe(200);
      expect((await house.entries()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    } finally {
      for (let n = 0; n < 10; n++) rmSync(`${ballast}${n}`, { force: true });
    }
    await callAndHear(BOB, '1', 'opened');
    await house.tollgate(`revoke ${hotel}`);
    expect(await (await house.phone()).register()).toBe('silent');
    expect(house.daemon().pid).toBe(pid);
    expect(house.daemonLog()).not.toContain('"msg":"bug"');
    expect(await house.tollgate('log --verify')).toMatch(/./);
  });

  describe('the database server', () => {
    let server: RunningMariadb;
    /** The daemon's user cannot enter the server's room: this leads there. */
    let way: Server;
    const { stranger } = ADDRESS;
    const isOpen = (address: string) =>
      house.stage.pbx.run('ipset', ['test', 'tg-sip4', address]).then(
        () => true,
        () => false,
      );
    beforeAll(async () => {
      server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
      way = createServer((near) => {
        const far = connect(server.socketPath);
        for (const [one, other] of [
          [near, far],
          [far, near],
        ] as const) {
          one.on('error', () => other.destroy()).on('close', () => other.destroy());
          one.pipe(other);
        }
      }).listen(join(state, 'database.sock'));
      await once(way, 'listening');
      chmodSync(join(state, 'database.sock'), 0o666);
      await house.endDaemon('SIGTERM');
      const url = `mysql://root@localhost/tollgate?socket=${join(state, 'database.sock')}`;
      await house.tollgate(`store move --to ${url}`);
      const settings = join(dirname(state), 'tollgate.toml');
      writeFileSync(settings, readFileSync(settings, 'utf8').replace('[store]', `[store]\ndatabase = "${url}"`));
      await house.startDaemon();
    });
    afterAll(async () => {
      way.close();
      await server.close();
    });

    it.each([
      ['stands still before the PIN', 'ask-pin', [`${BOB.number}#`, `${BOB.pin}#`], 'freeze'],
      [
        'is stopped before the confirming key',
        'you-entered',
        [`${BOB.number}#${BOB.pin}#${stranger.replaceAll('.', '*')}#`, '1'],
        'stop',
      ],
    ] as const)('%s: the caller is told to try later, open doors stay', async (_name, prompt, [keys, last], how) => {
      await callAndHear(ANN, '1', 'opened');
      const heard = (name: string) => logged(`"prompt":"${name}"`);
      const [greetings, prompts, later] = [heard('greeting'), heard(prompt), heard('try-later')];
      const call = await house.call();
      await until(() => heard('greeting') > greetings, 'the greeting');
      await call.press(keys);
      await until(() => heard(prompt) > prompts, prompt, 30_000);
      await (how === 'stop' ? server.stop() : server.freeze(true));
      try {
        await call.press(last);
        await until(() => heard('try-later') > later, 'try-later', 30_000);
        expect([await isOpen(hotel), await isOpen(stranger)]).toEqual([true, false]);
        expect(await (await house.phone()).register()).toBe(200);
      } finally {
        await (how === 'stop' ? server.start() : server.freeze(false));
      }
      await until(async () => (await stateOf('database')) !== 'fail', 'the database to be back', 30_000);
      expect((await house.entries()).filter(({ name }) => name !== 'carrier').map(({ what }) => what)).toEqual([hotel]);
      await callAndHear(BOB, '1', 'opened');
      expect(await house.tollgate('log --verify')).toMatch(/./);
      expect(house.daemonLog()).not.toContain('"msg":"bug"');
    });
  });
});
