import { makeHost, type Host } from '../../src/lab/host';
import type { Firewall } from '../../src/domain/firewall';
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
    await nft('table ip6 quiet { chain in { type filter hook input priority 5; tcp dport 22 counter; }; }');
    await nft('table ip6 other { chain in { type filter hook input priority 5; tcp dport 22 drop; }; }');
    const found = await firewall.neighbours();
    expect(found.map(({ family, text }) => [family, text])).toEqual([
      [4, 'chain in of table inet theirs (policy drop) may still drop what is open'],
      [6, 'chain in of table inet theirs (policy drop) may still drop what is open'],
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
});
