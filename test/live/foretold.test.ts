/** What is foretold of packets, held against what the kernel does with them. */
import type { Elements, Packet } from '../../src/domain/firewall';
import { describeAsRoot } from '../support/as-root';
import { PBX } from '../support/firewall-host';
import { net } from '../support/net';
import { makePacketLab, V4, V6, type PacketLab } from '../support/packet-lab';
import { until } from '../support/until';

const [SIP, IAX, MEDIA, OTHER, ANSWERED] = [5060, 4569, 12000, 9000, 9002];

describeAsRoot.each([V4, V6])('foretold of IPv$family', ({ pbx, own, hotel, stranger }) => {
  let lab: PacketLab;
  beforeAll(async () => {
    lab = await makePacketLab();
  });
  afterAll(() => lab.end());

  it.each(['watch', 'guard', 'secure'] as const)('%s: each packet meets what was said of it', async (mode) => {
    const trusted = [{ network: net(stranger), device: mode === 'secure' ? 'to-other' : 'to-outside' }];
    const scenes: readonly Readonly<Record<string, readonly string[]>>[] = [
      {},
      { sip: [hotel], rtp: [hotel], was: [hotel] },
      { was: [hotel], all: [stranger], block: [own] },
    ];
    for (const members of scenes) {
      await lab.enter(mode, members, { trusted });
      await lab.insideSocket(pbx, ANSWERED);
      for (const from of [hotel, stranger]) {
        await lab.farSocket(from);
        lab.inside.send(`pbx ${pbx} ${ANSWERED}`, `for ${mode}`, from, SIP); // what comes back is a reply
        await until(() => lab.far.heard(`far ${from} ${SIP}`).length > 0, 'the question');
      }
      const packets = [hotel, stranger, own].flatMap((from) =>
        [SIP, IAX, MEDIA, OTHER, ...(from === own ? [] : [ANSWERED])].map((port): Packet => ({
          ...{ protocol: 'udp', from: net(from), port, device: 'to-outside' },
          ...{ isReply: port === ANSWERED, isOwn: from === own },
        })),
      );
      const elements: Elements = new Map(
        Object.entries(members).map(([set, all]) => [set, new Map(all.map((one) => [net(one), 'forever']))]),
      );
      const said = lab.firewall.foretell({ ...PBX, mode, trusted }, elements, packets);
      for (const [i, { from, port }] of packets.entries()) {
        const got = await lab.reaches(from, pbx, port);
        expect([members, from, port, got]).toEqual([members, from, port, said[i] !== 'drop']);
      }
    }
  });
});
