/** Tollgate stops dead at every place between two promises. A new one takes over, there or after a reboot. */
import { describeAsRoot } from '../support/as-root';
import { ALONE, DOORS, MODES, open, SHORT, type Address, type News, type When } from '../support/crash-operations';
import { makeCrashSite, type CrashSite, type Doors, type Regime } from '../support/crash-site';
import { openCrashStores, type CrashStores } from '../support/crash-stores';
import type { Behaviour } from '../support/mail-server';
import type { Place } from './programs/crashes';
import type { Live } from './programs/crashing-gate';

interface World extends Regime {
  readonly doors: Doors;
}

function toldIn(world: World, { doors = [], ...regime }: News, ip: Address): World {
  return { ...world, ...regime, doors: new Map([...world.doors, ...doors.map(([n, door]) => [ip(n), door] as const)]) };
}

/** Without a mode nothing of ours is in the kernel. */
const heldIn = ({ mode, doors }: Pick<World, 'mode' | 'doors'>): Doors => (mode === '' ? new Map() : doors);

const BETWEEN: readonly When[] = ['before', 'after'];

describeAsRoot.each([
  ['SQLite', 'is started again', [...DOORS, ...MODES]],
  ['MariaDB', 'is started after a reboot', [...DOORS, ...MODES]],
  ['SQLite', 'is started after a reboot', ALONE],
] as const)('Tollgate, over %s, dies at a named place and %s', (kind, next, operations) => {
  let stores: CrashStores;
  let site: CrashSite;
  beforeAll(async () => {
    stores = await openCrashStores(kind);
  });
  afterAll(() => stores.close());
  beforeEach(async () => {
    site = await makeCrashSite({ ...(await stores.make()) });
  });
  afterEach(() => site.close());

  it.each(operations)('while $name: what was told holds, and nothing else', async (operation) => {
    const { steps, places } = operation;
    let world: World = { mode: 'guard', trial: '', doors: new Map() };
    const opened: string[] = [];
    for (const [i, [place, times, happened, kept]] of places.entries()) {
      const ip = (n: number) => `198.51.100.${10 * (i + 1) + n}`;
      const doing = steps(ip, `${100 + i}`);
      const process = await site.restored({ place, times, fromStep: doing.length - 1 });
      await expectWorld(world, process); // what the one before it left
      process.go(doing);
      expect([place, times, await process.ended]).toEqual([place, times, 'SIGKILL']);
      expect(process.told.at(-1)).toEqual({ kind: 'dying', place });
      const told = (when: When) => toldIn(world, operation[when] ?? operation.before, ip);
      const [left, either] = [told(happened), (kept === 'between' ? BETWEEN : [kept]).map(told)];
      world = left;
      if (next === 'is started after a reboot') {
        await site.reboot();
        expect([place, times, await site.regime()]).toEqual([place, times, { mode: either[0]?.mode, trial: '' }]);
        await site.expectMembers(...either.map(heldIn));
        world = { ...left, trial: '' };
      }
      const done = happened === 'after' ? doing : doing.slice(0, -1);
      opened.push(...done.flatMap((step) => (step.do === 'open' ? [step.address] : [])));
    }
    const last = await site.restored();
    await expectWorld(world, last);
    last.go();
    expect(await last.ended).toBe(0);
    expect(last.told.at(-1)).toEqual({ kind: 'drained', opened: opened.length });
    expect(new Set(site.messageIds()).size).toBe(opened.length);
    for (const address of opened) expect(site.lettersAbout(address).different).toBeGreaterThan(0);
  });

  async function expectWorld(
    { doors, mode, trial }: World,
    { live, regime }: { live: readonly Live[]; regime: Regime },
  ) {
    expect(regime).toEqual({ mode, trial });
    expect(await site.regime()).toEqual({ mode, trial });
    await site.expectDoors(doors, live, heldIn({ mode, doors }));
    expect([mode, site.saved()]).toEqual([mode, mode === '' ? [] : ['firewall']]);
  }
});

describeAsRoot('Tollgate dies while it mails', () => {
  const MAIL: readonly [string, Place, Behaviour, { arrived: number; different: number }][] = [
    // The one duplicate that no mailer can avoid: nobody has noted that the server took it. Same Message-ID.
    ['the server has taken the letter', 'answer', 'take', { arrived: 2, different: 1 }],
    ['that was noted', 'noted', 'take', { arrived: 1, different: 1 }],
    ['the server has put it off', 'answer', 451, { arrived: 1, different: 1 }],
    ['the server has refused it', 'answer', 550, { arrived: 1, different: 1 }],
  ];
  it.each(MAIL)('after %s: the letter is not lost', async (_name, place, behaviour, letters) => {
    const site = await makeCrashSite({ answers: (letter) => (letter === 0 ? behaviour : 'take') });
    try {
      const first = await site.restored({ place, times: 1, fromStep: 0 });
      first.go([open('12', '198.51.100.7')]);
      expect(await first.ended).toBe('SIGKILL');
      const second = await site.restored();
      await site.expectDoors(new Map([['198.51.100.7', SHORT]]), second.live);
      second.go();
      expect(await second.ended).toBe(0);
      expect(site.lettersAbout('198.51.100.7')).toEqual(letters);
    } finally {
      await site.close();
    }
  });
});
