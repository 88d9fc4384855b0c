import { describeAsRoot } from '../support/as-root';
import { PBX } from '../support/firewall-host';
import { net } from '../support/net';
import { makePacketLab, V4, V6, type PacketLab } from '../support/packet-lab';
import { until } from '../support/until';

const SIP = 5060;
const MEDIA = 12000;
/** A port that nobody guards. */
const OTHER = 9000;
const GUARDED_SSH = PBX.services.map((one) => (one.name === 'ssh' ? { ...one, guarded: true } : one));

describeAsRoot.each([V4, V6])('packets of IPv$family', ({ family, pbx, own, hotel, stranger }) => {
  let lab: PacketLab;
  const iptables = family === 4 ? 'iptables' : 'ip6tables';
  beforeEach(async () => {
    lab = await makePacketLab();
  });
  afterEach(async () => {
    await lab.end();
  });

  /** A TCP connection from outside; resolves to the ids of its two ends. */
  async function connection(from: string, port: number): Promise<readonly [string, string]> {
    await lab.inside.open({ do: 'listen', id: `in ${port}`, from: pbx, port });
    await lab.far.open({ do: 'connect', id: `from ${from} ${port}`, from, to: pbx, port });
    return [`from ${from} ${port}`, `in ${port}`];
  }

  it.each(['guard', 'secure'] as const)(
    '%s: SIP meets silence, is heard once the door is open, and silence at the very next packet of the live flow',
    async (mode) => {
      await lab.enter(mode);
      expect(await lab.reaches(hotel, pbx, SIP)).toBe(false);
      await lab.open('sip', hotel);
      for (let i = 0; i < 5; i++) {
        expect(await lab.reaches(hotel, pbx, SIP)).toBe(true);
        lab.inside.send(`pbx ${pbx} ${SIP}`, 'answer', hotel, SIP); // so that conntrack calls it established
        await until(() => lab.far.heard(`far ${hotel} ${SIP}`).length > i, 'the answer');
      }
      expect(await lab.reaches(stranger, pbx, SIP)).toBe(false);
      await lab.close('sip', hotel);
      expect(await lab.reaches(hotel, pbx, SIP)).toBe(false);
    },
  );

  it.each(['guard', 'secure'] as const)('%s: a TCP connection to SIP dies with its door', async (mode) => {
    await lab.enter(mode, { sip: [hotel] });
    const [end, inside] = await connection(hotel, SIP);
    expect(await lab.writeReaches(end, inside)).toBe(true);
    await lab.close('sip', hotel);
    expect(await lab.writeReaches(end, inside)).toBe(false);
  });

  it('a lease ends in the kernel, in the middle of a live flow, with nothing of ours running', async () => {
    await lab.enter('guard');
    await lab.open('sip', hotel, new Date(Date.now() + 2500));
    await lab.firewall.close();
    expect(await lab.reaches(hotel, pbx, SIP)).toBe(true);
    await until(async () => !(await lab.reaches(hotel, pbx, SIP)), 'the end of the lease');
  });

  it.each(['guard', 'secure'] as const)(
    '%s: what the PBX itself dialled is cut when the phone is closed, and goes on for everybody else',
    async (mode) => {
      await lab.enter(mode, { sip: [hotel], was: [hotel] });
      for (const address of [hotel, stranger]) {
        await lab.far.open({ do: 'listen', id: `far ${address}`, from: address, port: 7000 });
        await lab.inside.open({ do: 'connect', id: `dialled ${address}`, from: pbx, to: address, port: 7000 });
        lab.inside.write(`dialled ${address}`, 'hello');
        await until(() => lab.far.heard(`far ${address}`).includes('hello'), 'the dialled connection');
        expect(await lab.writeReaches(`far ${address}`, `dialled ${address}`)).toBe(true);
      }
      await lab.close('sip', hotel);
      expect(await lab.writeReaches(`far ${hotel}`, `dialled ${hotel}`)).toBe(false);
      expect(await lab.writeReaches(`far ${stranger}`, `dialled ${stranger}`)).toBe(true);
    },
  );

  it('media that Asterisk sent first is cut for a closed phone only', async () => {
    await lab.enter('guard', { sip: [hotel], rtp: [hotel], was: [hotel] });
    expect(await lab.reaches(hotel, pbx, MEDIA)).toBe(true);
    await lab.close('sip', hotel);
    await lab.close('rtp', hotel);
    expect(await lab.reaches(hotel, pbx, MEDIA)).toBe(false);
    expect(await lab.reaches(stranger, pbx, MEDIA)).toBe(true); // guard leaves it to the admin's own rules
  });

  it('secure: media is let in from the rtp set, and as an answer to the PBX’s own from all but closed phones', async () => {
    await lab.enter('secure', { was: [hotel] });
    await lab.farSocket(hotel);
    await lab.farSocket(stranger);
    await lab.insideSocket(pbx, MEDIA);
    for (const address of [hotel, stranger]) {
      lab.inside.send(`pbx ${pbx} ${MEDIA}`, 'audio', address, SIP);
      await until(() => lab.far.heard(`far ${address} ${SIP}`).includes('audio'), 'the audio');
    }
    expect(await lab.reaches(hotel, pbx, MEDIA)).toBe(false);
    expect(await lab.reaches(stranger, pbx, MEDIA)).toBe(true);
    await lab.open('sip', hotel);
    await lab.open('rtp', hotel);
    expect(await lab.reaches(hotel, pbx, MEDIA)).toBe(true);
  });

  it.each(['guard', 'secure'] as const)(
    '%s: media that Asterisk sent first go on while a call outlasts its lease, and nothing else does',
    async (mode) => {
      await lab.enter(mode, { sip: [hotel], iax: [hotel], rtp: [hotel], was: [hotel] });
      await lab.farSocket(hotel);
      await lab.insideSocket(pbx, MEDIA);
      lab.inside.send(`pbx ${pbx} ${MEDIA}`, 'audio', hotel, SIP);
      await until(() => lab.far.heard(`far ${hotel} ${SIP}`).includes('audio'), 'the audio');
      for (const set of ['sip', 'iax']) await lab.close(set, hotel);
      expect(await lab.reaches(hotel, pbx, MEDIA)).toBe(true);
      expect(await lab.reaches(hotel, pbx, SIP)).toBe(false);
      await lab.close('rtp', hotel);
      expect(await lab.reaches(hotel, pbx, MEDIA)).toBe(false);
    },
  );

  it('an admin’s SSH from an address whose phone lease ends goes on', async () => {
    await lab.enter('guard', { sip: [hotel], iax: [hotel], rtp: [hotel], was: [hotel] });
    const [end, inside] = await connection(hotel, 22);
    for (const set of ['sip', 'iax', 'rtp']) await lab.close(set, hotel);
    expect(await lab.writeReaches(end, inside)).toBe(true);
  });

  it('a phone’s address cannot reach a guarded SSH', async () => {
    await lab.enter('guard', { sip: [hotel], iax: [hotel], rtp: [hotel], ssh: [] }, { services: GUARDED_SSH });
    await lab.inside.open({ do: 'listen', id: 'ssh', from: pbx, port: 22 });
    lab.far.begin({ do: 'connect', id: 'try', from: hotel, to: pbx, port: 22 });
    const dropped = async () => / TOLLGATE-GUARD-SSH -j DROP/.test(await nonZero());
    await until(dropped, 'the first SYN to be dropped');
    expect(lab.far.isReady('try')).toBe(false);
    await lab.open('ssh', hotel);
    await until(() => lab.far.isReady('try'), 'the next SYN to come through');
  });

  it('a forged packet with the PBX’s own address is dropped', async () => {
    await lab.enter('guard', { sip: [own], rtp: [own] });
    expect(await lab.reaches(own, pbx, SIP)).toBe(false);
    expect(await lab.reaches(own, pbx, OTHER)).toBe(true);
    await lab.enter('secure', { sip: [own], rtp: [own], all: [own] });
    expect(await lab.reaches(own, pbx, SIP)).toBe(false);
    expect(await lab.reaches(own, pbx, OTHER)).toBe(false);
    await lab.enter('watch', { sip: [own] });
    expect(await lab.reaches(own, pbx, SIP)).toBe(true);
  });

  it.each(['watch', 'guard', 'secure'] as const)('%s: a block wins over every entry', async (mode) => {
    const open = { sip: [hotel], rtp: [hotel], all: [hotel], web: [hotel] };
    await lab.enter(mode, open);
    for (const port of [SIP, MEDIA, OTHER]) expect(await lab.reaches(hotel, pbx, port)).toBe(true);
    await lab.open('block', hotel);
    for (const port of [SIP, MEDIA, OTHER]) expect(await lab.reaches(hotel, pbx, port)).toBe(false);
    await lab.close('block', hotel);
    expect(await lab.reaches(hotel, pbx, SIP)).toBe(true);
  });

  it('watch changes nothing but blocks', async () => {
    await lab.enter('watch');
    for (const port of [SIP, 4569, MEDIA, OTHER]) expect(await lab.reaches(stranger, pbx, port)).toBe(true);
    const counted = await nonZero();
    expect(counted).toMatch(/ TOLLGATE-WATCH-SIP -j RETURN/);
  });

  it('guard leaves what is not guarded to the admin’s own rules, for members too', async () => {
    await lab.enter('guard', { sip: [hotel], rtp: [hotel], all: [hotel] });
    await lab.pbx.run(iptables, ['-A', 'INPUT', '-p', 'udp', '--dport', '9001', '-j', 'DROP']);
    expect(await lab.reaches(stranger, pbx, OTHER)).toBe(true);
    expect(await lab.reaches(hotel, pbx, 9001)).toBe(false);
    await lab.pbx.run(iptables, ['-A', 'INPUT', '-p', 'udp', '--dport', String(SIP), '-j', 'DROP']);
    expect(await lab.reaches(hotel, pbx, SIP)).toBe(true);
  });

  it('secure drops what nobody opened, and lets in what the admin opened', async () => {
    await lab.enter('secure');
    expect(await lab.reaches(stranger, pbx, OTHER)).toBe(false);
    await lab.open('all', stranger);
    expect(await lab.reaches(stranger, pbx, OTHER)).toBe(true);
    const [end, inside] = await connection(hotel, 443);
    expect(await lab.writeReaches(end, inside)).toBe(true);
  });

  it('a trusted network is trusted on its own device only', async () => {
    const trusted = (device: string) => ({ trusted: [{ network: net(hotel), device }] });
    await lab.enter('guard', {}, trusted('to-other'));
    expect(await lab.reaches(hotel, pbx, SIP)).toBe(false);
    await lab.enter('guard', {}, trusted('to-outside'));
    expect(await lab.reaches(hotel, pbx, SIP)).toBe(true);
    expect(await lab.reaches(stranger, pbx, SIP)).toBe(false);
  });

  it('the kernel lets go of a trial by itself', async () => {
    const trial = { mode: 'guard', until: new Date(Date.now() + 2900) } as const;
    await lab.enter('watch', {}, { trial });
    await lab.firewall.close();
    expect(await lab.reaches(hotel, pbx, SIP)).toBe(false);
    await until(() => lab.reaches(hotel, pbx, SIP), 'the end of the trial');
    expect(Date.now()).toBeLessThan(trial.until.getTime() + 1000);
  });

  /** Our rules that some packet has met. */
  async function nonZero(): Promise<string> {
    const saved = await lab.pbx.run(`${iptables}-save`, ['-c', '-t', 'filter']);
    return saved
      .split('\n')
      .filter((line) => /^\[[1-9]/.test(line))
      .join('\n');
  }
});
