import type { LegacyTables, Neighbour } from '../../../src/domain/firewall';
import type { Redirect } from '../../../src/domain/surroundings';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

describe('who else works on the firewall', () => {
  let gate: TestGate;
  let firewall: MemoryFirewall;
  beforeEach(async () => {
    gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  });
  afterEach(() => gate.close());

  const part = async () => (await gate.operations.status({})).parts.find(({ name }) => name === 'neighbours');
  const mode = (is: 'watch' | 'guard') =>
    gate.store.saveModeState({ mode: is, trial: undefined, listening: { sip: [udp(5160)], iax: [] } });
  const udp = (first: number, last = first) => ({ protocol: 'udp', first, last }) as const;
  const DOCKER: Redirect = { ports: udp(5000, 5082), to: '172.17.0.2:5060' };

  it('is nobody’s business before there is anything of ours, and not told when there is nobody', async () => {
    gate.scene.managers = ['Docker'];
    expect(await part()).toBeUndefined();
    gate.scene.managers = [];
    await mode('guard');
    expect(await part()).toBeUndefined();
  });

  it('is told by name, and all right when none of it is in the way', async () => {
    await mode('guard');
    gate.scene.managers = ['Docker', 'fail2ban'];
    expect(await part()).toMatchObject({
      state: 'ok',
      detail: 'Docker has rules of its own; fail2ban has rules of its own',
    });
  });

  it('is warned of with every rule and chain that may drop or open, asked for the ports that Asterisk has', async () => {
    await mode('guard');
    let asked: readonly unknown[] = [];
    const texts = Array.from({ length: 12 }, (_, i) => `rule ${i}`);
    firewall.neighbours = (guarded = []) => {
      asked = guarded;
      return Promise.resolve(texts.map((text): Neighbour => ({ family: 6, text })));
    };
    const { state, detail } = (await part()) ?? {};
    expect(asked).toContainEqual(udp(5160));
    expect(state).toBe('warn');
    expect(detail?.split('; ')).toEqual(texts.map((text) => `IPv6: ${text}`));
  });

  it('of iptables-legacy is told by root, where we may not see it ourselves', async () => {
    await mode('guard');
    firewall.legacySeen = {};
    expect((await part())?.detail).toMatch(/IPv4: tables of iptables-legacy may be in use .* IPv6: .* may be in use/);
    const asRoot = async (legacy: LegacyTables) => {
      const shapes = [
        await gate.operations.status({ legacy }),
        await gate.operations.explain({ what: '192.0.2.1', legacy }),
      ];
      const trial = await gate.operations.guard({ by: 'root', lose: [], dryRun: true, legacy });
      return [...shapes, trial].map(
        (shape) => /tables of iptables-legacy[^"]*beside ours[^:]*/.exec(JSON.stringify(shape))?.[0],
      );
    };
    const told = 'tables of iptables-legacy are in use beside ours (filter)';
    expect(await asRoot({ 4: ['filter'], 6: [] })).toEqual([told, told, told]);
    expect(await asRoot({ 4: [], 6: [] })).toEqual([undefined, undefined, undefined]);
    firewall.legacySeen = { 4: [], 6: [] };
    expect(await asRoot({ 4: ['filter'], 6: [] })).toEqual([undefined, undefined, undefined]);
  });

  it('fails when Asterisk’s packets are handed on, because then a closed door closes nothing', async () => {
    await mode('guard');
    gate.scene.redirects = [DOCKER, { ports: udp(9000), to: '192.0.2.2' }];
    const found = await part();
    expect(found).toMatchObject({ state: 'fail', hint: expect.stringContaining('host') as string });
    expect(found?.detail).toBe(
      'packets to udp/5000-5082 are handed on to 172.17.0.2:5060, and our rules never see them',
    );
    await mode('watch');
    expect(await part()).toMatchObject({ state: 'warn' });
  });
});
