import { once } from 'node:events';
import { openFirewall } from '../../src/firewall/open';
import { overChild } from '../../src/firewall/session-port';
import { clock } from '../../src/clock';
import type { Elements, Policy } from '../../src/domain/firewall';
import { makeHost } from '../../src/lab/host';
import type { Run } from '../../src/ports';
import { describeAsRoot } from '../support/as-root';
import { fakeFirewall, PBX, realFirewall, type FirewallUnderTest } from '../support/firewall-host';
import { net } from '../support/net';

const BEFORE: Policy = { ...PBX, mode: 'guard' };
const AFTER: Policy = { ...PBX, mode: 'secure', services: PBX.services.filter(({ name }) => name !== 'iax') };
const PHONES: Elements = new Map([['sip', new Map([[net('192.0.2.1'), 'forever']])]]);

const LOCKED =
  'Another app is currently holding the xtables lock; still 1s 0us time ahead to have a chance to grab the lock...';
const NO_MATCH = "iptables-restore v1.8.9 (nf_tables): Couldn't load match `set':No such file or directory";
const MANY = 10_001;
const CROWD = new Map(Array.from({ length: MANY }, (_, n) => [net(`20.0.${n >> 8}.${n & 255}`), 'forever' as const]));
const FULL = 'ipset v7.17: Hash is full, cannot add more elements';
const NO_IPSET = 'ipset v7.17: Cannot open session to kernel.';

type Open = (of: { mostMembers?: number }) => Promise<FirewallUnderTest>;

function describeFaults(name: string, open: Open, theDescribe = describe): void {
  theDescribe(`both families or neither, on ${name}`, () => {
    let under: FirewallUnderTest;
    beforeEach(async () => {
      under = await open({ mostMembers: MANY });
      await under.firewall.apply(BEFORE, PHONES);
    });
    afterEach(async () => {
      await under.end();
    });
    const isAsBefore = async () => {
      under.failAt(() => false);
      expect(await under.firewall.plan(BEFORE, PHONES)).toEqual([]);
      expect(await under.firewall.drift()).toBeUndefined();
    };
    /** Of the two loads, the one of this family: the other is through when it fails. */
    const load = (tool: string) => (file: string, args: readonly string[]) =>
      file === `${tool}-restore` && !args.includes('--test');

    it.each([
      ['another tool holds the lock', 'iptables', LOCKED, 'xtables lock', /./],
      ['another tool takes the lock between the families', 'ip6tables', LOCKED, 'xtables lock', /./],
      ['IPv6 knows no sets', 'ip6tables', NO_MATCH, "Couldn't load match", /modprobe -a .*xt_set/],
    ])('nothing has changed when %s', async (_what, tool, words, told, hint) => {
      under.failAt(load(tool), words);
      await expect(under.firewall.apply(AFTER, PHONES)).rejects.toMatchObject({
        code: 'FIREWALL_FAILED',
        what: expect.stringContaining(told) as string,
        hint: expect.stringMatching(hint) as string,
      });
      await isAsBefore();
    });

    it('a kernel without ipset says which modules are missing', async () => {
      under.failAt((file, args) => file === 'ipset' && args.includes('restore'), NO_IPSET);
      const more: Elements = new Map([['sip', new Map([[net('192.0.2.9'), 'forever']])]]);
      await expect(under.firewall.apply(AFTER, more)).rejects.toMatchObject({
        what: expect.stringContaining('Cannot open session to kernel') as string,
        hint: expect.stringContaining('modprobe -a ip_set') as string,
      });
      await isAsBefore();
    });

    it('of many members, which two programs send, none stays when one of the two fails', async () => {
      const crowds: Elements = new Map(['sip', 'iax', 'was'].map((set) => [set, CROWD]));
      let restores = 0;
      under.failAt((file, args) => file === 'ipset' && args.includes('restore') && ++restores === 2, FULL);
      await expect(under.firewall.apply(BEFORE, crowds)).rejects.toMatchObject({
        code: 'FIREWALL_FAILED',
        what: expect.stringContaining('Hash is full') as string,
      });
      await isAsBefore();
    });

    it.each(['iptables', 'ip6tables'])(
      'a set that a rule of others uses (%s) keeps all of ours where it was',
      async (tool) => {
        const set = tool === 'iptables' ? 'tg-iax4' : 'tg-iax6';
        await under.run(tool, `-A FORWARD -m set --match-set ${set} src -j ACCEPT`.split(' '));
        for (const work of [() => under.firewall.remove(), () => under.firewall.apply(AFTER, PHONES)]) {
          await expect(work()).rejects.toMatchObject({
            code: 'FIREWALL_FAILED',
            what: expect.stringMatching(/in use/) as string,
          });
          await isAsBefore();
        }
        await under.run(tool, `-D FORWARD -m set --match-set ${set} src -j ACCEPT`.split(' '));
        await under.firewall.remove();
      },
    );
  });
}

describeFaults('a kernel in memory', fakeFirewall);
describeFaults('the real kernel', realFirewall, describeAsRoot);

describeAsRoot('a machine that uses iptables-legacy', () => {
  it('is told so at once, although another process holds its lock, and nothing is changed', async () => {
    const host = await makeHost('pbx');
    const holder = host.spawn('flock', ['/run/xtables.lock', 'sh', '-c', 'echo held && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (holder.stdout) await once(holder.stdout, 'data');
    const run: Run = (file, args, options) => host.run(file.replace(/^(ip6?tables)/, '$1-legacy'), args, options);
    const firewall = openFirewall({
      ...{ run, clock, log: () => undefined },
      spawnSession: (file, args, on) => overChild(host.spawn(file, args), on),
    });
    const began = performance.now();
    await expect(firewall.apply(PBX, PHONES)).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      what: expect.stringContaining('iptables-legacy') as string,
      hint: expect.stringContaining('update-alternatives') as string,
    });
    expect(performance.now() - began).toBeLessThan(2000);
    holder.stdin?.end();
    expect(await host.run('ipset', ['save'])).toBe('');
    expect(await run('iptables-save', [])).not.toContain('TOLLGATE');
    await firewall.close();
    host.close();
  });
});
