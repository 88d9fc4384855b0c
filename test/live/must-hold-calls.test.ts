/** What must hold of calls, with the whole product: travellers call through the carrier, phones talk, mail arrives. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout } from '../../src/lab/checkout';
import { run } from '../../src/run';
import { callIn } from '../../src/lab/carrier';
import type { PhoneCall } from '../../src/lab/phone';
import { PACKET_MS, rtpStream } from '../../src/lab/rtp';
import { ADDRESS, EXTENSION } from '../../src/lab/stage';
import { CALL_LOG_FILE } from '../../src/lab/transcript';
import { SERVICE_ID } from '../../src/lab/unprivileged';
import { openWire } from '../../src/lab/wire';
import { describeAsRoot } from '../support/as-root';
import { ANN, BOB, openHouse, type House } from '../support/house';
import { until } from '../support/until';

const { hotel } = ADDRESS;
const DIALLED = hotel.replaceAll('.', '*');
const straight = ({ number, pin }: typeof ANN | typeof BOB) => `${number}#${pin}#${DIALLED}#1`;
/** An address that several shells open and close. */
const SHARED = '198.51.100.200';
const WRONG = ['83920571', '83920572', '83920573', '83920574', '83920575'] as const;

const isCall = (outcome: unknown): outcome is PhoneCall => typeof outcome === 'object';

describeAsRoot('a call', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse();
  });
  afterEach(() => house.tidy());
  afterAll(() => house.close());

  it('of a phone whose door is revoked ends within a second, and its sound at once, both ways', async () => {
    const { stage } = house;
    await house.tollgate(`allow ${hotel}`);
    const phone = await house.phone();
    expect(await phone.register()).toBe(200);
    const call = await phone.call('600');
    if (!isCall(call)) throw new Error(`no call: ${call}`);
    house.keep({ close: () => void call.hangUp() });
    await until(() => call.heard() > 50, 'the echo');
    // A second voice from there, that does not care about goodbyes.
    const voice = house.keep(await openWire(stage.hotel, { protocol: 'udp', from: hotel }));
    voice.connect(ADDRESS.pbx, await mediaPort());
    const stream = rtpStream(7);
    const sent: number[] = [];
    const timer = setInterval(() => {
      sent.push(Date.now());
      voice.send(stream.next());
    }, PACKET_MS);
    house.keep({ close: () => clearInterval(timer) });
    const match = (side: string, from: string) => `-p udp --${side} 10000:10200 -${from} ${hotel}`;
    const accepted = await house.counter('accepted', match('dport', 's'));
    const arrived = await house.counter('arrived', match('dport', 's'));
    const spoken = await house.counter('sent', match('sport', 'd'));
    await until(async () => (await accepted()) > 50 && (await spoken()) > 20, 'sound both ways');

    await house.tollgate(`revoke ${hotel}`);
    const closed = Date.now();
    const [arrivedBefore, acceptedBefore] = [await arrived(), await accepted()];
    await until(() => phone.requests().includes('BYE'), 'the goodbye', 1000);
    await until(async () => (await house.channels()) === 0, 'its channel to end', 1000);
    expect(Date.now() - closed).toBeLessThan(1000);
    const spokenBefore = await spoken();
    await until(() => sent.filter((at) => at > closed).length > 60, 'the voice to go on');
    expect(await arrived()).toBeGreaterThan(arrivedBefore + 20);
    expect(await accepted()).toBe(acceptedBefore);
    expect(await spoken()).toBe(spokenBefore);
  });

  it('of each of two travellers opens the one address that they share, and it closes with the last of them', async () => {
    const calls = [await house.call(), await house.call()];
    await Promise.all(calls.map((call) => call.hears('greeting')));
    await Promise.all([calls[0]?.press(straight(ANN)), calls[1]?.press(straight(BOB))]);
    await Promise.all(calls.map((call) => call.hears('opened')));
    const entryOf = async (account: string) => (await house.entries()).find((entry) => entry.account === account)?.id;
    const [anns, bobs] = [await entryOf(ANN.number), await entryOf(BOB.number)];
    const phone = await house.phone();
    expect(await phone.register()).toBe(200);
    await until(async () => (await actions()).filter((action) => action === 'prove').length === 2, 'the proof');
    expect((await house.journal()).find(({ action }) => action === 'prove')?.why).toContain(EXTENSION.user);

    expect(await house.tollgate(`revoke ${anns}`)).toContain(`Still open by entry ${bobs}`);
    expect(await phone.register()).toBe(200);
    await house.tollgate(`revoke ${bobs}`);
    expect(await phone.register()).toBe('silent');
  });

  it('that is hung up anywhere before the confirming key changes nothing', async () => {
    const before = await actions();
    const asked = `${ANN.number}#`;
    const results = await Promise.all(
      (
        [
          ['', 'greeting'],
          ['', 'ask-account'],
          [asked, 'ask-pin'],
          [`${asked}${ANN.pin}#`, 'ask-address'],
          [`${asked}${ANN.pin}#${DIALLED}#`, 'you-entered'],
        ] as const
      ).map(async ([keys, prompt]) => {
        const call = await house.call();
        await call.hears('greeting');
        if (keys !== '') await call.press(keys);
        await call.hears(prompt);
        await call.hangUp();
        const heard = await call.heard();
        return [prompt, heard.includes('opened'), await call.result()];
      }),
    );
    expect(results.map(([prompt]) => prompt)).toHaveLength(5);
    for (const [prompt, opened, result] of results) expect([prompt, opened, result]).toEqual([prompt, false, 'hungup']);
    await until(async () => (await house.channels()) === 0, 'the channels to end');
    expect(await actions()).toEqual(before);
    expect(await house.entries()).toHaveLength(1);
    expect(await (await house.phone()).register()).toBe('silent');
  });

  it('that is hung up right after the confirming key has opened the door, and the mail comes', async () => {
    const letters = lettersTo(ANN.mail).length;
    const call = await house.call();
    await call.hears('greeting');
    await call.press(straight(ANN).slice(0, -1));
    await call.hears('you-entered');
    await call.press('1');
    await call.hangUp();
    await until(async () => (await house.channels()) === 0, 'the channel to end');
    await until(async () => (await house.entries()).some(({ what }) => what === hotel), 'the door');
    expect(await (await house.phone()).register()).toBe(200);
    await until(() => lettersTo(ANN.mail).length === letters + 1, 'the letter');
    expect(lettersTo(ANN.mail).at(-1)).toContain(hotel);
  });

  it('with every key pressed straight over the prompts opens the door; wrong PINs lock it until it is unlocked', async () => {
    const { stage } = house;
    const [first, second] = [await house.call(), await house.call()];
    const keyed = callIn(stage.carrier, {
      ...{ from: ADDRESS.carrier, to: ADDRESS.pbx, number: '15551234567', callerNumber: '4045550000' },
      steps: [2000, straight(ANN)],
    });
    const guess = (pins: readonly string[]) => pins.map((pin) => `${BOB.number}#${pin}#`).join('');
    await first.hears('greeting');
    await first.press(guess(WRONG.slice(0, 3)));
    await first.hears('not-let-in');
    await second.press(guess([...WRONG.slice(3), BOB.pin]));
    expect(await Promise.all([first.result(), second.result()])).toEqual(['refused', 'locked']);
    expect(await second.heard()).not.toContain('ask-address');
    await keyed;
    expect((await house.entries()).find(({ what }) => what === hotel)?.account).toBe(ANN.number);
    expect(await (await house.phone()).register()).toBe(200);

    await house.tollgate(`account unlock ${BOB.number}`);
    const third = await house.call();
    await third.hears('greeting');
    await third.press(straight(BOB));
    await third.hears('opened');
    expect((await house.entries()).filter(({ what }) => what === hotel)).toHaveLength(2);
    for (const [place, text] of await everythingWritten()) {
      for (const pin of [ANN.pin, BOB.pin, ...WRONG]) expect([place, text.includes(pin)]).toEqual([place, false]);
    }
  });

  it('says that the door is open while the mail server is down, and the letter comes when it is back', async () => {
    const letters = lettersTo(ANN.mail).length;
    await house.stage.mailServer.stop();
    try {
      const call = await house.call();
      await call.hears('greeting');
      await call.press(straight(ANN));
      await call.hears('opened');
      expect(await call.result()).toBe('opened');
      expect(await (await house.phone()).register()).toBe(200);
      await until(() => house.daemonLog().includes('mail delayed'), 'the daemon to try in vain');
      expect(lettersTo(ANN.mail)).toHaveLength(letters);
    } finally {
      await house.stage.mailServer.start();
    }
    await until(() => lettersTo(ANN.mail).length === letters + 1, 'the letter', 45_000);
  });

  it('opens its door while shells of root and of others change dozens: store, kernel and journal agree', async () => {
    const { stage } = house;
    const before = (await house.journal()).length;
    const main = [join(checkout(), 'dist/src/main.js'), '--config', join(stage.state, '../tollgate.toml')];
    const asRoot = (typed: string) => stage.pbx.run(process.execPath, [...main, ...typed.split(' ')]);
    const address = (shell: number, n: number) => `198.51.100.${100 + 10 * shell + n}`;
    // Each shell has addresses of its own, and one that all of them want.
    const shells = [0, 1, 2].map(async (shell) => {
      const type = (typed: string) => (shell % 2 === 0 ? asRoot(typed) : house.tollgate(typed));
      for (const typed of [`allow ${address(shell, 1)}`, `block ${address(shell, 2)} --for 1h`]) await type(typed);
      await type(`allow ${SHARED} --for ${shell + 1}h`);
      await type(`allow ${address(shell, 3)} --for 1h`);
      await type(`revoke ${address(shell, 1)}`);
      await type(`revoke ${SHARED}`).catch((error: unknown) => expect(String(error)).toContain(SHARED)); // it has gone
      await type(`unblock ${address(shell, 2)}`);
      await type(`block ${address(shell, 4)}`);
    });
    const calls = [ANN, BOB].map(async (traveller) => {
      const call = await house.call();
      await call.hears('greeting');
      await call.press(straight(traveller));
      await call.hears('opened');
    });
    await Promise.all([...shells, ...calls]);

    const open = await house.entries();
    const held = async (set: string) =>
      [...(await stage.pbx.run('ipset', ['save', set])).matchAll(/^add \S+ (\S+)/gm)].map(([, what]) => what).sort();
    const listed = (isBlock: boolean) =>
      [...new Set(open.filter(({ kind }) => (kind === 'block') === isBlock).map(({ what }) => what))].sort();
    for (const set of ['tg-sip4', 'tg-iax4', 'tg-rtp4']) expect([set, await held(set)]).toEqual([set, listed(false)]);
    expect(await held('tg-block4')).toEqual(listed(true));
    for (let shell = 0; shell < 3; shell++) {
      expect(listed(false)).toContain(address(shell, 3));
      expect(listed(false)).not.toContain(address(shell, 1));
      expect(listed(true)).toContain(address(shell, 4));
    }
    const travellers = open.filter(({ what }) => what === hotel).map(({ account }) => account);
    expect(travellers.sort()).toEqual([ANN.number, BOB.number]);
    const lines = (await house.journal()).slice(before);
    for (const { id } of open.filter(({ name }) => name !== 'carrier'))
      expect(lines.filter(({ entry, action }) => entry === id && /allow|renew|block/.test(action))).toHaveLength(1);
    expect(JSON.parse(await house.tollgate('--json log --verify'))).toMatchObject({ ok: true });
  });

  it.each([
    ['the PIN is judged', '', straight(BOB)],
    ['the door is opened', `${BOB.number}#${BOB.pin}#${DIALLED}#`, '1'],
  ])(
    'hears that it is to be tried later when nothing can be stored as %s, and nothing is open',
    async (_, before, after) => {
      const { pid } = house.daemon();
      const letters = lettersTo(BOB.mail).length;
      const call = await house.call();
      await call.hears('greeting');
      if (before !== '') {
        await call.press(before);
        await call.hears('you-entered');
      }
      try {
        // As a full disk: no file of the daemon's takes a byte more.
        await limitFiles('0');
        await call.press(after);
        await call.hears('try-later');
        expect(await call.result()).toBe('error');
        expect(await (await house.phone()).register()).toBe('silent');
      } finally {
        await limitFiles('unlimited');
      }
      expect(house.daemon().pid).toBe(pid);
      expect(await house.entries()).toHaveLength(1);
      expect(lettersTo(BOB.mail)).toHaveLength(letters);
      const again = await house.call();
      await again.hears('greeting');
      await again.press(`${BOB.number}#${BOB.pin}#`);
      await again.hears('ask-address');
    },
  );

  const actions = async () => (await house.journal()).map(({ action }) => action);
  /** That a door is open; a letter of an earlier test's closed door may come at any time. */
  const lettersTo = (mail: string) =>
    house.stage.letters
      .filter(({ to, text }) => to.includes(mail) && /^Subject: \S+ is open/m.test(text))
      .map(({ text }) => text.replaceAll('=\r\n', ''));

  /** The most that any file of the daemon's may hold; as its own user, because that needs no right over others. */
  const limitFiles = async (bytes: string) => {
    const self = ['--reuid', String(SERVICE_ID), '--regid', String(SERVICE_ID), '--clear-groups'];
    await run('setpriv', [...self, 'prlimit', '--pid', String(house.daemon().pid), `--fsize=${bytes}:unlimited`]);
  };

  /** Asterisk's own port of the call that is up. */
  async function mediaPort(): Promise<number> {
    const sockets = await house.stage.pbx.run('ss', ['-Hnlu', 'sport >= :10000 and sport <= :10200']);
    return Math.min(...[...sockets.matchAll(/:(10\d{3})\b/g)].map(([, port]) => Number(port)));
  }

  /** Every log, letter and file in which a PIN would be found. */
  async function everythingWritten(): Promise<readonly (readonly [string, string])[]> {
    const { stage } = house;
    const names = await readdir(stage.state, { withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map(({ name }) => join(stage.state, name));
    const written = [
      ['daemon', house.daemonLog()],
      ['Asterisk', await stage.asterisk.log()],
      ['calls', await stage.asterisk.room.read(CALL_LOG_FILE)],
      ['journal', JSON.stringify(await house.journal())],
      ['letters', stage.letters.map(({ text }) => text).join()],
      ...(await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')] as const))),
    ] as const;
    expect(written.map(([place]) => place)).toContain(join(stage.state, 'tollgate.db'));
    for (const [place, text] of written)
      if (!place.includes('lock')) expect([place, text.length > 0]).toEqual([place, true]);
    return written;
  }
});
