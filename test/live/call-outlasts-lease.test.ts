/** A lease that ends in the middle of a call, with the whole product: real Asterisk, real kernel, real phone. */
import type { Member } from '../../src/domain/firewall';
import { ADDRESS } from '../../src/lab/stage';
import { describeAsRoot } from '../support/as-root';
import { ANN, openHouse, type House } from '../support/house';
import { until } from '../support/until';

const { hotel } = ADDRESS;
const STRAIGHT = `${ANN.number}#${ANN.pin}#${hotel.replaceAll('.', '*')}#1`;
const LEASE_SECONDS = 20;
/** A sound comes every 20 ms; this is what people notice. */
const GAP_MS = 500;

describeAsRoot('a call that is up when its lease ends', () => {
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

  it('is heard without a gap until it is over, and nothing else gets in', async () => {
    const { stage } = house;
    await house.tollgate(`account set ${ANN.number} --for ${LEASE_SECONDS}s`);
    const traveller = await house.call();
    await traveller.hears('greeting');
    await traveller.press(STRAIGHT);
    await traveller.hears('opened');
    await traveller.hangUp();
    const phone = await house.phone();
    expect(await phone.register()).toBe(200);
    const call = await phone.call('600');
    if (typeof call !== 'object') throw new Error(`no call: ${call}`);
    await until(() => call.heard() > 50, 'the echo');

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

  it('is cut all the same when the admin revokes it', async () => {
    const traveller = await house.call();
    await traveller.hears('greeting');
    await traveller.press(STRAIGHT);
    await traveller.hears('opened');
    await traveller.hangUp();
    const phone = await house.phone();
    expect(await phone.register()).toBe(200);
    const call = await phone.call('600');
    if (typeof call !== 'object') throw new Error(`no call: ${call}`);
    await until(() => call.heard() > 50, 'the echo');
    await until(async () => (await held()).join() === 'rtp', 'the end of the lease', (LEASE_SECONDS + 10) * 1000);
    await house.tollgate(`revoke ${hotel}`);
    expect(await held()).toEqual([]);
    await call.ended;
  });
});
