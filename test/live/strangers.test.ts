/** Strangers who know a password, and attackers who are in a call: found whenever it was, cut off, and told of. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkout } from '../../src/lab/checkout';
import type { Phone, PhoneCall } from '../../src/lab/phone';
import type { LineOptions } from '../../src/lab/sip-line';
import { ADDRESS6 } from '../../src/lab/stage';
import { describeAsRoot } from '../support/as-root';
import { stepsOf } from '../support/dialplan-steps';
import { ANN, openHouse, type House } from '../support/house';
import { until } from '../support/until';

/** Addresses of the stranger's host, each for one deed. */
const AT = {
  talks: '192.0.2.221',
  visits: '192.0.2.222',
  whileCut: '192.0.2.223',
  whileRestarted: '192.0.2.224',
  traveller: '192.0.2.225',
  neverRegisters: '192.0.2.226',
  guesses: '192.0.2.227',
} as const;
/** An IPv6 address is blocked with its whole network. */
const NETWORK6 = ADDRESS6.stranger.replace(/::.*/, '::/64');
const SETTINGS = `
[country]
registrations = "report"
calls = "report"
[attacks]
mail_every = "5s"
`;
/** Takes whom it does not know, and lets Tollgate judge him. */
const VISITORS = {
  'pjsip.conf': `
[anonymous]
type = endpoint
context = visitors
disallow = all
allow = ulaw
direct_media = no
`,
  'extensions.conf': `
[visitors]
exten => 600,1,Gosub(tollgate-ip-country,s,1)
 same => n,Goto(phones,600,1)
#include extensions-tollgate-country.conf
`,
};
const NO_NEW_AMI = '-o lo -p tcp --dport 5038 --syn -j REJECT --reject-with tcp-reset';

describeAsRoot('a stranger', () => {
  let house: House;
  beforeAll(async () => {
    const country = await readFile(join(checkout(), 'dialplan/extensions-tollgate-country.conf'), 'utf8');
    house = await openHouse(SETTINGS, { ...VISITORS, 'extensions-tollgate-country.conf': country });
    for (const address of Object.values(AT)) {
      await house.stage.stranger.run('ip', ['address', 'add', `${address}/25`, 'dev', 'to-internet']);
    }
    await house.endDaemon('SIGTERM');
    await change('[mail]', '[mail]\nadmin = "admin@example.com"');
    await house.startDaemon();
    await house.tollgate('watch');
    await house.tollgate('range permit 203.0.113.0 203.0.113.255');
  });
  afterAll(async () => {
    await house.tidy();
    await house.close();
  });

  async function change(setting: string, into: string): Promise<void> {
    const file = join(dirname(house.stage.state), 'tollgate.toml');
    await writeFile(file, (await readFile(file, 'utf8')).replace(setting, into));
  }
  const isBlocked = (address: string) =>
    house.stage.pbx.run('ipset', ['test', `tg-block${address.includes(':') ? 6 : 4}`, address]).then(
      () => true,
      () => false,
    );
  const contacts = () => house.stage.asterisk.rx('pjsip show contacts');
  const why = async (what: string) =>
    (await house.journal()).filter((line) => line.what === what).map((line) => `${line.action}: ${line.why}`);
  const phone = (from: string, more: Partial<LineOptions> = {}): Promise<Phone> =>
    house.phone({ from, patienceMs: 3000, ...more });
  async function talk(from: Phone): Promise<PhoneCall> {
    const call = await from.call('600');
    if (typeof call !== 'object') throw new Error(`the call was answered with ${call}`);
    return call;
  }
  /** Kernel, contact and journal; 20 seconds, because Asterisk may have been away for some. */
  async function cutOff(address: string, reason: RegExp): Promise<void> {
    await until(() => isBlocked(address), `the block of ${address}`, 20_000);
    await until(async () => !(await contacts()).includes(address), `Asterisk to forget ${address}`);
    expect(await why(address)).toContainEqual(expect.stringMatching(reason));
  }

  it('who registers and one who calls are only told of where that is all that was asked for', async () => {
    const registered = await phone(AT.talks);
    expect(await registered.register()).toBe(200);
    const visit = await talk(await phone(AT.visits, { user: 'visitor', password: '' }));
    const told = async () => [...(await why(AT.talks)), ...(await why(AT.visits))];
    await until(async () => (await told()).length === 2, 'the news of both');
    const both = await told();
    expect(both[0]).toMatch(/^stranger: A good password for 701 came from .* "enforce" would have blocked it\.$/);
    expect(both[1]).toMatch(/^stranger: A call .* "enforce" would have refused it\.$/);
    expect(stepsOf(await house.stage.asterisk.log(), '600').at(-1)).toMatchObject({ context: 'phones', does: 'Echo' });
    expect([await isBlocked(AT.talks), await isBlocked(AT.visits)]).toEqual([false, false]);
    expect(await registered.register()).toBe(200);
    await visit.hangUp();
  });

  it('who is in a call when they are to be cut off, is, with his contact and his call', async () => {
    const call = await talk(await phone(AT.talks));
    await until(() => call.heard() > 0, 'his own voice');
    await house.endDaemon('SIGTERM');
    await change('registrations = "report"', 'registrations = "enforce"');
    await house.startDaemon();
    await cutOff(AT.talks, /^block: 701 is registered from /);
    await call.ended;
    await until(async () => (await house.channels()) === 0, 'his call to end');
  });

  it.each([4, 6] as const)('who calls over IPv%i without ever registering is cut off in his call', async (family) => {
    const call = await talk(await phone(family === 4 ? AT.neverRegisters : ADDRESS6.stranger));
    const blocked = family === 4 ? AT.neverRegisters : NETWORK6;
    await cutOff(blocked, /^block: A good password for 701 came from /);
    await until(async () => (await house.channels()) === 0, 'his call to end', 5000);
    await call.ended;
  });

  it.each([
    ['the connection to Asterisk was cut', AT.whileCut, cutConnection],
    ['Asterisk was restarted', AT.whileRestarted, () => house.stage.asterisk.restart()],
  ] as const)('who registered while %s is found afterwards, and no traveller is', async (_, address, goAway) => {
    await open(AT.traveller);
    const { pbx } = house.stage;
    const [thief, traveller] = [await phone(address), await phone(AT.traveller)];
    await pbx.run('iptables', ['-I', 'OUTPUT', ...NO_NEW_AMI.split(' ')]);
    try {
      await goAway();
      expect([await thief.register(), await traveller.register()]).toEqual([200, 200]);
      await talk(thief);
    } finally {
      await pbx.run('iptables', ['-D', 'OUTPUT', ...NO_NEW_AMI.split(' ')]);
    }
    await cutOff(address, /^block: 701 is registered from /);
    await until(async () => (await house.channels()) === 0, 'his call to end');
    expect(await contacts()).toContain(AT.traveller);
    expect(await traveller.register()).toBe(200);
    expect(await isBlocked(AT.traveller)).toBe(false);
  });

  it('or not: who guesses passwords in the middle of a call is cut off in it', async () => {
    await house.tollgate(`range permit ${AT.guesses}`);
    const call = await talk(await phone(AT.guesses));
    const guessing = await phone(AT.guesses, { password: 'guessed', protocol: 'tcp', patienceMs: 400 });
    for (let i = 0; i < 60 && (await guessing.register()) !== 'silent'; i++);
    await cutOff(AT.guesses, /^block: 4\d logins failed for "701"\.$/);
    await call.ended;
    await until(async () => (await house.channels()) === 0, 'his call to end');
  });

  it('is in the admin’s mail', async () => {
    const mails = () => house.stage.letters.map(({ text }) => text).join('\n');
    const blocked = [AT.talks, AT.neverRegisters, AT.whileCut, AT.whileRestarted, AT.guesses];
    await until(() => blocked.every((address) => mails().includes(address)), 'all of them', 20_000);
    expect(mails()).toContain('Blocked for good');
  });

  let opened = false;
  async function open(address: string): Promise<void> {
    if (opened) return;
    opened = true;
    const traveller = await house.call();
    await traveller.hears('greeting');
    await traveller.press(`${ANN.number}#${ANN.pin}#${address.replaceAll('.', '*')}#1`);
    await traveller.hears('opened');
    await traveller.hangUp();
  }

  /** As a broken cable would: Asterisk hangs up on its manager's users. */
  async function cutConnection(): Promise<void> {
    const { asterisk } = house.stage;
    const downs = () => house.daemonLog().split('"state":"down"').length;
    const before = downs();
    const told = await asterisk.rx('manager show connected');
    const [, session = ''] = /^ *tollgate +\S+ +\d+ +\d+ +(\d+)/m.exec(told) ?? [];
    await asterisk.rx(`manager kick session ${session}`);
    await until(() => downs() > before, 'Tollgate to see that it is cut off');
  }
});
