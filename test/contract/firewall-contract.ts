/** What every kernel, fake or real, has to show of the firewall. */
import type { Elements, Policy } from '../../src/domain/firewall';
import type { Until } from '../../src/domain/entry';
import type { Network } from '../../src/domain/network';
import type { Run } from '../../src/ports';
import { PBX, type FirewallUnderTest } from '../support/firewall-host';
import { net } from '../support/net';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export function describeFirewall(name: string, open: () => Promise<FirewallUnderTest>, theDescribe = describe): void {
  theDescribe(`the firewall on ${name}`, () => {
    let under: FirewallUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => {
      await under.end();
    });

    const inMs = (ms: number) => new Date(under.clock.now().getTime() + ms);
    const secondsOf = async (set: string, network: string) =>
      (await under.firewall.members()).find((one) => one.set === set && one.network === net(network))?.secondsLeft;
    const has = async (set: string, network: string) =>
      (await under.firewall.members()).some((one) => one.set === set && one.network === net(network));

    /** Everything that we may be told to be, by name. */
    const states = (): Readonly<Record<string, readonly [Policy, Elements]>> => {
      const shared = [{ protocol: 'tcp' as const, first: 5061, last: 5070 }]; // a port of sip's in it
      const guarded = PBX.services.map((one) => (one.name === 'ssh' ? { ...one, guarded: true, ports: shared } : one));
      const trial = (mode: 'guard' | 'secure') => ({ mode, until: inMs(HOUR) });
      const trusted = [{ network: net('192.168.1.0/24'), device: 'eth1' }];
      return {
        'watch, empty': [PBX, new Map()],
        'watch, trying guard': [{ ...PBX, trial: trial('guard') }, sip('192.0.2.1', inMs(HOUR))],
        'guard, one lease': [{ ...PBX, mode: 'guard' }, sip('192.0.2.1', inMs(HOUR))],
        'guard, a longer one and one for good': [
          { ...PBX, mode: 'guard', services: guarded, trusted },
          new Map([
            ['sip', members([net('192.0.2.1'), inMs(2 * HOUR)], [net('2001:db8::/64'), 'forever'])],
            ['block', new Map([[net('0.0.0.0/0'), inMs(HOUR)]])],
          ]),
        ],
        'guard, trying secure': [{ ...PBX, mode: 'guard', trial: trial('secure') }, sip('::102:304', 'forever')],
        'secure, no pings': [{ ...PBX, mode: 'secure', answerPings: false, trusted }, sip('192.0.2.0/24', inMs(HOUR))],
      };
    };

    it('reaches every state from every state, and then has nothing left to do', async () => {
      for (const [from, first] of Object.entries(states())) {
        for (const [to, second] of Object.entries(states())) {
          await under.firewall.apply(...first);
          await under.firewall.apply(...second);
          expect([from, to, await under.firewall.plan(...second)]).toEqual([from, to, []]);
        }
      }
    });

    it('tells beforehand exactly what it then sends', async () => {
      const [policy, elements] = state('guard, trying secure');
      const planned = await under.firewall.plan(policy, elements);
      expect(await under.firewall.rules()).toEqual([]);
      expect(timeless(await under.firewall.apply(policy, elements))).toEqual(timeless(planned));
      expect(await under.firewall.rules()).toContain('-A INPUT -j TOLLGATE');
    });

    it.each([
      ['flushes our chain', 'iptables', '-F TOLLGATE'],
      ['empties a mode’s chain', 'ip6tables', '-F TOLLGATE-GUARD'],
      ['deletes our hook', 'iptables', '-D INPUT -j TOLLGATE'],
      ['puts a rule in front of our hook', 'ip6tables', '-I INPUT 1 -p tcp -j ACCEPT'],
      ['hooks us twice', 'iptables', '-A INPUT -j TOLLGATE'],
      ['adds a chain with our name', 'iptables', '-N TOLLGATE-OLD'],
      ['removes a member', 'ipset', 'del tg-sip4 192.0.2.1'],
      ['makes a lease longer', 'ipset', 'add tg-sip4 192.0.2.1 timeout 0 -exist'],
      ['adds a member', 'ipset', 'add tg-iax6 2001:db8::5'],
      ['empties a set', 'ipset', 'flush tg-sip4'],
      ['adds a set with our name', 'ipset', 'create tg-old4 hash:net'],
    ])('mends it when somebody %s', async (_what, tool, words) => {
      const [policy, elements] = state('guard, one lease');
      await under.firewall.apply(policy, elements);
      await under.run(tool, words.split(' '));
      expect(await under.firewall.plan(policy, elements)).not.toEqual([]);
      await under.firewall.apply(policy, elements);
      expect(await under.firewall.plan(policy, elements)).toEqual([]);
    });

    it('mends a set that was replaced by one that holds less, without a rule losing it', async () => {
      const [policy, elements] = state('guard, one lease');
      await under.firewall.apply(policy, elements);
      await under.run('ipset', 'create other hash:net family inet maxelem 5 timeout 0 counters'.split(' '));
      await under.run('ipset', ['swap', 'tg-sip4', 'other']);
      await under.run('ipset', ['destroy', 'other']);
      await under.firewall.apply(policy, elements);
      expect(await under.firewall.plan(policy, elements)).toEqual([]);
      expect(await has('sip', '192.0.2.1')).toBe(true);
    });

    it.each(['iptables-restore', 'ip6tables-restore'])(
      'changes both families or neither when %s fails',
      async (tool) => {
        const [before, after] = [state('guard, one lease'), state('secure, no pings')];
        await under.firewall.apply(...before);
        under.failAt((file, args) => file === tool && !args.includes('--test'));
        await expect(under.firewall.apply(...after)).rejects.toMatchObject({ code: 'FIREWALL_FAILED' });
        under.failAt(() => false);
        expect(await under.firewall.plan(...before)).toEqual([]);
      },
    );

    it.each(['iptables-restore', 'ip6tables-restore'])(
      'leaves nothing behind when the very first %s fails',
      async (tool) => {
        under.failAt((file) => file === tool);
        await expect(under.firewall.apply(...state('guard, one lease'))).rejects.toMatchObject({
          code: 'FIREWALL_FAILED',
        });
        under.failAt(() => false);
        expect(await under.run('ipset', ['save'])).toBe('');
        expect(await under.firewall.rules()).toEqual([]);
      },
    );

    it('says so when the kernel does not keep what it is given', async () => {
      under.swallowAt((file) => file === 'ip6tables-restore');
      await expect(under.firewall.apply(...state('guard, one lease'))).rejects.toMatchObject({
        code: 'FIREWALL_DRIFT',
      });
    });

    it('gives a lease what is left of it, never more, and no more than 20 days at once', async () => {
      const elements: Elements = new Map([
        [
          'sip',
          members(
            [net('192.0.2.1'), inMs(1999)],
            [net('192.0.2.2'), inMs(30 * DAY)],
            [net('192.0.2.3'), inMs(-1)],
            [net('192.0.2.4'), inMs(500)],
            [net('192.0.2.5'), 'forever'],
            [net('192.0.2.6'), inMs(2_147_484_000)],
          ),
        ],
      ]);
      const lines = await under.firewall.plan(PBX, elements);
      expect(lines.filter((line) => line.startsWith('add'))).toEqual([
        'add tg-sip4 192.0.2.1 timeout 1',
        'add tg-sip4 192.0.2.2 timeout 1728000',
        'add tg-sip4 192.0.2.4 timeout 1',
        'add tg-sip4 192.0.2.5 timeout 0',
        'add tg-sip4 192.0.2.6 timeout 1728000',
      ]);
      await under.firewall.apply(PBX, elements);
      expect(await has('sip', '192.0.2.3')).toBe(false);
      expect(await secondsOf('sip', '192.0.2.5')).toBeUndefined();
      expect((await under.firewall.plan(PBX, elements)).filter((line) => /192\.0\.2\.[256]/.test(line))).toEqual([]);
    });

    it('changes members, renews and shortens them, and removes them', async () => {
      await under.firewall.apply(PBX, new Map());
      await under.firewall.change([
        { set: 'sip', network: net('192.0.2.1'), until: inMs(HOUR) },
        { set: 'sip', network: net('::102:304'), until: 'forever' },
        { set: 'rtp', network: net('2001:db8::/64'), until: inMs(40 * DAY) },
      ]);
      expect(await secondsOf('sip', '192.0.2.1')).toBeGreaterThan(3590);
      expect(await has('sip', '::102:304')).toBe(true);
      expect(await secondsOf('rtp', '2001:db8::/64')).toBeGreaterThan(20 * 24 * 3600 - 10);
      await under.firewall.change([{ set: 'sip', network: net('192.0.2.1'), until: inMs(60_000) }]);
      expect(await secondsOf('sip', '192.0.2.1')).toBeLessThanOrEqual(60);
      await under.firewall.change([
        { set: 'sip', network: net('192.0.2.1'), until: undefined },
        { set: 'sip', network: net('::102:304'), until: inMs(-1) },
        { set: 'rtp', network: net('2001:db8::9'), until: undefined },
      ]);
      expect(await has('sip', '192.0.2.1')).toBe(false);
      expect(await has('sip', '::102:304')).toBe(false);
      expect(await has('rtp', '2001:db8::/64')).toBe(true);
    });

    it('tells the members of one set alone, and of one that is not there', async () => {
      const { firewall } = under;
      expect(await firewall.members('was')).toEqual([]);
      const was = [['was', members([net('2001:db8::7'), 'forever'])]] as const;
      await firewall.apply(PBX, new Map([...sip('192.0.2.7', 'forever'), ...was]));
      expect((await firewall.members('was')).map((one) => [one.set, one.network])).toEqual([['was', '2001:db8::7']]);
    });

    it('closes an address although a wider network of the set covers it', async () => {
      await under.firewall.apply(PBX, sip('192.0.2.0/24', 'forever'));
      await under.firewall.change([{ set: 'sip', network: net('192.0.2.1'), until: 'forever' }]);
      await under.firewall.change([{ set: 'sip', network: net('192.0.2.1'), until: undefined }]);
      expect((await under.firewall.members()).map(({ network }) => network)).toEqual(['192.0.2.0/24']);
    });

    it('puts every member of a call back when one fails, and harms no other call', async () => {
      await under.firewall.apply(PBX, sip('192.0.2.1', inMs(HOUR)));
      await under.run('ipset', ['destroy', 'tg-all4']).catch(() => under.run('ipset', ['del', 'tg-sip4', 'x']));
      const failing = under.firewall.change([
        { set: 'sip', network: net('192.0.2.1'), until: undefined },
        { set: 'sip', network: net('192.0.2.2'), until: 'forever' },
        { set: 'all', network: net('192.0.2.2'), until: 'forever' },
      ]);
      const other = under.firewall.change([{ set: 'sip', network: net('192.0.2.9'), until: 'forever' }]);
      await expect(failing).rejects.toMatchObject({
        code: 'FIREWALL_FAILED',
        hint: expect.stringContaining('apply') as string,
      });
      await other;
      expect(await secondsOf('sip', '192.0.2.1')).toBeGreaterThan(3590);
      expect(await has('sip', '192.0.2.2')).toBe(false);
      expect(await has('sip', '192.0.2.9')).toBe(true);
    });

    it('goes on when its session dies, with callers waiting', async () => {
      await under.firewall.apply(PBX, new Map());
      for (let times = 0; times < 12; times++) {
        // A session that died after the last answer is noticed now: each round sees one death.
        await under.firewall.change([{ set: 'sip', network: net('198.51.100.1'), until: undefined }]);
        const until = times % 2 ? undefined : ('forever' as const);
        const changes = Array.from({ length: 40 }, (_, i) =>
          under.firewall.change([{ set: 'sip', network: net(`192.0.2.${i}`), until }]),
        );
        for (let turns = 0; turns < times; turns++) await new Promise(setImmediate); // each time a little later
        under.killSession();
        await Promise.all(changes);
        expect((await under.firewall.members()).length).toBe(times % 2 ? 0 : 40);
      }
    });

    it('lets the block that ends soonest give way when there are too many', async () => {
      await under.firewall.apply(PBX, new Map());
      const block = (i: number, ms: number) => ({ set: 'block', network: net(`192.0.2.${i}`), until: inMs(ms) });
      await under.firewall.change(
        Array.from({ length: 50 }, (_, i) => block(i, HOUR + (i === 5 ? -60_000 : 60_000 * i))),
      );
      await under.firewall.change([block(100, HOUR)]);
      expect(await has('block', '192.0.2.100')).toBe(true);
      expect(await has('block', '192.0.2.5')).toBe(false);
      expect((await under.firewall.members()).length).toBe(50);
      expect(under.logged).toContain('a block gave way because the set is full');
    });

    it('does not make a running trial longer, and clears it away when it is over', async () => {
      const trial: Policy = { ...PBX, trial: { mode: 'guard', until: inMs(30_000) } };
      await under.firewall.apply(trial, new Map());
      const left = await under.firewall.trialSecondsLeft();
      expect(left).toBeLessThanOrEqual(30);
      await under.firewall.apply(trial, new Map());
      expect(await under.firewall.trialSecondsLeft()).toBeLessThanOrEqual(left ?? 0);
      await under.firewall.apply({ ...trial, trial: { mode: 'guard', until: inMs(-1) } }, new Map());
      expect(await under.firewall.trialSecondsLeft()).toBeUndefined();
      expect((await under.firewall.rules()).filter((rule) => rule.includes('GUARD'))).toEqual([]);
    });

    it('leaves everything else byte for byte as it was when it is removed', async () => {
      for (const tool of ['iptables', 'ip6tables']) {
        const words = [
          '-N DOCKER-USER',
          '-A FORWARD -j DOCKER-USER',
          '-A DOCKER-USER -j RETURN',
          '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT',
          '-P FORWARD DROP',
        ];
        for (const rule of words) await under.run(tool, rule.split(' '));
      }
      await under.run('ipset', 'create others hash:ip family inet'.split(' '));
      await under.run('ipset', ['add', 'others', '192.0.2.77']);
      const before = await everythingElse(under.run);
      await under.firewall.apply(...state('guard, trying secure'));
      await under.firewall.change([{ set: 'sip', network: net('192.0.2.1'), until: 'forever' }]);
      await under.firewall.remove();
      expect(await everythingElse(under.run)).toEqual(before);
      await under.firewall.remove();
    });

    it.each(['trial', 'trust', 'no such', '', 'x\nflush'])('refuses to change the members of "%s"', async (set) => {
      await under.firewall.apply(PBX, new Map());
      await expect(under.firewall.change([{ set, network: net('192.0.2.1'), until: 'forever' }])).rejects.toThrow();
      expect(await under.firewall.members()).toEqual([]);
    });

    it('lets nobody suffer from what another caller got wrong', async () => {
      await under.firewall.apply(PBX, new Map());
      const change = (text: string) =>
        under.firewall.change([{ set: 'sip', network: text as ReturnType<typeof net>, until: 'forever' }]);
      const results = await Promise.allSettled(['192.0.2.1', 'example.org', '192.0.2.2'].map(change));
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    });

    it.each(['192.0.2.1\nflush tg-sip4', 'example.org', '192.0.2.1/24', '192.0.2.1 timeout 0', '010.0.0.1'])(
      'never sends %j to the kernel',
      async (text) => {
        await under.firewall.apply(PBX, sip('192.0.2.7', 'forever'));
        const network = text as ReturnType<typeof net>;
        await expect(under.firewall.change([{ set: 'sip', network, until: 'forever' }])).rejects.toThrow('canonical');
        const elements: Elements = new Map([['sip', new Map([[network, 'forever']])]]);
        await expect(under.firewall.apply(PBX, elements)).rejects.toThrow('canonical');
        expect((await under.firewall.members()).map((one) => one.network)).toEqual(['192.0.2.7']);
      },
    );

    function state(name: string): readonly [Policy, Elements] {
      const found = states()[name];
      if (!found) throw new Error(`no state ${name}`);
      return found;
    }
  });
}

/** A set's members. */
function members(...list: readonly (readonly [Network, Until])[]): ReadonlyMap<Network, Until> {
  return new Map(list);
}

function sip(network: string, until: Date | 'forever'): Elements {
  return new Map([['sip', new Map([[net(network), until]])]]);
}

function timeless(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/ timeout [1-9]\d*$/, ' timeout'));
}

async function everythingElse(run: Run): Promise<string[]> {
  const texts = [await run('iptables-save', []), await run('ip6tables-save', []), await run('ipset', ['save'])];
  return texts.map((text) => text.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '[]'));
}
