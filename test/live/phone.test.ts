import { connect, makeHost, type Host } from '../../src/lab/host';
import { startAsterisk, type RunningAsterisk } from '../../src/lab/asterisk';
import { openPhone, type Phone, type PhoneCall } from '../../src/lab/phone';
import { ASTERISK_22, tree } from '../../src/lab/trees';
import { baseConfig } from '../../src/lab/asterisk';
import { until } from '../support/until';

let pbx: Host;
let hotel: Host;
let asterisk: RunningAsterisk;
const phones: Phone[] = [];

const PJSIP = `
[701]
type = endpoint
context = phones
disallow = all
allow = ulaw
auth = 701
aors = 701
[701]
type = auth
auth_type = digest
username = 701
password = s3cret
[701]
type = aor
max_contacts = 50
`;
const EXTENSIONS = `[phones]
exten => 100,1,Answer()
 same => n,Read(KEYS,demo-congrats,8,,1,5)
 same => n,Verbose(1,keys \${KEYS})
 same => n,Echo()
`;

beforeAll(async () => {
  pbx = await makeHost('pbx');
  hotel = await makeHost('hotel');
  await connect(pbx, ['203.0.113.1/24', '2001:db8::1/64'], hotel, ['203.0.113.77/24', '2001:db8::77/64']);
  const base = await baseConfig();
  asterisk = await startAsterisk(pbx, {
    tree: await tree(ASTERISK_22, { progress: (line) => process.stderr.write(`${line}\n`) }),
    config: { 'pjsip.conf': `${base['pjsip.conf'] ?? ''}${PJSIP}`, 'extensions.conf': EXTENSIONS },
  });
});
afterAll(async () => {
  phones.forEach((phone) => phone.close());
  await asterisk.close();
  hotel.close();
  pbx.close();
});

async function phone(from: string, protocol: 'udp' | 'tcp', password = 's3cret'): Promise<Phone> {
  const server = from.includes(':') ? '2001:db8::1' : '203.0.113.1';
  const made = await openPhone(hotel, { user: '701', password, protocol, from, server, patienceMs: 1500 });
  phones.push(made);
  return made;
}

const isCall = (outcome: unknown): outcome is PhoneCall => typeof outcome === 'object';

describe.each([
  ['203.0.113.77', 'udp', 'iptables'],
  ['203.0.113.77', 'tcp', 'iptables'],
  ['2001:db8::77', 'udp', 'ip6tables'],
  ['2001:db8::77', 'tcp', 'ip6tables'],
] as const)('a telephone at %s over %s', (from, protocol, tables) => {
  it('registers with the right password and not with a wrong one', async () => {
    expect(await (await phone(from, protocol)).register()).toBe(200);
    expect(await (await phone(from, protocol, 'guessed')).register()).toBe(401);
  });

  it('tells silence from refusal, and goes on with the very same request when the door opens', async () => {
    const caller = await phone(from, protocol);
    const rule = ['INPUT', '-p', protocol, '--dport', '5060', '-j'];
    await pbx.run(tables, ['-A', ...rule, 'DROP']);
    expect(await caller.register()).toBe('silent');
    await pbx.run(tables, ['-D', ...rule, 'DROP']);
    expect(await caller.register()).toBe(200);
    await pbx.run(tables, ['-A', ...rule, 'REJECT', ...(protocol === 'tcp' ? ['--reject-with', 'tcp-reset'] : [])]);
    expect(await caller.options()).toBe('refused');
    await pbx.run(tables, ['-D', ...rule, 'REJECT', ...(protocol === 'tcp' ? ['--reject-with', 'tcp-reset'] : [])]);
    expect(await caller.options()).toBe(200);
  });

  it('talks: audio both ways, keys arrive, and it hears when the far end hangs up', async () => {
    const caller = await phone(from, protocol);
    const call = await caller.call('100');
    if (!isCall(call)) throw new Error(`no call: ${call}`);
    await call.press('12*34#');
    await until(async () => (await asterisk.log()).includes('keys 12*34'), 'the keys');
    const heard = call.heard();
    await until(() => call.heard() > heard + 20, 'the echo');
    await asterisk.rx('channel request hangup all');
    await call.ended;
    expect(caller.requests()).toContain('BYE');
    expect(await caller.call('999')).toBe(404);
  });
});
