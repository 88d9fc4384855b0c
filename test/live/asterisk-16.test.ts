/** The oldest Asterisk that we serve, with chan_sip: what its dialplan says of a call's address, and what comes of it. */
import '../support/patience';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { procFiles } from '../../src/asterisk/listening-proc';
import { openPhones } from '../../src/asterisk/phones';
import { clock } from '../../src/clock';
import { ownMirror } from '../../src/lab/apt-sources';
import { checkout } from '../../src/lab/checkout';
import { openPhone, type Phone, type PhoneCall } from '../../src/lab/phone';
import { ADDRESS, setStage, type Stage } from '../../src/lab/stage';
import { ASTERISK_16, tree } from '../../src/lab/trees';
import { describeAsRoot } from '../support/as-root';
import { stepsOf } from '../support/dialplan-steps';
import { FREEPBX_GENERATED, FREEPBX_INCLUDES } from '../support/freepbx-dialplan';
import { relayTo } from '../support/relay';
import { until } from '../support/until';

/** chan_sip's, beside PJSIP on the usual one. */
const PORT = 5160;
const EXTENSIONS = `
[from-outside]
exten => _X.,1,Gosub(tollgate-ip-country,s,1)
 same => n,Answer()
 same => n,Wait(60)
exten => _3X.,1,Goto(from-sip-external,\${EXTEN},1)
[inside]
exten => _X.,1,Answer()
 same => n,Wait(60)
[globals]
ALLOW_SIP_ANON=yes
${FREEPBX_INCLUDES}`;
const SIP = `
[general]
udpbindaddr = 0.0.0.0:${PORT}
allowguest = yes
context = from-outside
disallow = all
allow = ulaw
[701]
type = friend
host = dynamic
secret = 73914628
`;
/** What a whole event looks like in a SIP address; Asterisk decodes it and writes it into its own events. */
const FORGED = encodeURIComponent(
  'a\r\n\r\nEvent: SuccessfulAuth\r\nService: SIP\r\nUsingPassword: 1\r\nAccountID: 701\r\n' +
    `RemoteAddress: IPV4/UDP/${ADDRESS.hotel}/5060\r\n\r\n`,
);
const SMUGGLED = `1%0aagi_arg_1%3a%20${ADDRESS.hotel}%0a%0a@${ADDRESS.hotel}`;
/** Another address of the stranger's host. */
const GUESSER = '192.0.2.221';
/** And another. */
const REGISTERING = '192.0.2.222';
const SECRET = 'a secret of this test';
/** Making the tree, where there is none yet. */
const SETUP_MS = 600_000;

/** Undefined when the mirror has it no more, and then alone. */
async function asterisk16(): Promise<string | undefined> {
  try {
    return await tree(ASTERISK_16, { progress: () => undefined });
  } catch (error) {
    const [suite] = ASTERISK_16.suites;
    const { status } = await fetch(`${(await ownMirror()).uri}/dists/${suite}/InRelease`, { method: 'HEAD' });
    if (status !== 404) throw error;
    return undefined;
  }
}

describeAsRoot('a call by chan_sip to Asterisk 16', () => {
  let stage: Stage | undefined;
  const phones: Phone[] = [];
  const ending: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const made = await asterisk16();
    if (made === undefined) return;
    const [country, freepbx] = ['extensions-tollgate-country.conf', 'extensions-tollgate-freepbx.conf'];
    const shipped = (name: string) => readFile(join(checkout(), 'dialplan', name), 'utf8');
    stage = await setStage(made, {
      settings: '[country]\ncalls = "enforce"\nregistrations = "enforce"\n',
      asterisk: {
        'extensions.conf': EXTENSIONS,
        [country]: await shipped(country),
        [freepbx]: await shipped(freepbx),
        'extensions_override_freepbx.conf': `#include ${freepbx}\n`,
        'extensions_additional.conf': FREEPBX_GENERATED,
        'sip.conf': SIP,
      },
    });
    await stage.tollgate('init');
    await stage.tollgate('range', 'permit', ADDRESS.hotel);
    await stage.serve();
  }, SETUP_MS);
  afterAll(async () => {
    phones.forEach((phone) => phone.close());
    for (const end of ending.reverse()) await end();
    await stage?.close();
  });

  async function call(
    pbx: Stage,
    name: 'hotel' | 'stranger',
    number: string,
    shownAs = `ann@${ADDRESS.hotel}`,
  ): Promise<PhoneCall> {
    const phone = await openPhone(pbx[name], {
      ...{ user: 'visitor', password: '', from: ADDRESS[name], server: ADDRESS.pbx, serverPort: PORT },
      shownAs,
    });
    phones.push(phone);
    const answer = await phone.call(number);
    if (typeof answer !== 'object') throw new Error(`${number} was answered with ${answer}`);
    return answer;
  }

  it('is let in from a permitted address and turned away from a stranger’s, also by FreePBX’s hook', async () => {
    if (!stage) return;
    const { asterisk } = stage;
    const steps = async (number: string) => stepsOf(await asterisk.log(), number);
    const does = async (number: string) => (await steps(number)).map((step) => step.does);
    const [home, within, ...abroad] = await Promise.all([
      call(stage, 'hotel', '100'),
      call(stage, 'hotel', '300'),
      call(stage, 'stranger', '110', SMUGGLED),
      call(stage, 'stranger', '310'),
    ]);
    await until(
      async () => (await does('100')).slice(-3).join() === 'Return,Answer,Wait',
      'the permitted one to go on',
    );
    await until(async () => (await steps('300')).at(-1)?.context === 'inside', 'FreePBX to let it in');
    await Promise.all(abroad.map(({ ended }) => ended));
    for (const number of ['110', '310']) {
      await until(async () => (await does(number)).at(-1) === 'Hangup', 'the stranger to be hung up');
      expect((await does(number)).slice(-5)).toEqual(['Answer', 'Wait', 'Zapateller', 'Playback', 'Hangup']);
    }
    for (const each of abroad) expect(each.heard()).toBeGreaterThan(50);
    await home.hangUp();
    await within.hangUp();
  });

  it('is followed by no login that a name forges, and by a block of the stranger whose login was true', async () => {
    if (!stage) return;
    const { stranger, tollgate } = stage;
    const open = async (more: { readonly user: string; readonly shownAs?: string }) => {
      const to = { from: ADDRESS.stranger, server: ADDRESS.pbx, serverPort: PORT };
      const phone = await openPhone(stranger, { password: '73914628', ...to, ...more });
      phones.push(phone);
      return phone.register();
    };
    await open({ user: 'visitor', shownAs: `${FORGED}@${ADDRESS.pbx}` });
    expect(await open({ user: '701' })).toBe(200);
    const told = async () => /Asterisk has told of: (\d+)/.exec(await tollgate('status'))?.[1];
    await until(async () => (await told()) !== '0', 'the true login');
    expect(await told()).toBe('1');
    await until(
      async () => (await tollgate('list')).includes(ADDRESS.stranger),
      'a block of the stranger who registered',
    );
    expect(await tollgate('list')).not.toContain(ADDRESS.hotel);
  });

  it('nor by one that is forged where the AMI user may write nothing: its eventfilter keeps the name away', async () => {
    if (!stage) return;
    const { pbx, stranger, asterisk } = stage;
    await stranger.run('ip', ['address', 'add', `${REGISTERING}/25`, 'dev', 'to-internet']);
    const reader = (await readFile(join(checkout(), 'dialplan/manager-tollgate.conf'), 'utf8'))
      .replace('[tollgate]', '[reader]')
      .replace('write = system', 'write =');
    const file = '/etc/asterisk/manager.conf';
    await asterisk.room.write(file, `${await asterisk.room.read(file)}\n${reader.replace('@SECRET@', SECRET)}`);
    await asterisk.rx('manager reload');
    const relay = await relayTo(pbx, 5038);
    ending.push(() => relay.close());
    const reduced = openPhones({
      ami: { host: 'localhost', port: relay.path, user: 'reader', secret: SECRET },
      listening: { iaxPort: 4569, rtp: { protocol: 'udp', first: 10000, last: 20000 } },
      ...{ proc: procFiles, clock, random: randomBytes, log: () => undefined },
    });
    ending.push(() => reduced.stop());
    const from: string[] = [];
    reduced.onLogin(({ address }) => from.push(address));
    reduced.start();
    await until(() => reduced.state.state === 'reduced', 'a connection for events alone');
    for (const shownAs of [`${FORGED}@${ADDRESS.pbx}`, undefined]) {
      const to = { from: REGISTERING, server: ADDRESS.pbx, serverPort: PORT, ...(shownAs && { shownAs }) };
      const phone = await openPhone(stranger, { user: '701', password: '73914628', ...to });
      phones.push(phone);
      await phone.register();
    }
    await until(() => from.includes(REGISTERING), 'the true login');
    expect(from).not.toContain(ADDRESS.hotel);
  });

  it('is for nobody who guesses ten passwords: he is blocked', async () => {
    if (!stage) return;
    const { tollgate, stranger } = stage;
    await stranger.run('ip', ['address', 'add', `${GUESSER}/25`, 'dev', 'to-internet']);
    for (let times = 0; times < 10; times++) {
      const at = { from: GUESSER, server: ADDRESS.pbx, serverPort: PORT };
      const phone = await openPhone(stranger, { user: '701', password: `guess-${times}`, ...at });
      phones.push(phone);
      expect(await phone.register()).toBe(403);
    }
    await until(async () => (await tollgate('list')).includes(GUESSER), 'a block of the guesser');
  });
});
