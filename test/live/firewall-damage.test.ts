import { clock } from '../../src/clock';
import type { Elements, Policy } from '../../src/domain/firewall';
import { driftWatch } from '../../src/gate/modes/drift';
import { describeAsRoot } from '../support/as-root';
import { firewallOn, PBX } from '../support/firewall-host';
import { net } from '../support/net';
import { makePacketLab, V4, V6, type PacketLab } from '../support/packet-lab';
import { testGate, type TestGate } from '../support/test-gate';
import { until } from '../support/until';

const POLICY: Policy = { ...PBX, mode: 'guard' };
const PHONES: Elements = new Map([['sip', new Map([V4, V6].map(({ hotel }) => [net(hotel), 'forever' as const]))]]);
/** From one look at the firewall to the next. */
const LOOK_MS = 1000;
/** "Within a second or so": a look a second, and what two slow cores need to mend. */
const SOON_MS = 3000;

describeAsRoot('damage that others do, with packets', () => {
  let lab: PacketLab;
  let gate: TestGate;
  let resting: () => boolean;
  const stop = new AbortController();
  beforeAll(async () => {
    lab = await makePacketLab();
    gate = await testGate(() => firewallOn(lab.pbx).firewall);
    await gate.parts.firewall.apply(POLICY, PHONES);
    const parts = { ...gate.parts, clock };
    const mend = () => gate.parts.firewall.apply(POLICY, PHONES);
    const watch = driftWatch(parts, mend);
    resting = () => watch.isResting;
    void watch.run(stop.signal);
  });
  afterAll(async () => {
    stop.abort();
    await gate.close();
    await lab.end();
  });

  const mended = () => gate.logged.filter((line) => line.startsWith('firewall mended')).length;
  const wayIn = async () => {
    const each = [V4, V6].flatMap(({ pbx, hotel, stranger }) => [hotel, stranger].map((from) => [from, pbx] as const));
    const came: boolean[] = [];
    for (const [from, to] of each) came.push(await lab.reaches(from, to, 5060));
    return came;
  };
  const ONLY_PHONES = [true, false, true, false];

  const DELETE_TABLES = 'delete table ip filter; delete table ip6 filter';
  const others: readonly (readonly [string, string, string, string])[] = [
    ['flushes INPUT', 'iptables', '-F INPUT', ''],
    ['accepts SIP in front of our chain', 'ip6tables', '-I INPUT 1 -p udp --dport 5060 -j ACCEPT', ''],
    ['deletes the tables', 'nft', '-f -', DELETE_TABLES],
    ['loads a rule list of his own', 'iptables-restore', '--wait', '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n'],
    ['empties every set', 'ipset', 'flush', ''],
    ['deletes the rules and then every set', 'sh', '-s', `nft '${DELETE_TABLES}' && ipset destroy`],
  ];
  it.each(others)('is mended within a second or so when somebody %s', async (_what, file, words, stdin) => {
    expect(await wayIn()).toEqual(ONLY_PHONES);
    const before = mended();
    const began = performance.now();
    await lab.pbx.run(file, words.split(' '), { stdin });
    await until(() => mended() > before, 'the mending', SOON_MS);
    expect(performance.now() - began).toBeLessThan(SOON_MS);
    expect(await wayIn()).toEqual(ONLY_PHONES);
  });

  it('is journalled each time with its length, and as a fight when it comes more than five times within a minute', async () => {
    const journal = async () => (await gate.operations.log({ limit: 100 })).map(({ why }) => why);
    await until(async () => /^The firewall was changed/.test((await journal()).at(-1) ?? ''), 'the report');
    const lines = await journal();
    const fights = lines.filter((line) => /changed \d+ times within a minute/.test(line));
    expect(fights).toHaveLength(1);
    const lengths = lines.flatMap((line) => /Mended; it was so for at most (\d+\.\d) s\.$/.exec(line)?.[1] ?? []);
    expect(lengths).toHaveLength(lines.length - 1);
    expect(Math.max(...lengths.map(Number)) * 1000).toBeLessThan(LOOK_MS + SOON_MS); // it was good when it was looked at last
    expect(gate.notices.map(({ kind }) => kind)).toEqual(['disturbed']);
    expect(resting()).toBe(true);
  });
});
