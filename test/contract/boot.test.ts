/** Nobody hears that a door is open, or closed, before a reboot knows it too: on a kernel in memory and on the real one. */
import type { Change } from '../../src/domain/firewall';
import type { Until } from '../../src/domain/entry';
import { describeAsRoot } from '../support/as-root';
import { fakeFirewall, PBX, realFirewall, type FirewallUnderTest } from '../support/firewall-host';
import { memorySaved, type MemorySaved } from '../support/memory-saved';
import { net } from '../support/net';

const HOUR = 3_600_000;

describe('a kernel in memory', () => describeBoot((saved) => fakeFirewall({ saved })));
describeAsRoot('the real kernel', () => describeBoot((saved) => realFirewall({ saved })));

function describeBoot(open: (saved: MemorySaved) => Promise<FirewallUnderTest>): void {
  let saved: MemorySaved;
  let under: FirewallUnderTest;
  beforeEach(async () => {
    saved = memorySaved();
    under = await open(saved);
  });
  afterEach(() => under.end());

  const inMs = (ms: number) => new Date(under.clock.now().getTime() + ms);
  const to = (set: string, network: string, until: Until | undefined): Change => ({
    set,
    network: net(network),
    until,
  });
  const change = (...changes: Change[]) => under.firewall.change(changes);
  const held = async () =>
    (await under.firewall.members()).map(({ set, network }) => `${set} ${network}`).sort((a, b) => a.localeCompare(b));
  const apply = (...opened: string[]) =>
    under.firewall.apply(PBX, new Map([['sip', new Map(opened.map((text) => [net(text), 'forever' as const]))]]));
  const savedLines = () => (saved.text() ?? '').split('\n').filter((line) => /^(add|del) /.test(line));

  it('an opening, a renewal and a closing are saved when they are acknowledged', async () => {
    await apply();
    await change(to('sip', '192.0.2.1', inMs(HOUR)), to('was', '192.0.2.1', inMs(HOUR)));
    expect(savedLines()).toEqual([expect.stringMatching(/^add tg-sip4 192\.0\.2\.1 \d{10}$/)]);
    await change(to('sip', '192.0.2.1', 'forever'));
    await change(to('sip', '192.0.2.1', undefined));
    expect(savedLines().slice(1)).toEqual(['add tg-sip4 192.0.2.1', 'del tg-sip4 192.0.2.1']);
  });

  it('a state that did not come about is not saved, and what was goes on', async () => {
    await apply('192.0.2.1');
    const before = saved.text();
    under.failAt((file, args) => file === 'ip6tables-restore' && !args.includes('--test'));
    const guard = under.firewall.apply({ ...PBX, mode: 'guard' }, new Map());
    await expect(guard).rejects.toMatchObject({ code: 'FIREWALL_FAILED' });
    under.failAt(() => false);
    expect(saved.text()).toBe(before);
    await change(to('sip', '192.0.2.2', 'forever'));
    expect(saved.text()).toMatch(/^add tg-sip4 192\.0\.2\.1\n[^]*^add tg-sip4 192\.0\.2\.2\n$/m);
    expect(saved.text()).not.toContain('GUARD');
  });

  it('what the kernel refused is not saved', async () => {
    await apply();
    const most = Array.from({ length: 51 }, (_, i) => to('sip', `192.0.2.${i}`, 'forever'));
    await expect(change(...most)).rejects.toThrow('is full');
    expect(savedLines()).toEqual([]);
  });

  it('a block that gave way does not come back', async () => {
    await apply();
    await change(...Array.from({ length: 50 }, (_, i) => to('block', `192.0.2.${i}`, inMs(HOUR + i * 60_000))));
    await change(to('block', '192.0.2.99', inMs(HOUR)));
    expect(savedLines().slice(50)).toEqual(['del tg-block4 192.0.2.0', expect.stringMatching(/^add .*\.99 /)]);
  });

  it('with a full disk nothing opens, for longer or at all; what closes is closed; everybody hears of it', async () => {
    await apply('192.0.2.1', '192.0.2.2');
    await change(to('sip', '192.0.2.3', inMs(HOUR)), to('block', '192.0.2.66', 'forever'));
    saved.fill(true);
    const failing = await Promise.allSettled([
      change(to('sip', '192.0.2.9', 'forever'), to('sip', '192.0.2.2', undefined)), // opens, and closes in return
      change(to('sip', '192.0.2.3', inMs(2 * HOUR))),
      change(to('block', '192.0.2.66', undefined)),
      change(to('sip', '192.0.2.1', undefined), to('was', '192.0.2.1', inMs(HOUR))),
      change(to('block', '192.0.2.67', 'forever')),
    ]);
    const told = failing.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : one.status));
    expect(new Set(told)).toEqual(new Set(['FIREWALL_FAILED']));
    expect(await held()).toEqual([
      'block 192.0.2.66',
      'block 192.0.2.67',
      'sip 192.0.2.2',
      'sip 192.0.2.3',
      'was 192.0.2.1',
    ]);
    const left = (await under.firewall.members()).find(({ network }) => network === net('192.0.2.3'))?.secondsLeft;
    expect(left).toBeLessThanOrEqual(3600);
    saved.fill(false);
    await change(to('sip', '192.0.2.4', 'forever'));
    const kept = savedLines().map((line) => line.split(' ').slice(1, 3).join(' '));
    const blocks = ['tg-block4 192.0.2.66', 'tg-block4 192.0.2.67'];
    expect(kept.sort()).toEqual([...blocks, 'tg-sip4 192.0.2.2', 'tg-sip4 192.0.2.3', 'tg-sip4 192.0.2.4']);
  });

  it('with a full disk the end of a lease is brought forward all the same', async () => {
    await apply();
    await change(to('sip', '192.0.2.1', inMs(2 * HOUR)));
    saved.fill(true);
    await expect(change(to('sip', '192.0.2.1', inMs(HOUR)))).rejects.toMatchObject({ code: 'FIREWALL_FAILED' });
    expect((await under.firewall.members())[0]?.secondsLeft).toBeLessThanOrEqual(3600);
  });

  it('a mode that could not be saved is not called one; the next one to be applied is', async () => {
    saved.fill(true);
    await expect(apply('192.0.2.1')).rejects.toThrow('could not be written');
    saved.fill(false);
    expect(await apply('192.0.2.1')).toEqual([]);
    expect(savedLines()).toEqual(['add tg-sip4 192.0.2.1']);
  });

  it('what was removed does not come back', async () => {
    await apply('192.0.2.1');
    await under.firewall.remove();
    expect(saved.text()).toBeUndefined();
  });
}
