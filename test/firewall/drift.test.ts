import type { Firewall } from '../../src/domain/firewall';
import { openFirewall } from '../../src/firewall/open';
import type { SpawnSession } from '../../src/firewall/session-port';
import { fakeClock, type FakeClock } from '../support/fake-clock';
import { fakeKernel, type FakeKernel } from '../support/fake-kernel';
import { PBX } from '../support/firewall-host';

const noNft: SpawnSession = (_file, _args, listener) => {
  setImmediate(() => listener.ended('spawn nft ENOENT'));
  return { write: () => undefined, kill: () => undefined };
};

describe('what a look for drift costs, and knows', () => {
  let clock: FakeClock;
  let kernel: FakeKernel;
  let ran: string[];
  let firewall: Firewall;
  let end: () => void;
  const open = async (spawn?: SpawnSession) => {
    clock = fakeClock();
    kernel = fakeKernel(clock);
    ran = [];
    firewall = openFirewall({
      run: (file, args, options) => {
        ran.push(file);
        return kernel.run(file, args, options);
      },
      spawnSession: (file, args, on) => (file === 'nft' && spawn ? spawn : kernel.spawnSession)(file, args, on),
      clock,
      log: () => undefined,
    });
    await firewall.apply({ ...PBX, mode: 'guard' }, new Map());
    end = firewall.listen(() => undefined);
    await clock.advance(3000);
    await firewall.drift();
  };
  afterEach(async () => {
    end();
    await firewall.close();
  });
  const look = async (ms = 1000) => {
    await clock.advance(ms);
    ran = [];
    return firewall.drift();
  };
  const damage = () => kernel.run('iptables', '-F INPUT'.split(' '));

  it('is no process at all while nft monitor says nothing', async () => {
    await open();
    for (let seconds = 0; seconds < 9; seconds++) {
      await look();
      expect(ran).toEqual([]);
    }
  });

  it('is the rules too, as soon as they have changed, whoever did it, and every ten seconds', async () => {
    await open();
    await kernel.run('iptables', '-A INPUT -p tcp -j ACCEPT'.split(' '));
    await look();
    expect(ran).toEqual(['iptables-save', 'ip6tables-save']);
    await look();
    expect(ran).toEqual([]);
    await look(9000);
    expect(ran).toEqual(['iptables-save', 'ip6tables-save']);
  });

  it('is the rules each second on a machine without nft', async () => {
    await open(noNft);
    for (let seconds = 0; seconds < 3; seconds++) {
      await look();
      expect(ran).toEqual(['iptables-save', 'ip6tables-save']);
    }
    await damage();
    expect(await look()).toMatchObject({ what: ['IPv4: our hook in INPUT was gone'] });
  });

  it('tells the very moment of a change that was heard, and else the last look', async () => {
    await open();
    await clock.advance(700);
    const then = clock.now();
    await damage();
    await clock.advance(0);
    expect((await look())?.goodAt).toEqual(then);
    await open(noNft);
    await look();
    const looked = clock.now();
    await clock.advance(700);
    await damage();
    expect((await look())?.goodAt).toEqual(looked);
  });

  it('knows nothing while a tool fails, and forgets no change because of it', async () => {
    await open();
    await damage();
    await clock.advance(1000);
    const run = jest.spyOn(kernel, 'run').mockRejectedValueOnce(new Error('no iptables-save just now'));
    await expect(firewall.drift()).rejects.toThrow('just now');
    run.mockRestore();
    expect(await look()).toMatchObject({ what: ['IPv4: our hook in INPUT was gone'] });
  });
});
