import type { ExplainShape } from '../../../src/domain/shapes';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const PHONE = '198.51.100.77';

let gate: TestGate;
let firewall: MemoryFirewall;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  await gate.operations.init({ by });
});
afterEach(() => gate.close());

const explain = (what = PHONE) => gate.operations.explain({ what });
const inForce = async (mode: 'guard' | 'secure') => {
  const state = await gate.store.modeState();
  await gate.store.saveModeState({ ...state, mode, trial: undefined });
  await gate.reconcile();
};
/** `9 no entry: no entry lets this address in.`, of one service. */
const why = ({ because, verdict }: ExplainShape, service: string) => {
  const reason = because.find(({ text }) => text.startsWith(`${service}: `));
  return `${verdict[service] ?? '?'}, ${reason?.step ?? '?'}: ${reason?.text.slice(service.length + 2) ?? '?'}`;
};
const step = ({ because }: ExplainShape, name: string) => because.find((reason) => reason.step === name);

describe('the step that decides', () => {
  it('before init there is none', async () => {
    await gate.operations.firewallRemove({ by });
    const shape = await explain();
    expect(shape.verdict['sip']).toBe('accept');
    expect(shape.because[0]).toMatchObject({ step: 'no rules', hint: 'run "tollgate init"' });
  });

  it('in watch everything is let in, and it is told what guard would do', async () => {
    await gate.operations.allow({ by, what: PHONE, services: ['ssh'] });
    const shape = await explain();
    expect(why(shape, 'sip')).toBe(
      'accept, not guarded: only watched: nothing but blocks is dropped (guard would drop it).',
    );
    expect(why(shape, 'ssh')).toMatch(/^accept, 6 entry: open by entry 1 \(198\.51\.100\.77\) for good\.$/);
  });

  it('in guard sets decide over guarded ports, and the admin’s own rules over the others', async () => {
    await inForce('guard');
    await gate.operations.allow({ by, what: '198.51.100.0/24', services: ['rtp'] });
    const shape = await explain();
    expect(why(shape, 'sip')).toBe('drop, 9 no entry: no entry lets this address in.');
    expect(why(shape, 'ssh')).toBe('accept, not guarded: not guarded: your own rules decide.');
    expect(why(shape, 'rtp')).toMatch(/^accept, 6 entry/);
    expect(shape.because[0]?.hint).toBe(`tollgate allow ${PHONE} --service sip`);
  });

  it('in secure everything else is dropped, and one command opens what a phone needs', async () => {
    await inForce('secure');
    const shape = await explain();
    expect(Object.values(shape.verdict)).toEqual(Object.values(shape.verdict).map(() => 'drop'));
    expect(shape.because[0]?.hint).toBe(`tollgate allow ${PHONE}`);
    expect(step(shape, '8 replies')).toBeDefined();
  });

  it('a block comes before an entry', async () => {
    await inForce('guard');
    await gate.operations.allow({ by, what: PHONE });
    const { id } = await gate.operations.block({ by, what: '198.51.100.70-80', note: 'Rude.' });
    const shape = await explain();
    expect(why(shape, 'sip')).toBe('drop, 3 block: blocked (Rude).');
    expect(shape.because[0]).toMatchObject({ entry: id, by, hint: `tollgate unblock ${id}` });
    expect(step(shape, '6 entry')?.text).toMatch(/^A block comes before entries.*open by entry 1/);
  });

  it('an own address from outside is forged', async () => {
    gate.scene.addresses = [
      { address: address('203.0.113.1'), network: address('203.0.113.0/24'), device: 'eth0', isDynamic: false },
    ];
    await inForce('secure');
    expect(why(await explain('203.0.113.1'), 'sip')).toMatch(/^drop, 1 own address: it is this machine's own address/);
  });

  it('a trusted network counts only on its device', async () => {
    const lan = address('192.168.7.0/24');
    gate.scene.routes = [{ to: lan, device: 'eth1', gateway: undefined, byDhcp: false }];
    const state = await gate.store.modeState();
    await gate.store.saveModeState({ ...state, links: { trusted: [{ network: lan, device: 'eth1' }] } });
    await inForce('guard');
    expect(why(await explain('192.168.7.9'), 'sip')).toBe('accept, 5 trusted: 192.168.7.0/24 is trusted on eth1.');
    gate.scene.routes = [{ to: lan, device: 'eth0', gateway: undefined, byDhcp: false }];
    expect(why(await explain('192.168.7.9'), 'sip')).toMatch(/^drop, 9 no entry/);
  });

  it('sound of a phone that was closed is dropped, and so are its answers', async () => {
    await inForce('secure');
    await gate.operations.allow({ by, what: PHONE });
    await gate.operations.revoke({ by, what: PHONE });
    const shape = await explain();
    expect(why(shape, 'rtp')).toBe('drop, 7 closed phone: its door was open until lately: no sound goes on.');
    expect(step(shape, '7 closed phone')?.text).toBeDefined();
    expect(step(shape, '8 replies')).toBeUndefined();
  });

  it('is what the mode on trial says, while it is on trial', async () => {
    await gate.operations.guard({ by, lose: [], withinSeconds: 60 });
    const shape = await explain();
    expect(why(shape, 'sip')).toMatch(/^drop, 9 no entry/);
    expect(step(shape, 'trial')).toMatchObject({ hint: 'tollgate confirm keeps it' });
    await gate.clock.advance(60_000);
    expect(why(await explain(), 'sip')).toMatch(/^accept, not guarded/);
  });
});

describe('what else is known', () => {
  it('the entry through its group, since when and by whom', async () => {
    const { id } = await gate.operations.allow({ by, what: '198.51.100.70-80', services: ['sip'] });
    const reason = (await explain()).because.find(({ text }) => text.startsWith('sip: '));
    expect(reason).toMatchObject({ entry: id, by, packets: 0, since: gate.clock.now().toISOString() });
    expect(reason?.text).toBe(
      `sip: open by entry ${id} (198.51.100.70-198.51.100.80, through 198.51.100.72/29) for good.`,
    );
  });

  it('that the kernel does not hold what the store says', async () => {
    await gate.operations.allow({ by, what: PHONE, services: ['sip'] });
    await firewall.change([{ set: 'sip', network: address(PHONE), until: undefined }]);
    expect((await explain()).because.find(({ text }) => text.startsWith('sip: '))?.hint).toContain('firewall apply');
  });

  it('that it was open until lately, and how it is opened again', async () => {
    await inForce('guard');
    await gate.operations.allow({ by, what: PHONE, services: ['sip', 'rtp'], seconds: 60 });
    await gate.clock.advance(61_000);
    await gate.tick();
    const ended = step(await explain(), 'ended');
    expect(ended?.text).toMatch(/^It was open for sip, rtp until \d{4}-.*Z\.$/);
    expect(ended).toMatchObject({ entry: 1, by, hint: `tollgate allow ${PHONE} --service sip,rtp` });
    await gate.operations.allow({ by, what: PHONE });
    expect(step(await explain(), 'ended')).toBeUndefined();
    await gate.clock.advance(8 * 86_400_000);
    expect(step(await explain(), 'ended')).toBeUndefined();
  });

  it('another chain of its family that may still drop it, and what protects it', async () => {
    jest.spyOn(firewall, 'neighbours').mockResolvedValue([
      { family: 4, text: 'chain x may still drop what is open' },
      { family: 6, text: 'chain y may still drop what is open' },
    ]);
    await gate.operations.allow({ by, what: PHONE });
    const shape = await explain();
    expect(shape.because.filter((reason) => reason.step === 'another chain')).toHaveLength(1);
    expect(step(shape, 'protected')?.text).toContain('let in by entry 1');
  });

  it('which phone Asterisk heard there', async () => {
    await gate.store.saveHeard([{ name: '701', kind: 'phone', address: address(PHONE) }], gate.clock.now());
    expect(step(await explain(), 'heard')?.text).toBe('Asterisk heard phone 701 from there in the last day.');
  });
});

describe('what may be asked for', () => {
  it.each([
    ['198.51.100.64/28', '198.51.100.64/28'],
    ['198.51.100.0 255.255.255.0', '198.51.100.0/24'],
    ['desks', '198.51.100.70/31'],
    ['#1', '198.51.100.70/31'],
    ['entry 1', '198.51.100.70/31'],
    ['198.51.100.70-80', '198.51.100.70/31'],
  ])('%s', async (what, shown) => {
    await gate.operations.allow({ by, what: '198.51.100.70-80', name: 'desks' });
    const shape = await explain(what);
    expect(shape.address).toBe(shown);
    expect(step(shape, 'name') !== undefined).toBe(!/^[\d./ ]+$/.test(what));
  });

  it.each(['nobody', '99', 'nowhere.example.com'])('%s stands for nothing', async (what) => {
    await expect(explain(what)).rejects.toThrow(/stands for no address now|is no address/);
  });
});
