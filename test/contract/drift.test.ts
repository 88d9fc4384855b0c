import type { Elements, Policy } from '../../src/domain/firewall';
import { describeAsRoot } from '../support/as-root';
import { fakeFirewall, PBX, realFirewall, type FirewallUnderTest } from '../support/firewall-host';
import { net } from '../support/net';
import { until } from '../support/until';

const GUARD: Policy = { ...PBX, mode: 'guard' };

function describeDrift(name: string, open: () => Promise<FirewallUnderTest>, theDescribe = describe): void {
  theDescribe(`what others change, on ${name}`, () => {
    let under: FirewallUnderTest;
    let elements: Elements;
    const inAnHour = () => new Date(under.clock.now().getTime() + 3_600_000);
    beforeEach(async () => {
      under = await open();
      elements = new Map([['sip', new Map([[net('192.0.2.1'), inAnHour()]])]]);
      await under.firewall.apply(GUARD, elements);
    });
    afterEach(async () => {
      await under.end();
    });
    const what = async () => (await under.firewall.drift())?.what;

    it.each([
      ['deletes our hook', 'iptables', '-D INPUT -j TOLLGATE', ['IPv4: our hook in INPUT was gone']],
      ['flushes INPUT', 'ip6tables', '-F INPUT', ['IPv6: our hook in INPUT was gone']],
      [
        'puts a rule above ours',
        'ip6tables',
        '-I INPUT 1 -p tcp -j ACCEPT',
        ['IPv6: our hook was not the first rule of INPUT, once'],
      ],
      ['flushes our chain', 'iptables', '-F TOLLGATE', ['IPv4: chain TOLLGATE was changed']],
      ['adds a chain with our name', 'iptables', '-N TOLLGATE-OLD', ['IPv4: a chain TOLLGATE-OLD was added']],
      ['empties a set', 'ipset', 'flush tg-sip4', ['set tg-sip4 had 0 members instead of 1']],
      ['adds a member', 'ipset', 'add tg-iax6 2001:db8::5', ['set tg-iax6 had 1 members instead of 0']],
      ['adds a set with our name', 'ipset', 'create tg-old4 hash:net', ['a set tg-old4 was added']],
    ])('are noticed when somebody %s, until they are mended', async (_what, tool, words, told) => {
      expect(await what()).toBeUndefined();
      await under.run(tool, words.split(' '));
      expect(await what()).toEqual(told);
      expect(await what()).toEqual(told);
      await under.firewall.apply(GUARD, elements);
      expect(await what()).toBeUndefined();
    });

    it('are told too when they left the count as it is, once every member is compared', async () => {
      const before = under.clock.now();
      await under.firewall.apply(GUARD, elements, await under.firewall.look());
      expect(await what()).toBeUndefined();
      await under.run('ipset', 'del tg-sip4 192.0.2.1'.split(' '));
      await under.run('ipset', 'add tg-sip4 192.0.2.66'.split(' '));
      expect(await what()).toBeUndefined();
      await under.firewall.apply(GUARD, elements, await under.firewall.look());
      const drift = await under.firewall.drift();
      expect(drift).toMatchObject({ what: ['set tg-sip4 had 192.0.2.66 in place of 192.0.2.1'], isMended: true });
      expect(drift?.goodAt.getTime()).toBeGreaterThanOrEqual(before.getTime());
      expect(await what()).toBeUndefined();
      expect((await under.firewall.members('sip')).map(({ network }) => network)).toEqual(['192.0.2.1']);
    });

    it('are told with when it was last as it should be', async () => {
      await under.firewall.drift();
      const before = under.clock.now();
      expect(await under.firewall.drift()).toBeUndefined();
      await under.run('iptables', '-F INPUT'.split(' '));
      const goodAt = (await under.firewall.drift())?.goodAt;
      expect(goodAt?.getTime()).toBeGreaterThanOrEqual(before.getTime());
      expect(await under.firewall.drift()).toMatchObject({ goodAt });
    });

    it('are not what we change ourselves, in the middle of it or afterwards', async () => {
      const found: unknown[] = [];
      const look = async () => void found.push(await under.firewall.drift());
      for (let i = 0; i < 5; i++) {
        const trial = { mode: 'secure', until: inAnHour() } as const;
        const work = [
          under.firewall.change([{ set: 'sip', network: net(`192.0.2.${i}`), until: inAnHour() }]),
          look(),
          under.firewall.apply({ ...GUARD, ...(i % 2 ? { trial } : {}) }, elements),
          look(),
          under.firewall.change([{ set: 'sip', network: net('192.0.2.1'), until: undefined }]),
          look(),
        ];
        await Promise.all(work);
      }
      await under.firewall.remove();
      await look();
      expect(found.filter((drift) => drift !== undefined)).toEqual([]);
    });

    it('are not leases that the kernel ends', async () => {
      const soon = new Date(under.clock.now().getTime() + 1200);
      await under.firewall.change([{ set: 'sip', network: net('192.0.2.2'), until: soon }]);
      await until(async () => (await under.firewall.members('sip')).length === 1, 'the end of a lease');
      expect(await what()).toBeUndefined();
    });

    it('are heard at once', async () => {
      let heard = 0;
      const end = under.firewall.listen(() => heard++);
      await until(async () => {
        await under.run('ip6tables', '-A INPUT -p tcp -m tcp --dport 9 -j ACCEPT'.split(' '));
        return heard > 0;
      }, 'word of a rule');
      expect(await what()).toBeUndefined(); // no rule of ours
      await under.run('ip6tables', '-F INPUT'.split(' '));
      expect(await what()).toEqual(['IPv6: our hook in INPUT was gone']);
      end();
    });
  });
}

describeDrift('a kernel in memory', () => fakeFirewall());
describeDrift('the real kernel', () => realFirewall(), describeAsRoot);
