/** A stricter mode comes into force while calls are up that the far end began, in the middle of their sound. */
import { clock } from '../../src/clock';
import { openFirewall } from '../../src/firewall/open';
import { describeAsRoot } from '../support/as-root';
import { PBX } from '../support/firewall-host';
import { makePacketLab, V4, V6, type PacketLab } from '../support/packet-lab';
import { until } from '../support/until';

const SIP = 5060;
const MEDIA = 12000;
const DEAF = 'calls that are up may have gone deaf';

describeAsRoot.each([V4, V6])('a running call over IPv$family', ({ pbx, hotel, stranger }) => {
  let lab: PacketLab;
  beforeEach(async () => {
    lab = await makePacketLab();
  });
  afterEach(() => lab.end());

  /** The far end speaks first. Resolves to a question: is each side heard by the other now? */
  async function runningCall(far: string): Promise<() => Promise<{ asterisk: boolean; farEnd: boolean }>> {
    const [there, here] = [await lab.farSocket(far), await lab.insideSocket(pbx, MEDIA)];
    let spoken = 0;
    const hears = async () => {
      const words = `words ${spoken++} for ${far}`;
      lab.inside.send(here, words, far, SIP);
      await until(() => lab.far.heard(there).includes(words), 'the sound of Asterisk');
      return { asterisk: await lab.reaches(far, pbx, MEDIA), farEnd: true };
    };
    expect(await lab.reaches(far, pbx, MEDIA)).toBe(true);
    expect(await hears()).toEqual(BOTH);
    return hears;
  }

  it.each(['guard', 'secure'] as const)(
    'of a phone, and of a trunk whose media nobody listed, is heard both ways after %s, on trial and confirmed',
    async (mode) => {
      const members = { sip: [hotel], rtp: [hotel] };
      await lab.enter('watch', members);
      const calls = [await runningCall(hotel), await runningCall(stranger)];
      await lab.enter('watch', members, { trial: { mode, until: new Date(Date.now() + 60_000) } });
      for (const hears of calls) expect([await hears(), await hears()]).toEqual([BOTH, BOTH]);
      await lab.enter(mode, members);
      for (const hears of calls) expect(await hears()).toEqual(BOTH);
      expect(lab.logged).not.toContain(DEAF);
    },
  );

  it('may be deaf where the conntrack tool is missing: secure comes into force all the same, and says so', async () => {
    await lab.enter('watch');
    const hears = await runningCall(stranger);
    const said: unknown[] = [];
    const firewall = openFirewall({
      run: (file, ...more) => lab.pbx.run(file === 'conntrack' ? 'no-such-tool' : file, ...more),
      spawnSession: () => ({ write: () => undefined, kill: () => undefined }),
      clock,
      log: (event, fields) => void said.push([event, fields]),
    });
    await firewall.apply({ ...PBX, mode: 'secure' }, new Map());
    expect(await hears()).toEqual({ ...BOTH, asterisk: false });
    const fields = { error: expect.stringContaining('no-such-tool') as string, hint: expect.any(String) as string };
    expect(said).toContainEqual([DEAF, fields]);
  });
});

const BOTH = { asterisk: true, farEnd: true };
