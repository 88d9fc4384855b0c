/** Calls that are up when something changes, with the whole product: real Asterisk, real kernel, real phones. */
import type { CheckShape } from '../../src/domain/country-shapes';
import type { Member } from '../../src/domain/firewall';
import { startAsterisk } from '../../src/lab/asterisk';
import type { Phone, PhoneCall } from '../../src/lab/phone';
import { ADDRESS, EXTENSION } from '../../src/lab/stage';
import { ASTERISK_22, tree } from '../../src/lab/trees';
import { describeAsRoot } from '../support/as-root';
import { ANN, DIALS, KEEPING_CARRIER, openHouse, type House } from '../support/house';
import { trunkCall } from '../support/trunk-call';
import { until } from '../support/until';

const { hotel } = ADDRESS;
const STRAIGHT = `${ANN.number}#${ANN.pin}#${hotel.replaceAll('.', '*')}#1`;
const LEASE_SECONDS = 15;
/** A sound comes every 20 ms; this is what people notice. */
const GAP_MS = 500;

describeAsRoot('a call that is up', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse();
  });
  afterEach(() => house.tidy());
  afterAll(() => house.close());

  const held = async () => {
    const { members } = JSON.parse(await house.tollgate('--json firewall show')) as { members: readonly Member[] };
    return members.filter(({ network, set }) => network === hotel && set !== 'was').map(({ set }) => set);
  };

  /** A phone at the hotel hears itself: Asterisk is silent until the phone is heard, so the far end began the sound. */
  async function echo(): Promise<{ readonly phone: Phone; readonly call: PhoneCall }> {
    const phone = await house.phone();
    expect(await phone.register()).toBe(200);
    const call = await phone.call('600');
    if (typeof call !== 'object') throw new Error(`no call: ${call}`);
    await until(() => call.heard() > 50, 'the echo');
    return { phone, call };
  }

  it('when its lease ends is heard without a gap until it is over, and nothing else gets in', async () => {
    const { stage } = house;
    await house.tollgate(`account set ${ANN.number} --for ${LEASE_SECONDS}s`);
    const traveller = await house.call();
    await traveller.hears('greeting');
    await traveller.press(STRAIGHT);
    await traveller.hears('opened');
    await traveller.hangUp();
    const { phone, call } = await echo();

    // The echo comes back only as long as the phone's own sound gets in.
    let [heard, at, longest] = [call.heard(), Date.now(), 0];
    const ear = setInterval(() => {
      if (call.heard() > heard) [heard, at] = [call.heard(), Date.now()];
      longest = Math.max(longest, Date.now() - at);
    }, 20);
    house.keep({ close: () => clearInterval(ear) });
    const hasEnded = async () =>
      (await house.journal()).some(({ action, what }) => action === 'ended' && what === hotel);
    await until(hasEnded, 'the end of the lease', (LEASE_SECONDS + 10) * 1000);
    const before = call.heard();
    expect(await phone.register()).toBe('silent');
    expect(await phone.options()).toBe('silent');
    await until(() => call.heard() > before + 400, 'the echo to go on past two looks at Asterisk', 20_000);
    expect(longest).toBeLessThan(GAP_MS);
    expect(await held()).toEqual(['rtp']);

    await stage.asterisk.rx('channel request hangup all');
    await call.ended;
    await until(async () => (await held()).length === 0, 'the media to be closed', 15_000);
  });

  it('when its lease ends is cut all the same when the admin revokes it', async () => {
    const traveller = await house.call();
    await traveller.hears('greeting');
    await traveller.press(STRAIGHT);
    await traveller.hears('opened');
    await traveller.hangUp();
    const { call } = await echo();
    await until(async () => (await held()).join() === 'rtp', 'the end of the lease', (LEASE_SECONDS + 10) * 1000);
    await house.tollgate(`revoke ${hotel}`);
    expect(await held()).toEqual([]);
    await call.ended;
  });

  it.each(['secure --within 60s --here --lose keeping', 'guard --within 60s --lose keeping'])(
    'when somebody types "%s" goes on both ways, on trial and confirmed, and ends with its door',
    async (stricter) => {
      await house.tollgate('watch');
      const { phone, call } = await echo();
      await house.tollgate(`allow ${hotel}`);
      for (const command of [stricter, 'confirm --here']) {
        await house.tollgate(command);
        const before = call.heard();
        await until(() => call.heard() > before + 50, `the echo to go on after ${command}`, 3000);
      }
      await house.tollgate(`revoke ${hotel}`);
      await until(() => phone.requests().includes('BYE'), 'the goodbye', 1000);
      await call.ended;
    },
  );

  it('over IAX2 ends within a second of its door, and no other comes through', async () => {
    const modules = [
      'chan_iax2',
      'pbx_config',
      'app_milliwatt',
      'codec_ulaw',
      'res_clioriginate',
      'res_timing_timerfd',
    ];
    const far = await startAsterisk(house.stage.hotel, {
      tree: await tree(ASTERISK_22, { progress: () => undefined }),
      config: {
        'modules.conf': `[modules]\nautoload = no\n${modules.map((name) => `load = ${name}.so\n`).join('')}`,
        'iax.conf': '[general]\nbindport = 4569\n',
      },
    });
    const dial = () => far.rx(`channel originate IAX2/guest@${ADDRESS.pbx}/600 application Milliwatt`);
    try {
      const accepted = await house.counter('accepted', `-p udp --dport 4569 -s ${hotel}`);
      const arrived = await house.counter('arrived', `-p udp --dport 4569 -s ${hotel}`);
      await house.tollgate(`allow ${hotel}`);
      await dial();
      await until(async () => (await house.channels()) === 1 && (await accepted()) > 20, 'the call and its sound');
      await house.tollgate(`revoke ${hotel}`);
      const before = await accepted();
      await until(async () => (await house.channels()) === 0, 'its channel to end', 1000);
      const tried = await arrived();
      await dial();
      await until(async () => (await arrived()) > tried, 'another call to try');
      expect([await accepted(), await house.channels()]).toEqual([before, 0]);
    } finally {
      await far.close();
    }
  });

  it('over a trunk whose sound comes from a host that nobody listed is heard once Asterisk has sent some', async () => {
    const { carrier, stranger } = house.stage;
    await carrier.host.run('ip', ['address', 'add', `${KEEPING_CARRIER}/25`, 'dev', 'to-internet']);
    await house.tollgate(`allow ${KEEPING_CARRIER} --service phone`);
    await house.tollgate('secure --within 60s --here --lose all');
    await house.tollgate('confirm --here');
    const sound = `-p udp -s ${ADDRESS.stranger} --dport 10000:20000`;
    for (const [from, dialled, status, comesIn] of [
      [ADDRESS.carrier, DIALS.speaks, 200, true],
      [ADDRESS.carrier, DIALS.speaksEarly, 183, true],
      [ADDRESS.carrier, DIALS.echo, 200, false],
      [ADDRESS.carrier, DIALS.earlyEcho, 183, false],
      [KEEPING_CARRIER, DIALS.echo, 200, true],
      [KEEPING_CARRIER, DIALS.earlyEcho, 183, true],
    ] as const) {
      const [arrived, accepted] = [await house.counter('arrived', sound), await house.counter('accepted', sound)];
      const media = { host: stranger, from: ADDRESS.stranger };
      const call = house.keep(await trunkCall({ host: carrier.host, from }, media, ADDRESS.pbx, dialled));
      const of = `${dialled} over ${from}`;
      if (comesIn) await until(async () => (await accepted()) > 10 && call.heard() > 10, `the sound of ${of}`);
      else await until(async () => (await arrived()) > LONG_ENOUGH, `the sound of ${of} to come to nothing`);
      expect([of, call.status(), (await accepted()) > 0, call.heard() > 0]).toEqual([of, status, comesIn, comesIn]);
      call.close();
    }
    const checked = JSON.parse(await house.tollgate('--json check')) as readonly CheckShape[];
    const why = checked.filter(({ peer }) => peer !== EXTENSION.user).map((row) => [row.peer, row.ok, row.why]);
    expect(why).toEqual([
      ['carrier', true, expect.stringContaining('set rtp_keepalive = 1') as string],
      ['keeping', true, expect.stringMatching(/^open by entry \d+ \(192\.0\.2\.11\)$/) as string],
    ]);
    await house.tollgate('guard');
  });
});

/** Packets of sound, 20 ms each: more than the second that `rtp_keepalive` waits. */
const LONG_ENOUGH = 75;
