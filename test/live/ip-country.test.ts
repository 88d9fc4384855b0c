/** Calls from permitted countries and from strangers, on the real Asterisk, as the dialplan that ships treats them. */
import '../support/patience';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout } from '../../src/lab/checkout';
import type { Host } from '../../src/lab/host';
import { startNameServer, type RunningNameServer } from '../../src/lab/name-server';
import { openPhone, type Phone, type PhoneCall } from '../../src/lab/phone';
import { ADDRESS, ADDRESS6, setStage, type Stage } from '../../src/lab/stage';
import { ASTERISK_22, NSD, tree } from '../../src/lab/trees';
import { describeAsRoot } from '../support/as-root';
import { stepsOf } from '../support/dialplan-steps';
import { FREEPBX_GENERATED, FREEPBX_INCLUDES } from '../support/freepbx-dialplan';
import { callByIax } from '../support/iax-call';
import { until } from '../support/until';

/**
 * 1…: plain Asterisk. 2…: a trunk of FreePBX. 3…: an anonymous caller of FreePBX. 4…: strangers go elsewhere. 5…: a copy of
 * our dialplan that still gives the address as an argument.
 */
const EXTENSIONS = `
[from-outside]
exten => _1X.,1,Gosub(tollgate-ip-country,s,1)
 same => n,Goto(inside,\${EXTEN},1)
exten => _2X.,1,Goto(from-trunk-tollgate,\${EXTEN},1)
exten => _3X.,1,Goto(from-sip-external,\${EXTEN},1)
exten => _4X.,1,Set(TOLLGATE_STRANGER_GOTO=elsewhere,s,1)
 same => n,Gosub(tollgate-ip-country,s,1)
 same => n,Goto(inside,\${EXTEN},1)
exten => _5X.,1,Set(TOLLGATE_ADDRESS=\${CHANNEL(pjsip,remote_addr)})
 same => n,AGI(agi://127.0.0.1:4573/ip-country,\${TOLLGATE_ADDRESS})
 same => n,GotoIf(\$["\${STRANGER}" != "false"]?elsewhere,s,1)
 same => n,Goto(inside,\${EXTEN},1)
[inside]
exten => _X.,1,Answer()
 same => n,Wait(60)
[elsewhere]
exten => s,1,Answer()
 same => n,Hangup()
[globals]
ALLOW_SIP_ANON=yes
${FREEPBX_INCLUDES}`;
/** Trunks in a stranger's country, as the settings of Asterisk have them: within a network, and by a name. */
const TRUNK = { matched: '192.0.2.221', named: '192.0.2.222' } as const;
const CARRIER = 'carrier.example.com';
const PJSIP = `
[anonymous]
type = endpoint
context = from-outside
disallow = all
allow = ulaw
direct_media = no
[matched]
type = endpoint
context = from-outside
disallow = all
allow = ulaw
direct_media = no
[matched]
type = identify
endpoint = matched
match = 192.0.2.220/31
[named]
type = endpoint
context = from-outside
aors = named
[named]
type = aor
contact = sip:${CARRIER}
`;
const IAX = `
[general]
bindport = 4569
calltokenoptional = 0.0.0.0/0.0.0.0
[trunk]
type = user
context = from-trunk-tollgate
requirecalltoken = no
disallow = all
allow = ulaw
`;
const SETTINGS = `[dns]
servers = ["${ADDRESS.carrier}"]
[country]
calls = "enforce"
`;
/** What a stranger meets, step by step. */
const TURNED_AWAY = ['Answer', 'Wait', 'Zapateller', 'Playback', 'Hangup'];
/** Asterisk decodes it and writes it, line breaks and all, into what AGI is told. */
const ARGUMENT = `%0aagi_arg_1%3a%20${ADDRESS.hotel}%0aagi_network_script%3a%20ip-country?${ADDRESS.hotel}`;
/** Takes the question and never answers. */
const SILENT = `require('net').createServer(() => undefined).listen(4573, '127.0.0.1', () => console.log('listening'))`;

interface From {
  readonly host: 'hotel' | 'stranger';
  readonly family?: 4 | 6;
  readonly shownAs?: string;
  /** Another address of that host. */
  readonly from?: string;
}

describeAsRoot('a call from outside', () => {
  let stage: Stage;
  let daemon: ChildProcess;
  let names: RunningNameServer;
  const phones: Phone[] = [];

  beforeAll(async () => {
    const shipped = (name: string) => readFile(join(checkout(), 'dialplan', name), 'utf8');
    stage = await setStage(await tree(ASTERISK_22, { progress: () => undefined }), {
      settings: SETTINGS,
      asterisk: {
        'extensions.conf': EXTENSIONS,
        'extensions-tollgate-country.conf': await shipped('extensions-tollgate-country.conf'),
        'extensions-tollgate-freepbx.conf': await shipped('extensions-tollgate-freepbx.conf'),
        'extensions_override_freepbx.conf': '#include extensions-tollgate-freepbx.conf\n',
        'extensions_additional.conf': '; to be generated\n',
        'pjsip.conf': PJSIP,
        'iax.conf': IAX,
      },
    });
    await stage.tollgate('init');
    for (const home of [ADDRESS.hotel, ADDRESS6.hotel]) await stage.tollgate('range', 'permit', home);
    names = await startNameServer(stage.carrier.host, await tree(NSD, { progress: () => undefined }), 'example.com');
    await names.publish([`carrier IN A ${TRUNK.named}`]);
    for (const address of Object.values(TRUNK)) {
      await stage.stranger.run('ip', ['address', 'add', `${address}/25`, 'dev', 'to-internet']);
    }
    daemon = await stage.serve();
    // As "Apply Config" does it: all that was generated is written anew.
    await stage.asterisk.room.write('/etc/asterisk/extensions_additional.conf', FREEPBX_GENERATED);
    await stage.asterisk.rx('dialplan reload');
  });
  afterAll(async () => {
    phones.forEach((phone) => phone.close());
    await names.close();
    await stage.close();
  });

  const host = (name: From['host']): Host => stage[name];
  async function call(number: string, { host: name, family = 4, shownAs, from }: From): Promise<PhoneCall> {
    const [addresses, server] = family === 4 ? [ADDRESS, ADDRESS.pbx] : [ADDRESS6, ADDRESS6.pbx];
    const phone = await openPhone(host(name), {
      ...{ user: 'visitor', password: '', from: from ?? addresses[name], server, patienceMs: 10_000 },
      ...(shownAs !== undefined && { shownAs }),
    });
    phones.push(phone);
    const answer = await phone.call(number);
    if (typeof answer !== 'object') throw new Error(`${number} was answered with ${answer}`);
    return answer;
  }
  const callIax = (number: string, name: From['host']) =>
    callByIax(host(name), { from: ADDRESS[name], to: ADDRESS.pbx, user: 'trunk', number });

  const steps = async (number: string) => stepsOf(await stage.asterisk.log(), number);
  const does = async (number: string) => (await steps(number)).map((step) => step.does);
  const isInside = async (number: string) => (await steps(number)).some(({ context }) => context === 'inside');
  const reaches = (number: string) => until(() => isInside(number), `${number} to reach its destination`);
  const isOver = (number: string) =>
    until(async () => (await does(number)).at(-1) === 'Hangup', `${number} to be hung up`, 30_000);

  it('reaches its destination from a permitted address: SIP in both families, IAX2, and through FreePBX', async () => {
    const calls = await Promise.all([
      call('100', { host: 'hotel' }),
      call('101', { host: 'hotel', family: 6 }),
      call('202', { host: 'hotel' }),
      call('303', { host: 'hotel' }),
    ]);
    const old = await call('505', { host: 'hotel' });
    const wire = await callIax('204', 'hotel');
    const jumping = await callIax('206,dest-ext', 'hotel');
    for (const number of ['100', '101', '202', '303', '204', '505', '206,dest-ext']) await reaches(number);
    expect((await steps('206,dest-ext')).map(({ context }) => context)).toContain('app-blacklist-check');
    await Promise.all([...calls, old].map((each) => each.hangUp()));
    wire.close();
    jumping.close();
  });

  it('reaches it from the trunks of a stranger’s country that Asterisk knows by a network or a name', async () => {
    const calls = await Promise.all([
      call('105', { host: 'stranger', from: TRUNK.matched }),
      call('106', { host: 'stranger', from: TRUNK.named }),
    ]);
    for (const number of ['105', '106']) await reaches(number);
    await Promise.all(calls.map((each) => each.hangUp()));
  });

  it('hears the tone and the announcement from a stranger’s, whatever From says, and is hung up', async () => {
    const forged = `ann@${ADDRESS.hotel}`;
    const calls = await Promise.all([
      call('110', { host: 'stranger', shownAs: `1${ARGUMENT}@x` }),
      call('111', { host: 'stranger', shownAs: forged }),
      call('112', { host: 'stranger', family: 6 }),
      call('213', { host: 'stranger', shownAs: '1%0a%0a@x' }),
      call(`117${ARGUMENT}%0a%0a`, { host: 'stranger' }),
      call('314', { host: 'stranger', shownAs: forged }),
      call('415', { host: 'stranger' }),
      call('516', { host: 'stranger', shownAs: `1${ARGUMENT}@x` }),
      call('517', { host: 'stranger', shownAs: '1%0a%0aHANGUP%0a%0a@x' }),
    ]);
    const wire = await callIax('216', 'stranger');
    await Promise.all(calls.map((each) => each.ended));
    const dialled = decodeURIComponent(`117${ARGUMENT}%0a%0a`);
    for (const number of ['110', '111', '112', '213', dialled, '314', '216']) {
      await isOver(number);
      expect([number, (await does(number)).slice(-TURNED_AWAY.length)]).toEqual([number, TURNED_AWAY]);
      expect([number, await isInside(number)]).toEqual([number, false]);
    }
    for (const each of calls.slice(0, 6)) expect(each.heard()).toBeGreaterThan(50);
    wire.close();
    for (const number of ['415', '516', '517'])
      expect((await steps(number)).slice(-2)).toMatchObject([{ context: 'elsewhere' }, { context: 'elsewhere' }]);
  });

  it('is told of in the journal, once for each address', async () => {
    const journal = JSON.parse(await stage.tollgate('--json', 'log')) as { action: string; what: string }[];
    const strangers = journal.filter(({ action }) => action === 'stranger').map(({ what }) => what);
    expect(strangers.sort()).toEqual([ADDRESS.stranger, ADDRESS6.stranger]);
  });

  it('meets a dialplan of ours that Asterisk has nothing against, but for the `_.` of FreePBX itself', async () => {
    const ours = /(WARNING|ERROR)\S* .*(tollgate|func_|app_)/;
    const complaints = (await stage.asterisk.log()).split('\n').filter((line) => ours.test(line));
    expect(complaints.filter((line) => !line.includes("The use of '_.'"))).toEqual([]);
  });

  it('fails open or closed, as the dialplan says, when Tollgate is stopped or does not answer', async () => {
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    const open = await call('120', { host: 'stranger' });
    await reaches('120');
    await open.hangUp();
    const silent = stage.pbx.spawn(process.execPath, ['-e', SILENT], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (silent.stdout) await once(silent.stdout, 'data');
    await stage.asterisk.rx('dialplan set global TOLLGATE_COUNTRY_SECONDS 1');
    const late = await call('121', { host: 'hotel' });
    await reaches('121');
    await late.hangUp();
    await stage.asterisk.rx('dialplan set global TOLLGATE_COUNTRY_FAIL closed');
    const unheard = call('122', { host: 'hotel' });
    await until(async () => (await does('122')).includes('Zapateller'), 'the silent one to be given up');
    silent.kill('SIGKILL');
    const stopped = await call('123', { host: 'hotel' });
    await until(async () => (await does('123')).includes('Zapateller'), 'the stopped one to be given up');
    expect([await isInside('122'), await isInside('123')]).toEqual([false, false]);
    await Promise.all([stopped.hangUp(), (await unheard).hangUp()]);
  });
});
