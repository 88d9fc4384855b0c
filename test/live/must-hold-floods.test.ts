/** A stranger floods the PBX while everything about the firewall changes, and so does a phone that may come in. */
import { join } from 'node:path';
import type { ModeShape } from '../../src/domain/shapes';
import { startNameServer, type RunningNameServer } from '../../src/lab/name-server';
import { ADDRESS, ADDRESS6 } from '../../src/lab/stage';
import { NSD, tree } from '../../src/lab/trees';
import { describeAsRoot } from '../support/as-root';
import { floodFrom, type Flood } from '../support/flood';
import { openHouse, type House } from '../support/house';
import { restoreOn } from '../support/restore-script';
import { until } from '../support/until';

const OFFICE = 'office.example.com';
const DNS = `
[dns]
servers = ["${ADDRESS.carrier}"]
timeout = "1s"
refresh_least = "1s"
refresh_most = "1s"
`;
/** Guarded in every mode but watch: SIP, IAX2, SSH. */
const GUARDED = { udp: [5060, 4569], tcp: [5060, 5061, 22] } as const;
const OF_A_PHONE = { udp: [5060, 10_500], tcp: [5060] } as const;
/** "Within a second or so": a look a second, and what two slow cores need to mend. */
const SOON_MS = 3000;
/** From one look at the firewall to the next. */
const LOOK_MS = 1000;
/** So long nothing has come in: longer than the pauses of any part of the flood, and than the look that mends. */
const QUIET_MS = 1500;
/** Packets of each kind that make a flood. */
const MANY = 200;

/** How many packets of a flood came to the PBX, and how many were accepted, by family and protocol. */
type Count = Readonly<Record<string, number>>;

describeAsRoot('a flooding stranger', () => {
  let house: House;
  let names: RunningNameServer;
  let stranger: { readonly arrived: () => Promise<Count>; readonly accepted: () => Promise<Count> };
  let phone: typeof stranger;
  const floods: Flood[] = [];

  beforeAll(async () => {
    house = await openHouse(DNS);
    const { stage } = house;
    names = await startNameServer(stage.carrier.host, await tree(NSD, { progress: () => undefined }), 'example.com');
    await names.publish(['office IN A 198.51.100.8']);
    for (const what of [ADDRESS.hotel, ADDRESS6.hotel, OFFICE]) await house.tollgate(`allow ${what} --service phone`);
    [stranger, phone] = [
      await counters(ADDRESS.stranger, ADDRESS6.stranger),
      await counters(ADDRESS.hotel, ADDRESS6.hotel),
    ];
    const streams = (from: string, from6: string, ports: typeof GUARDED | typeof OF_A_PHONE) => [
      { from, to: ADDRESS.pbx, ...ports },
      { from: from6, to: ADDRESS6.pbx, ...ports },
    ];
    floods.push(
      floodFrom(stage.stranger, streams(ADDRESS.stranger, ADDRESS6.stranger, GUARDED)),
      floodFrom(stage.hotel, streams(ADDRESS.hotel, ADDRESS6.hotel, OF_A_PHONE)),
    );
    await until(async () => isEvery(await phone.accepted(), (count) => count > 0), 'the phone to get in everywhere');
  });
  afterAll(async () => {
    await Promise.all(floods.map((each) => each.stop()));
    await names.close();
    await house.close();
  });

  async function counters(from: string, from6: string): Promise<typeof stranger> {
    const rows = ([4, 6] as const).flatMap((family) => ['udp', 'tcp'].map((protocol) => ({ family, protocol })));
    const at = async (where: 'arrived' | 'accepted') => {
      const each: (readonly [string, () => Promise<number>])[] = [];
      for (const { family, protocol } of rows) {
        const match = `-p ${protocol} -s ${family === 4 ? from : from6}`;
        each.push([`IPv${family} ${protocol}`, await house.counter(where, match, family)]);
      }
      return async () =>
        Object.fromEntries(await Promise.all(each.map(async ([name, count]) => [name, await count()] as const)));
    };
    return { arrived: await at('arrived'), accepted: await at('accepted') };
  }

  const mode = async () => JSON.parse(await house.tollgate('--json status')) as { readonly mode: string };
  const nameIs = (state: string) =>
    until(async () => (await house.entries()).find(({ what }) => what === OFFICE)?.state === state, `a ${state} name`);
  const onTrial = async (typed: string) => {
    const { trial } = JSON.parse(await house.tollgate(`--json ${typed} --here --lose all`)) as ModeShape;
    expect(trial?.mode).toBe(typed.split(' ')[0]);
  };

  /** One after another; each leaves the firewall at least as strict as `guard`. */
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    'the rules are applied over what somebody has changed in them': async () => {
      const { pbx } = house.stage;
      const slipped = [
        ['iptables', '192.0.2.99'],
        ['ip6tables', '2001:db8:99::99'],
      ] as const;
      for (const [tool, from] of slipped) await pbx.run(tool, ['-I', 'TOLLGATE-GUARD', '1', '-s', from, '-j', 'DROP']);
      await house.tollgate('firewall apply');
      for (const [tool, from] of slipped) expect(await pbx.run(tool, ['-S', 'TOLLGATE-GUARD'])).not.toContain(from);
    },
    'secure is tried and taken back by hand': async () => {
      await onTrial('secure --within 60s');
      await house.tollgate('rollback');
    },
    'secure is tried, everything of ours killed, and taken back by the kernel': async () => {
      await onTrial('secure --within 4s');
      await house.endDaemon('SIGKILL');
      const trial = () => house.stage.pbx.run('ipset', ['save', 'tg-trial4']);
      await until(async () => !(await trial()).includes('add '), 'the kernel to let go');
      await house.startDaemon();
      expect(await mode()).toMatchObject({ mode: 'guard' });
    },
    'secure is kept': async () => {
      await onTrial('secure --within 60s');
      await house.tollgate('confirm --here');
    },
    'guard is in force again': () => house.tollgate('guard --lose all'),
    'the daemon is restarted': async () => {
      await house.endDaemon('SIGTERM');
      await house.startDaemon();
    },
    'what a reboot brings back is restored': async () => {
      const { pbx, state } = house.stage;
      expect((await restoreOn(pbx, join(state, 'firewall'))).said).toContain('restored');
    },
    'a list is imported': async () => {
      const list = '198.51.100.150 an office\n2001:db8:9::/48 another\n';
      const done = await house.stage.tollgateWith(list, 'import', 'plain', '-', '--apply');
      expect(done).toContain('198.51.100.150');
    },
    'a name moves, and its server falls silent and comes back': async () => {
      await names.publish(['office IN A 198.51.100.9', 'office IN AAAA 2001:db8:2::9']);
      await until(async () => (await house.stage.pbx.run('ipset', ['list', 'tg-sip6'])).includes('::9 '), 'the move');
      await names.silence(true);
      await nameIs('stale');
      await names.silence(false);
      await nameIs('active');
    },
  };

  it(`gets not one packet in, and the phone loses none, while ${Object.keys(steps).join(', ')}`, async () => {
    for (const [step, take] of Object.entries(steps)) {
      const before = await stranger.arrived();
      await take();
      const isOn = async () => isEvery(await stranger.arrived(), (count, name) => count > (before[name] ?? 0));
      await until(isOn, `the flood to go on while ${step}`);
      expect([step, await stranger.accepted()]).toEqual([step, NOTHING]);
    }
    await floods.pop()?.stop();
    expect(isEvery(await phone.arrived(), (count) => count > MANY)).toBe(true);
    expect(await phone.accepted()).toEqual(await phone.arrived());
  });

  const DELETE_TABLES = 'delete table ip filter; delete table ip6 filter';
  it.each([
    ['flushes INPUT', true, 'iptables -F INPUT && ip6tables -F INPUT'],
    ['deletes our chains', true, `nft '${DELETE_TABLES}'`],
    ['empties every set', false, 'ipset flush'],
  ])('comes in no longer than a second or so when somebody %s', async (_, opens, command) => {
    const told = (await house.journal()).length;
    const [before, began] = [JSON.stringify(await stranger.accepted()), performance.now()];
    await house.stage.pbx.run('sh', ['-c', command]);
    let [count, lastLook, lastRise, seenOpenMs] = [before, began, began, 0];
    let firstRise: number | undefined;
    const isQuiet = async () => {
      const asked = performance.now();
      const now = JSON.stringify(await stranger.accepted());
      if (now !== count) {
        [count, lastRise] = [now, performance.now()];
        firstRise ??= lastRise;
        seenOpenMs = Math.max(0, lastLook - firstRise); // since the look before, something has come in
      }
      lastLook = asked;
      return performance.now() - lastRise > QUIET_MS;
    };
    await until(isQuiet, 'the hole to be closed');
    expect(count !== before).toBe(opens);
    expect(lastRise - began).toBeLessThan(SOON_MS);
    const lengths = (await house.journal())
      .slice(told)
      .flatMap(({ why }) => /Mended; it was so for at most (\d+\.\d) s\.$/.exec(why)?.[1] ?? []);
    expect(lengths).toHaveLength(1);
    expect(Number(lengths[0]) * 1000).toBeGreaterThanOrEqual(seenOpenMs - 50); // it is rounded
    expect(Number(lengths[0]) * 1000).toBeLessThan(LOOK_MS + SOON_MS); // it was good when it was looked at last
    for (const [set, address] of [
      ['tg-sip4', ADDRESS.hotel],
      ['tg-sip6', ADDRESS6.hotel],
    ] as const)
      expect(await house.stage.pbx.run('ipset', ['save', set])).toContain(` ${address} `);
  });
});

const NOTHING: Count = { 'IPv4 udp': 0, 'IPv4 tcp': 0, 'IPv6 udp': 0, 'IPv6 tcp': 0 };

function isEvery(counts: Count, holds: (count: number, name: string) => boolean): boolean {
  return Object.entries(counts).every(([name, count]) => holds(count, name));
}
