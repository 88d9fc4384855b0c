import { AppError } from '../../src/errors';
import { makeHost, type Host } from '../../src/lab/host';
import type { Firewall, LegacyTables } from '../../src/domain/firewall';
import { readLegacyTables } from '../../src/firewall/legacy-tables';
import { SERVICE_RIGHTS } from '../../src/lab/unprivileged';
import type { Run } from '../../src/ports';
import { describeAsRoot } from '../support/as-root';
import { firewallOn, PBX } from '../support/firewall-host';

describeAsRoot('what of others’ rules is in our way', () => {
  let host: Host;
  let firewall: Firewall;
  beforeEach(async () => {
    host = await makeHost('pbx');
    ({ firewall } = firewallOn(host));
    await firewall.apply(PBX, new Map());
  });
  afterEach(async () => {
    await firewall.close();
    host.close();
  });

  const nft = (text: string) => host.run('nft', ['-f', '-'], { stdin: text });

  it('nothing on a machine of our own', async () => {
    expect(await firewall.neighbours()).toEqual([]);
  });

  it('a chain beside ours that may drop, in the families that it sees', async () => {
    await nft(
      'table inet theirs { chain in { type filter hook input priority 10; policy drop; tcp dport 22 accept; }; }',
    );
    await nft(
      'table ip named { map fate { type inet_service : verdict; }; chain in { type filter hook input priority 5; udp dport vmap @fate; }; }',
    );
    await nft('table ip6 quiet { chain in { type filter hook input priority 5; tcp dport 22 counter; }; }');
    await nft('table ip6 other { chain in { type filter hook input priority 5; tcp dport 22 drop; }; }');
    const found = await firewall.neighbours();
    expect(found.map(({ family, text }) => [family, text])).toEqual([
      [4, 'chain in of table inet theirs (policy drop) may still drop what is open'],
      [6, 'chain in of table inet theirs (policy drop) may still drop what is open'],
      [4, 'chain in of table ip named may still drop what is open'],
      [6, 'chain in of table ip6 other may still drop what is open'],
    ]);
  });

  it('a rule that accepts before we are asked', async () => {
    await host.run('iptables', '-A INPUT -p tcp --dport 80 -j ACCEPT'.split(' ')); // after ours: no matter
    await host.run('ip6tables', '-I INPUT 1 -p udp -m udp --dport 5060 -j ACCEPT'.split(' '));
    expect(await firewall.neighbours()).toEqual([
      { family: 6, text: '-A INPUT -p udp -m udp --dport 5060 -j ACCEPT comes before our chain' },
    ]);
  });

  it('a rule that jumps away before we are asked, but none that only counts or logs', async () => {
    await host.run('iptables', ['-N', 'ufw-before-input']);
    await host.run('iptables', '-I INPUT 1 -j ufw-before-input'.split(' '));
    await host.run('iptables', '-I INPUT 1 -p udp -j NFLOG --nflog-group 7'.split(' '));
    await host.run('iptables', '-I INPUT 1 -p udp'.split(' '));
    const text =
      '-A INPUT -j ufw-before-input comes before our chain, and what ufw-before-input decides never reaches it';
    expect(await firewall.neighbours()).toEqual([{ family: 4, text }]);
  });

  it('a chain that sees packets earlier and may drop them, but none that only translates', async () => {
    await host.run('iptables', '-t raw -A PREROUTING -s 198.51.100.9 -j DROP'.split(' '));
    await host.run(
      'iptables',
      '-t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.0.2.2'.split(' '),
    );
    await nft(
      'table netdev early { chain in { type filter hook ingress device lo priority 0; udp dport 5060 drop; }; }',
    );
    expect((await firewall.neighbours()).map(({ family, text }) => [family, text])).toEqual([
      [4, 'chain PREROUTING of table ip raw may still drop what is open'],
      [4, 'chain in of table netdev early may still drop what is open'],
      [6, 'chain in of table netdev early may still drop what is open'],
    ]);
  });

  it('rules that would open a guarded port to the world if we were not there', async () => {
    const guarded = [{ protocol: 'udp', first: 5060, last: 5061 }] as const;
    const opens = [
      '-A INPUT -p udp -m udp --dport 5060 -j ACCEPT',
      '-A INPUT -p udp -m multiport --dports 4569,5000:5082 -j ACCEPT',
      '-A theirs -i eth0 -j ACCEPT',
    ];
    const harmless = [
      '-A INPUT -s 192.0.2.0/24 -p udp -m udp --dport 5060 -j ACCEPT',
      '-A INPUT -p tcp -m tcp --dport 5060 -j ACCEPT',
      '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-A INPUT -i lo -j ACCEPT',
      '-A INPUT -p udp -m udp --sport 53 -j ACCEPT',
      '-A FORWARD -j ACCEPT',
    ];
    await host.run('iptables', ['-N', 'theirs']);
    for (const rule of [...opens, ...harmless]) await host.run('iptables', rule.split(' '));
    expect((await firewall.neighbours(guarded)).map(({ text }) => text)).toEqual(
      opens.map((rule) => `${rule} would open a guarded port without us`),
    );
    expect(await firewall.neighbours()).toEqual([]);
  });

  it('what cannot be seen without nft, and all the rest', async () => {
    const run: Run = (file, args, options) => {
      if (file === 'nft') return Promise.reject(new AppError('COMMAND_FAILED', 'nft failed (ENOENT)', 'install it'));
      return host.run(file, args, options);
    };
    const { firewall: other } = firewallOn({ ...host, run });
    await host.run('ip6tables', '-I INPUT 1 -p udp -j ACCEPT'.split(' '));
    expect((await other.neighbours()).map(({ text }) => text)).toEqual([
      ...[4, 6].map(() => expect.stringContaining('nft is not installed') as string),
      '-A INPUT -p udp -j ACCEPT comes before our chain',
    ]);
  });

  it('rules of iptables-legacy, which neither nft nor iptables shows', async () => {
    await host.run('ip6tables-legacy', '-A INPUT -p udp --dport 5060 -j ACCEPT'.split(' '));
    const text =
      'tables of iptables-legacy are in use beside ours (filter): their rules decide as well, see ip6tables-legacy-save';
    expect(await firewall.neighbours()).toEqual([{ family: 6, text }]);
  });

  it('rules of iptables-legacy may be there, where only root can see: unless root tells', async () => {
    await host.run('ip6tables-legacy', '-A INPUT -p udp --dport 5060 -j ACCEPT'.split(' '));
    const run: Run = (file, args, options) => host.run('setpriv', [...SERVICE_RIGHTS, file, ...args], options);
    const { firewall: service } = firewallOn({ ...host, run });
    const saying = async (legacy?: LegacyTables) => (await service.neighbours([], legacy)).map(({ text }) => text);
    expect(await saying()).toEqual([
      'tables of iptables-legacy may be in use beside ours: only root can tell, see iptables-legacy-save',
      'tables of iptables-legacy may be in use beside ours: only root can tell, see ip6tables-legacy-save',
    ]);
    const tables = await readLegacyTables(host.run);
    expect(tables).toEqual({ 4: [], 6: ['filter'] });
    expect(await saying(tables)).toEqual([expect.stringContaining('are in use beside ours (filter)') as string]);
  });
});
