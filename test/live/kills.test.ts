/** Tollgate is killed at any moment under load. A new one takes over, there or after a reboot. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeAsRoot } from '../support/as-root';
import { makeCrashSite, type CrashSite, type Doors } from '../support/crash-site';
import { openCrashStores, type CrashStores } from '../support/crash-stores';
import { randomFrom } from '../support/random';
import { until } from '../support/until';
import type { DoorStep, Live, Told } from './programs/crashing-gate';

const SHORT = 1000;
const LONG = 5000;
/** On each of the two databases. */
const KILLS = 10;
const LISTS = 4;
const STEPS = 400;

describeAsRoot.each(['SQLite', 'MariaDB'] as const)('Tollgate is killed at any moment under load, over %s', (kind) => {
  let stores: CrashStores;
  let site: CrashSite;
  beforeAll(async () => {
    stores = await openCrashStores(kind);
    site = await makeCrashSite({ ...(await stores.make()) });
  });
  afterAll(async () => {
    await site.close();
    await stores.close();
  });

  const seed = Math.floor(Math.random() * 2 ** 31);
  it(`${KILLS} times (seed ${seed}): what was told holds, and nothing else`, async () => {
    const random = randomFrom(seed);
    let worlds = Array.from({ length: LISTS }, (): Doors => new Map());
    let told = 0;
    let process = await site.restored();
    for (let kill = 0; kill < KILLS; kill++) {
      if (kill % 5 === 4) {
        // While it restores, or before it has begun to.
        process.child.kill('SIGKILL');
        const early = site.begin();
        await sleep(random() * 800);
        early.child.kill('SIGKILL');
        await early.ended;
        process = await site.restored();
        continue;
      }
      const lists = worlds.map((doors, list) => anySteps(doors, list, random));
      process.go(...lists);
      await until(() => process.told.length > 1, 'work has begun');
      await sleep(random() * 400);
      process.child.kill('SIGKILL');
      expect(await process.ended).toBe('SIGKILL');
      const before = process.told;
      const possible = worlds.map((doors, list) => worldsAfter(doors, lists[list] ?? [], list, before));
      if (kill % 2 === 1) {
        await site.reboot();
        const [sure, either] = [all(possible.map((each) => each.sure)), all(possible.map((each) => each.either))];
        await site.expectMembers(sure, either);
      }
      process = await site.restored();
      worlds = possible.map((each, list) => worldIn(each, list, process.live));
      await site.expectDoors(all(worlds), process.live);
      told += before.filter(({ kind }) => kind === 'told').length;
    }
    process.go();
    expect(await process.ended).toBe(0);
    const ids = site.messageIds();
    expect(process.told.at(-1)).toEqual({ kind: 'drained', opened: new Set(ids).size });
    // One kill can catch as many letters between the server's answer and its note as are on their way at once.
    expect(ids.length - new Set(ids).size).toBeLessThanOrEqual(3 * KILLS);
    expect(told).toBeGreaterThan(KILLS);
  });
});

const all = (worlds: readonly Doors[]): Doors => new Map(worlds.flatMap((each) => [...each]));

/** One list's doors after the kill: all that it was told of; and the same with the one step under way. */
interface Possible {
  readonly sure: Doors;
  readonly either: Doors;
}

function worldsAfter(before: Doors, steps: readonly DoorStep[], list: number, told: readonly Told[]): Possible {
  const done = told.filter((each) => each.kind === 'told' && each.list === list).length;
  const sure = steps.slice(0, done).reduce(afterStep, before);
  const isUnder = told.some((each) => each.kind === 'begun' && each.list === list && each.step === done);
  return { sure, either: steps.slice(done, isUnder ? done + 1 : done).reduce(afterStep, sure) };
}

/** Which of the two it is. */
function worldIn({ sure, either }: Possible, list: number, live: readonly Live[]): Doors {
  const mine = live.filter(({ network }) => network.startsWith(addressOf(list, '')));
  if (!isIn(mine, either)) return sure;
  // When a lease was being renewed for as long as it had, only the order shows whether that has happened.
  const inOrder = () => new Map(mine.flatMap(({ network }) => [...either].filter(([address]) => address === network)));
  return isIn(mine, sure) ? inOrder() : either;
}

function isIn(live: readonly Live[], doors: Doors): boolean {
  const near = ({ network, secondsLeft = 0 }: Live) => {
    const door = doors.get(network);
    return door !== undefined && (typeof door !== 'number' || Math.abs(door - secondsLeft) < 200);
  };
  return live.length === doors.size && live.every(near);
}

function afterStep(doors: Doors, step: DoorStep): Doors {
  const next = new Map(doors);
  next.delete(step.address);
  if (step.do === 'allow') next.set(step.address, 'for good');
  if (step.do === 'block') next.set(step.address, 'blocked');
  if (step.do !== 'open') return next;
  const leases = [...next].filter(([, door]) => typeof door === 'number');
  for (const [oldest] of leases.slice(0, Math.max(0, leases.length - 1))) next.delete(oldest);
  return next.set(step.address, step.leaseSeconds);
}

const addressOf = (list: number, digit: number | '') => `198.51.100.${list + 1}${digit}`;

/** Each list has an account and addresses of its own: three for the traveller, one that is allowed, one that is blocked. */
function anySteps(doors: Doors, list: number, random: () => number): DoorStep[] {
  const steps: DoorStep[] = [];
  for (let now = doors; steps.length < STEPS; now = afterStep(now, steps.at(-1) as DoorStep)) {
    const pick = Math.floor(random() * 6);
    const [allowed, blocked] = [addressOf(list, 7), addressOf(list, 8)];
    if (pick < 4)
      steps.push({
        do: 'open',
        account: `${100 + list}`,
        address: addressOf(list, pick % 3),
        leaseSeconds: random() < 0.5 ? SHORT : LONG,
      });
    else if (pick === 4) steps.push({ do: now.has(allowed) && random() < 0.8 ? 'revoke' : 'allow', address: allowed });
    else steps.push({ do: now.has(blocked) ? 'unblock' : 'block', address: blocked });
  }
  return steps;
}
