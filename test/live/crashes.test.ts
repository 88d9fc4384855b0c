/** Tollgate stops dead: at every place between two promises, and anywhere at all. A new one takes over. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeHost, type Host } from '../../src/lab/host';
import { describeAsRoot } from '../support/as-root';
import { openMailServer, type Behaviour, type MailServer } from '../support/mail-server';
import { randomFrom } from '../support/random';
import { until } from '../support/until';
import type { Live, Orders, Place, Step, Told } from './programs/crashing-gate';

let host: Host;
let folder: string;
let mail: MailServer;
let answers: (letter: number) => Behaviour;
beforeEach(async () => {
  answers = () => 'take';
  host = await makeHost('pbx');
  folder = mkdtempSync(join(tmpdir(), 'tollgate-crash-'));
  mail = await openMailServer({ behaviour: (letter) => answers(letter) });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await mail.close();
  host.close();
  rmSync(folder, { recursive: true });
});

const children: ChildProcess[] = [];
interface Process {
  readonly child: ChildProcess;
  /** What it wrote to its pipe. */
  readonly told: Told[];
  /** The entries that are live when it has restored. */
  readonly live: readonly Live[];
  go(...lists: readonly (readonly Step[])[]): void;
  /** How it ended. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
}

function begin(crash?: Orders['crash']): Omit<Process, 'live'> {
  const orders: Orders = { folder, host: host.pid, smtpPort: mail.port, ...(crash && { crash }) };
  const program = ['-r', join(__dirname, '../support/typescript.js'), join(__dirname, 'programs/crashing-gate.ts')];
  const child = spawn(process.execPath, [...program, JSON.stringify(orders)], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const told: Told[] = [];
  createInterface(child.stdout).on('line', (line) => told.push(JSON.parse(line) as Told));
  child.stdin.on('error', () => undefined); // it may be dead already
  const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as NodeJS.Signals | number | null);
  return { child, told, ended, go: (...lists) => void child.stdin.write(`${JSON.stringify(lists)}\n`) };
}

async function restored(process: Omit<Process, 'live'>): Promise<Process> {
  let over = false;
  void process.ended.then(() => (over = true));
  await until(() => over || process.told.some(({ kind }) => kind === 'restored'), 'Tollgate restored', 30_000);
  const [first] = process.told;
  if (first?.kind !== 'restored') throw new Error('Tollgate ended instead of restoring');
  return { ...process, live: first.live };
}

/** Member -> seconds left, 0 for good; of the sets that decide about signalling, media and blocks. */
async function kernel(): Promise<Record<string, Record<string, number>>> {
  const sets: Record<string, Record<string, number>> = { 'tg-sip4': {}, 'tg-iax4': {}, 'tg-rtp4': {}, 'tg-block4': {} };
  for (const line of (await host.run('ipset', ['save'])).split('\n')) {
    const [, set = '', member = '', seconds] = /^add (\S+) (\S+) timeout (\d+)/.exec(line) ?? [];
    const members = sets[set];
    if (members) members[member] = Number(seconds);
  }
  return sets;
}

/** What people were told, and nothing else: address -> its lease in seconds, 'for good', or 'blocked'. */
type Doors = Map<string, number | 'for good' | 'blocked'>;

/** Store and kernel hold exactly these doors, and none ends later than it was told. */
async function expectDoors(doors: Doors, live: readonly Live[]): Promise<void> {
  const stored = live.map(({ kind, network }) => `${kind} ${network}`).sort();
  expect(stored).toEqual([...doors].map(([ip, door]) => `${door === 'blocked' ? 'block' : 'allow'} ${ip}`).sort());
  const sets = await kernel();
  const of = (wanted: (door: number | 'for good' | 'blocked') => boolean) =>
    [...doors].flatMap(([ip, door]) => (wanted(door) ? [ip] : [])).sort();
  for (const set of ['tg-sip4', 'tg-iax4', 'tg-rtp4']) {
    expect([set, Object.keys(sets[set] ?? {}).sort()]).toEqual([set, of((door) => door !== 'blocked')]);
  }
  expect(Object.keys(sets['tg-block4'] ?? {}).sort()).toEqual(of((door) => door === 'blocked'));
  for (const [ip, door] of doors) {
    if (typeof door !== 'number') continue;
    const left = sets['tg-sip4']?.[ip] ?? 0;
    expect(left).toBeGreaterThan(door - 200);
    expect(left).toBeLessThanOrEqual(door);
  }
}

/** Letters by the address that they tell of, each Message-ID once. */
function lettersAbout(ip: string): { readonly arrived: number; readonly different: number } {
  const about = mail.arrived.filter(({ raw }) =>
    new RegExp(`(?<![\\d.])${ip.replaceAll('.', '\\.')}(?![\\d.])`).test(raw),
  );
  const ids = new Set(about.map(({ raw }) => /^Message-ID: (.*)$/im.exec(raw)?.[1]));
  return { arrived: about.length, different: ids.size };
}

const SHORT = 1000;
const LONG = 5000;

/** One operation: what was done before it, and the doors before and after it. */
interface Operation {
  readonly name: string;
  readonly steps: (ip: (n: number) => string, account: string) => readonly Step[];
  readonly before: (ip: (n: number) => string) => Doors;
  readonly after: (ip: (n: number) => string) => Doors;
  /** Places where it may die, and whether it has happened then. */
  readonly places: readonly (readonly [Place, number, 'before' | 'after'])[];
}
const OPENING = [
  ['store', 1, 'before'],
  ['sent', 1, 'before'],
  ['kernel', 1, 'before'],
  ['store', 2, 'after'],
] as const;
const CLOSING = [
  ['store', 1, 'before'], // what had ended by then is put away first
  ['store', 2, 'after'],
  ['sent', 1, 'after'],
  ['kernel', 1, 'after'],
] as const;
const open = (account: string, address: string, leaseSeconds = SHORT): Step => ({
  do: 'open',
  account,
  address,
  leaseSeconds,
});

const OPERATIONS: readonly Operation[] = [
  {
    name: 'opening',
    steps: (ip, account) => [open(account, ip(1))],
    before: () => new Map(),
    after: (ip) => new Map([[ip(1), SHORT]]),
    places: OPENING,
  },
  {
    name: 'renewing',
    steps: (ip, account) => [open(account, ip(1)), open(account, ip(1), LONG)],
    before: (ip) => new Map([[ip(1), SHORT]]),
    after: (ip) => new Map([[ip(1), LONG]]),
    places: OPENING,
  },
  {
    name: 'opening one more than allowed',
    steps: (ip, account) => [1, 2, 3].map((n) => open(account, ip(n))),
    before: (ip) => new Map([1, 2].map((n) => [ip(n), SHORT])),
    after: (ip) => new Map([2, 3].map((n) => [ip(n), SHORT])),
    places: OPENING,
  },
  {
    name: 'revoking',
    steps: (ip) => [
      { do: 'allow', address: ip(1) },
      { do: 'revoke', address: ip(1) },
    ],
    before: (ip) => new Map([[ip(1), 'for good']]),
    after: () => new Map(),
    places: CLOSING,
  },
  {
    name: 'blocking',
    steps: (ip) => [{ do: 'block', address: ip(1) }],
    before: () => new Map(),
    after: (ip) => new Map([[ip(1), 'blocked']]),
    places: OPENING,
  },
];

describeAsRoot('Tollgate dies at a named place', () => {
  it.each(OPERATIONS)('while $name: what was told stays, and nothing else is open', async ({ steps, ...operation }) => {
    const doors: Doors = new Map();
    const opened: string[] = [];
    for (const [i, [place, times, happened]] of operation.places.entries()) {
      const ip = (n: number) => `198.51.100.${10 * (i + 1) + n}`;
      const doing = steps(ip, `${100 + i}`);
      const process = await restored(begin({ place, times, fromStep: doing.length - 1 }));
      await expectDoors(doors, process.live); // what the one before it left
      process.go(doing);
      expect([place, times, await process.ended]).toEqual([place, times, 'SIGKILL']);
      expect(process.told.at(-1)).toEqual({ kind: 'dying', place });
      for (const [address, door] of operation[happened](ip)) doors.set(address, door);
      const done = happened === 'after' ? doing : doing.slice(0, -1);
      opened.push(...done.flatMap((step) => (step.do === 'open' ? [step.address] : [])));
    }
    const last = await restored(begin());
    await expectDoors(doors, last.live);
    last.go();
    expect(await last.ended).toBe(0);
    expect(last.told.at(-1)).toEqual({ kind: 'drained', opened: opened.length });
    const ids = mail.arrived.map(({ raw }) => /^Message-ID: (.*)$/im.exec(raw)?.[1]);
    expect(new Set(ids).size).toBe(opened.length);
    for (const address of opened) expect(lettersAbout(address).different).toBeGreaterThan(0);
  });

  const MAIL: readonly [string, Place, Behaviour, { arrived: number; different: number }][] = [
    // The one duplicate that no mailer can avoid: nobody has noted that the server took it. Same Message-ID.
    ['the server has taken the letter', 'answer', 'take', { arrived: 2, different: 1 }],
    ['that was noted', 'noted', 'take', { arrived: 1, different: 1 }],
    ['the server has put it off', 'answer', 451, { arrived: 1, different: 1 }],
    ['the server has refused it', 'answer', 550, { arrived: 1, different: 1 }],
  ];
  it.each(MAIL)('after %s: the letter is not lost', async (_name, place, behaviour, letters) => {
    answers = (letter) => (letter === 0 ? behaviour : 'take');
    const first = await restored(begin({ place, times: 1, fromStep: 0 }));
    first.go([open('12', '198.51.100.7')]);
    expect(await first.ended).toBe('SIGKILL');
    const second = await restored(begin());
    await expectDoors(new Map([['198.51.100.7', SHORT]]), second.live);
    second.go();
    expect(await second.ended).toBe(0);
    expect(lettersAbout('198.51.100.7')).toEqual(letters);
  });
});

const KILLS = 20;
const LISTS = 4;
const STEPS = 400;

describeAsRoot('Tollgate is killed at any moment under load', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  it(`${KILLS} times (seed ${seed}): what was told stays, and nothing else is open`, async () => {
    const random = randomFrom(seed);
    let worlds = Array.from({ length: LISTS }, (): Doors => new Map());
    let told = 0;
    let process = await restored(begin());
    for (let kill = 0; kill < KILLS; kill++) {
      if (kill % 5 === 4) {
        // While it restores, or before it has begun to.
        process.child.kill('SIGKILL');
        const early = begin();
        await sleep(random() * 800);
        early.child.kill('SIGKILL');
        await early.ended;
        process = await restored(begin());
        continue;
      }
      const lists = worlds.map((doors, list) => anySteps(doors, list, random));
      process.go(...lists);
      await until(() => process.told.length > 1, 'work has begun');
      await sleep(random() * 400);
      process.child.kill('SIGKILL');
      expect(await process.ended).toBe('SIGKILL');
      const before = process.told;
      process = await restored(begin());
      worlds = worlds.map((doors, list) => worldAfter(doors, lists[list] ?? [], list, before, process.live));
      await expectDoors(new Map(worlds.flatMap((each) => [...each])), process.live);
      told += before.filter(({ kind }) => kind === 'told').length;
    }
    process.go();
    expect(await process.ended).toBe(0);
    const ids = mail.arrived.map(({ raw }) => /^Message-ID: (.*)$/im.exec(raw)?.[1]);
    expect(process.told.at(-1)).toEqual({ kind: 'drained', opened: new Set(ids).size });
    // One kill can catch as many letters between the server's answer and its note as are on their way at once.
    expect(ids.length - new Set(ids).size).toBeLessThanOrEqual(3 * KILLS);
    expect(told).toBeGreaterThan(KILLS);
  });
});

/** One list's doors after the kill: all that it was told of, and of the one step under way everything or nothing. */
function worldAfter(
  before: Doors,
  steps: readonly Step[],
  list: number,
  told: readonly Told[],
  live: readonly Live[],
): Doors {
  const done = told.filter((each) => each.kind === 'told' && each.list === list).length;
  const sure = steps.slice(0, done).reduce(afterStep, before);
  const under = told.some((each) => each.kind === 'begun' && each.list === list && each.step === done);
  const either = steps.slice(done, under ? done + 1 : done).reduce(afterStep, sure);
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

function afterStep(doors: Doors, step: Step): Doors {
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
function anySteps(doors: Doors, list: number, random: () => number): Step[] {
  const steps: Step[] = [];
  for (let now = doors; steps.length < STEPS; now = afterStep(now, steps.at(-1) as Step)) {
    const pick = Math.floor(random() * 6);
    const [allowed, blocked] = [addressOf(list, 7), addressOf(list, 8)];
    if (pick < 4) steps.push(open(`${100 + list}`, addressOf(list, pick % 3), random() < 0.5 ? SHORT : LONG));
    else if (pick === 4) steps.push({ do: now.has(allowed) && random() < 0.8 ? 'revoke' : 'allow', address: allowed });
    else steps.push({ do: now.has(blocked) ? 'unblock' : 'block', address: blocked });
  }
  return steps;
}
