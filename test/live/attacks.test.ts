/** Who guesses passwords, and strangers who know one: real Asterisk, real kernel, real phones, the daemon as it runs. */
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StatusShape } from '../../src/domain/shapes';
import { startAsterisk, type RunningAsterisk } from '../../src/lab/asterisk';
import type { Phone } from '../../src/lab/phone';
import type { LineOptions } from '../../src/lab/sip-line';
import { ADDRESS, EXTENSION } from '../../src/lab/stage';
import { ASTERISK_22, tree } from '../../src/lab/trees';
import { openWire, type Wire } from '../../src/lab/wire';
import { describeAsRoot } from '../support/as-root';
import { ANN, BOB, openHouse, type House } from '../support/house';
import { until } from '../support/until';

/** Addresses of the stranger's host, each for one deed, so that no block is in another's way. */
const AT = {
  udp: '192.0.2.201',
  tcp: '192.0.2.202',
  tls: '192.0.2.203',
  ws: '192.0.2.214',
  wss: '192.0.2.215',
  scan: '192.0.2.204',
  iax: '192.0.2.205',
  office: '192.0.2.206',
  friend: '192.0.2.208',
  traveller: '192.0.2.209',
  thief: '192.0.2.210',
  sleeper: '192.0.2.211',
  iaxThief: '192.0.2.213',
  behindBob: '192.0.2.216',
  behindAnn: '192.0.2.217',
  banned: '192.0.2.218',
} as const;
const { hotel } = ADDRESS;
/** From the event that makes a bucket run over to the kernel's word, with the store, two cores and Asterisk in between. */
const MOMENTS_MS = 1500;
/** Browsers' telephones; the certificate is the house's own. */
const WEBSOCKETS = {
  'http.conf': `
[general]
enabled = yes
bindaddr = 0.0.0.0
bindport = 8088
tlsenable = yes
tlsbindaddr = 0.0.0.0:8089
tlscertfile = /etc/asterisk/tls.pem
`,
  'pjsip.conf': `
[ws4]
type = transport
protocol = ws
bind = 0.0.0.0
[wss4]
type = transport
protocol = wss
bind = 0.0.0.0
`,
};
/** Sent at once; Asterisk lets fall what it cannot read in time, and has told of so many at least. */
const THOUSANDS = 5000;
const MANY = 500;
const IAX_PEERS = ['811', '812', '813', '814'];

describeAsRoot('who guesses passwords', () => {
  let house: House;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attacks-'));
    await chmod(folder, 0o755);
    const log = join(folder, 'notices.json');
    closeSync(openSync(log, 'a'));
    const settings = `
[attacks]
asterisk_log = "${log}"
[country]
registrations = "enforce"
`;
    house = await openHouse(settings, WEBSOCKETS);
    const { asterisk, stranger } = house.stage;
    const copy = openSync(log, 'a');
    asterisk.room.spawn('tail', ['-n', '0', '-F', '/var/log/asterisk/notices.json'], {
      stdio: ['ignore', copy, 'ignore'],
    });
    const peers = IAX_PEERS.map((name) => `[${name}]\ntype = peer\nhost = dynamic\nsecret = ${EXTENSION.password}\n`);
    await asterisk.room.write(
      '/etc/asterisk/iax.conf',
      `[general]\nbindport = 4569\nauthdebug = yes\n${peers.join('')}`,
    );
    await asterisk.rx('iax2 reload');
    for (const address of Object.values(AT)) {
      await stranger.run('ip', ['address', 'add', `${address}/25`, 'dev', 'to-internet']);
    }
    await house.tollgate('watch');
  });
  afterEach(() => house.tidy());
  afterAll(async () => {
    await house.close();
    await rm(folder, { recursive: true });
  });

  const isBlocked = (address: string) =>
    house.stage.pbx.run('ipset', ['test', 'tg-block4', address]).then(
      () => true,
      () => false,
    );
  const blocked = (address: string) => until(() => isBlocked(address), `a block of ${address}`, MOMENTS_MS);
  const phone = (from: string, more: Partial<LineOptions> = {}) => house.phone({ from, patienceMs: 400, ...more });
  const guesser = (from: string, more: Partial<LineOptions> = {}) => phone(from, { password: 'guessed', ...more });
  const why = async (what: string) =>
    (await house.journal()).filter((line) => line.what === what).map((line) => `${line.action}: ${line.why}`);
  async function guess(guessing: Phone, times: number): Promise<void> {
    for (let i = 0; i < times; i++) if ((await guessing.register()) === 'silent') return;
  }

  it.each(['udp', 'tcp', 'tls', 'ws', 'wss'] as const)('over %s is cut off in the kernel', async (protocol) => {
    const from = AT[protocol];
    const match = `-p ${protocol === 'udp' ? 'udp' : 'tcp'} -s ${from}`;
    const [arrived, accepted] = [await house.counter('arrived', match), await house.counter('accepted', match)];
    const guessing = await guesser(from, { protocol });
    await guess(guessing, 9);
    expect(await isBlocked(from)).toBe(false);
    await guessing.register();
    await blocked(from);
    const [before, heard] = [await accepted(), await arrived()];
    expect(await guessing.register()).toBe('silent');
    expect(await (await phone(from)).register()).toBe('silent');
    expect(await accepted()).toBe(before);
    expect(await arrived()).toBeGreaterThan(heard);
    expect(await why(from)).toEqual(['block: 10 logins failed for "701".']);
  });

  it('over IAX2 is cut off as well, as Asterisk tells in its log alone', async () => {
    const far = await iaxFrom(AT.iax, IAX_PEERS.map((name) => `register => ${name}:guessed@${ADDRESS.pbx}\n`).join(''));
    try {
      await until(() => isBlocked(AT.iax), 'the block');
      expect(await why(AT.iax)).toEqual([expect.stringMatching(/^block: 4 logins failed for "81\d", /)]);
    } finally {
      await far.close();
    }
  });

  it('by packets that anybody may have forged has nobody cut off', async () => {
    expect(await (await phone(hotel)).register()).toBe(200);
    const { stranger } = house.stage;
    await stranger.run('ip', ['address', 'add', `${hotel}/32`, 'dev', 'to-internet']);
    const forged = [await rawFrom(hotel), await rawFrom(AT.scan)];
    const told = async () =>
      (await house.journal()).filter(({ action }) => action === 'attack').map(({ what }) => what);
    for (const wire of forged) for (let i = 0; i < 40; i++) wire.send(registerOf(`9${i}`));
    for (let i = 0; i < 40; i++) forged[0]?.send(registerOf('701', i));
    await until(async () => (await told()).includes(AT.scan) && (await told()).includes(hotel), 'the news of them');
    expect([await isBlocked(hotel), await isBlocked(AT.scan)]).toEqual([false, false]);
    await stranger.run('ip', ['address', 'delete', `${hotel}/32`, 'dev', 'to-internet']);
  });

  it('by the thousand is heard to the last one that Asterisk tells of', async () => {
    const asterisk = house.stage.asterisk;
    const told = async () => (await asterisk.log()).match(/SecurityEvent="InvalidAccountID"/g)?.length ?? 0;
    const heard = async () => {
      const { parts } = JSON.parse(await house.tollgate('--json status')) as StatusShape;
      return Number(/(\d+)$/.exec(parts.find(({ name }) => name === 'attacks')?.detail ?? '')?.[1]);
    };
    const [toldBefore, heardBefore] = [await told(), await heard()];
    const wire = await rawFrom(AT.scan);
    for (let i = 0; i < THOUSANDS; i++) wire.send(registerOf(`8${i}`));
    const isAllHeard = async () => {
      const all = await told();
      const isAll = (await heard()) - heardBefore === all - toldBefore;
      return isAll && all - toldBefore > MANY && (await told()) === all; // and nothing was told meanwhile
    };
    await until(isAllHeard, 'the last one', 30_000);
  });

  it('from an office whose own phones are good leaves it alone', async () => {
    expect(await (await phone(AT.office)).register()).toBe(200);
    await guess(await guesser(AT.office, { protocol: 'tcp' }), 15);
    expect(await isBlocked(AT.office)).toBe(false);
    expect(await (await phone(AT.office)).register()).toBe(200);
  });

  it('where an admin has let somebody in is told of and let be', async () => {
    await house.tollgate(`allow ${AT.friend}`);
    await guess(await guesser(AT.friend), 12);
    await until(async () => (await why(AT.friend)).some((line) => line.startsWith('attack:')), 'the news');
    expect(await isBlocked(AT.friend)).toBe(false);
  });

  it('is let in at once by a traveller’s call, but not past an admin’s block', async () => {
    await guess(await guesser(AT.behindBob, { protocol: 'tcp' }), 10);
    await blocked(AT.behindBob);
    await house.tollgate(`block ${AT.banned}`);
    const [bob, ann] = [await house.call(), await house.call()];
    await Promise.all([bob.hears('greeting'), ann.hears('greeting')]);
    await Promise.all([bob.press(keysOf(BOB, AT.banned)), ann.press(keysOf(ANN, AT.behindAnn, '1'))]);
    await bob.hears('refused-blocked');
    await bob.press(`${AT.behindBob.replaceAll('.', '*')}#1`);
    await Promise.all([bob.hears('opened'), ann.hears('opened')]);
    expect([await isBlocked(AT.behindBob), await isBlocked(AT.banned)]).toEqual([false, true]);
    expect(await (await phone(AT.behindBob)).register()).toBe(200);
    expect(await (await phone(AT.banned)).register()).toBe('silent');

    // A door from which no phone has registered is closed by what comes through it, another is not.
    const doors = async () => (await house.entries()).map(({ what }) => what);
    const sip = (address: string) => house.stage.pbx.run('ipset', ['test', 'tg-sip4', address]);
    await sip(AT.behindAnn);
    const guessing = await guesser(AT.behindAnn, { protocol: 'tcp' });
    await guess(guessing, 10);
    await until(async () => !(await doors()).includes(AT.behindAnn), 'the unproven door to be closed');
    await expect(sip(AT.behindAnn)).rejects.toThrow('NOT in set');
    await until(async () => (await why(AT.behindAnn)).length === 3, 'the news of it');
    expect(await why(AT.behindAnn)).toEqual([
      `allow: Opened by telephone for ${ANN.mail}.`,
      'revoke: 10 logins failed for "701".',
      'attack: 10 logins failed for "701". It was not blocked: its door, from which no phone had registered yet, was closed.',
    ]);
    await guess(guessing, 11);
    await blocked(AT.behindAnn);
    await guess(await guesser(AT.behindBob, { protocol: 'tcp' }), 50);
    await until(async () => (await why(AT.behindBob)).some((line) => line.startsWith('attack:')), 'the news');
    expect((await why(AT.behindBob)).at(-1)).toMatch(
      /^attack: .* It was not blocked: entry \d+ of account 13 is open for it\.$/,
    );
    expect([await isBlocked(AT.behindBob), (await doors()).includes(AT.behindBob)]).toEqual([false, true]);
    await sip(AT.behindBob);
  });

  it('and knows one as well is cut off all the same once he is a stranger, with his contact', async () => {
    await house.tollgate('range permit 203.0.113.0 203.0.113.255');
    const thief = await phone(AT.thief);
    expect([200, 'silent']).toContain(await thief.register());
    await blocked(AT.thief);
    await until(async () => !(await contacts()).includes(AT.thief), 'Asterisk to forget him');
    expect(await why(AT.thief)).toEqual([expect.stringMatching(/^block: A good password for 701 came from /)]);
    const far = await iaxFrom(AT.iaxThief, `register => 811:${EXTENSION.password}@${ADDRESS.pbx}\n`);
    await until(() => isBlocked(AT.iaxThief), 'the block of who registers over IAX2').finally(() => far.close());
  });

  it('is found after a restart too, and a traveller abroad with an open door is no stranger', async () => {
    const traveller = await house.call();
    await traveller.hears('greeting');
    await traveller.press(`${ANN.number}#${ANN.pin}#${AT.traveller.replaceAll('.', '*')}#1`);
    await traveller.hears('opened');
    await traveller.hangUp();
    await house.endDaemon('SIGTERM');
    expect(await (await phone(AT.sleeper)).register()).toBe(200);
    expect(await (await phone(AT.traveller)).register()).toBe(200);
    await house.startDaemon();
    await until(() => isBlocked(AT.sleeper), 'the catching up');
    expect(await (await phone(AT.traveller)).register()).toBe(200);
    expect(await isBlocked(AT.traveller)).toBe(false);
    expect(await contacts()).toContain(AT.traveller);
  });

  const keysOf = ({ number, pin }: typeof ANN | typeof BOB, address: string, more = '') =>
    `${number}#${pin}#${address.replaceAll('.', '*')}#${more}`;
  const contacts = () => house.stage.asterisk.rx('pjsip show contacts');

  async function rawFrom(from: string): Promise<Wire> {
    const wire = house.keep(await openWire(house.stage.stranger, { protocol: 'udp', from }));
    wire.connect(ADDRESS.pbx, 5060);
    return wire;
  }

  async function iaxFrom(address: string, registering: string): Promise<RunningAsterisk> {
    const modules = ['chan_iax2', 'pbx_config', 'codec_ulaw', 'res_timing_timerfd'];
    return startAsterisk(house.stage.stranger, {
      tree: await tree(ASTERISK_22, { progress: () => undefined }),
      config: {
        'modules.conf': `[modules]\nautoload = no\n${modules.map((name) => `load = ${name}.so\n`).join('')}`,
        'iax.conf': `[general]\nbindport = 4569\nbindaddr = ${address}\n${registering}`,
      },
    });
  }
});

/** One packet, whose sender need not receive anything; with `made`, an answer to a challenge that nobody sent. */
function registerOf(user: string, made?: number): Buffer {
  const uri = `sip:${ADDRESS.pbx}`;
  const answer = `Authorization: Digest username="${user}", realm="asterisk", nonce="1795360050/${'4'.repeat(32)}", uri="${uri}", response="${'0'.repeat(32)}", algorithm=MD5, opaque="x", qop=auth, nc=00000001, cnonce="y"`;
  const id = `${user}-${made ?? ''}`;
  return Buffer.from(
    [
      ...[`REGISTER ${uri} SIP/2.0`, `Via: SIP/2.0/UDP ${hotel}:5060;branch=z9hG4bK${id};rport`],
      ...[`From: <sip:${user}@${ADDRESS.pbx}>;tag=${id}`, `To: <sip:${user}@${ADDRESS.pbx}>`, `Call-ID: ${id}`],
      ...['CSeq: 1 REGISTER', 'Max-Forwards: 70', `Contact: <sip:${user}@${hotel}>`, 'Expires: 300'],
      ...[...(made === undefined ? [] : [answer]), 'Content-Length: 0', '', ''],
    ].join('\r\n'),
  );
}
