/** Where Tollgate is killed: a host, a state folder, a mail server, and the processes that follow one another there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeHost } from '../../src/lab/host';
import type { Crash } from '../live/programs/crashes';
import type { Live, Orders, Step, Told } from '../live/programs/crashing-gate';
import { openMailServer, type Behaviour, type MailServer } from './mail-server';
import { restoreOn } from './restore-script';
import { until } from './until';

/** What people were told, and nothing else: address -> its lease in seconds, 'for good', or 'blocked'. */
export type Doors = ReadonlyMap<string, Door>;
export type Door = number | 'for good' | 'blocked';

/** The mode that was told, and the one on trial; '' for none. */
export interface Regime {
  readonly mode: string;
  readonly trial: string;
}

interface Process {
  readonly child: ChildProcess;
  /** What it wrote to its pipe. */
  readonly told: Told[];
  /** The entries that are live when it has restored. */
  readonly live: readonly Live[];
  /** As the store has it then. */
  readonly regime: Regime;
  go(...lists: readonly (readonly Step[])[]): void;
  /** How it ended. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
}
type Begun = Omit<Process, 'live' | 'regime'>;

export interface CrashSite {
  readonly mail: MailServer;
  /** Starts Tollgate, which may die while it restores. */
  begin(crash?: Crash): Begun;
  /** Starts it, and resolves when it has restored. */
  restored(crash?: Crash): Promise<Process>;
  /** The machine starts again, as far as the boot unit goes: nothing is in the kernel but what that brings back. */
  reboot(): Promise<void>;
  /** Store and kernel hold exactly these doors, none of which ends later than it was told; the kernel others if told. */
  expectDoors(doors: Doors, live: readonly Live[], held?: Doors): Promise<void>;
  /** Each member of the kernel's sets, and each that is missing there, is as one of these has it. */
  expectMembers(...either: readonly Doors[]): Promise<void>;
  /** The files that a reboot is restored from. */
  saved(): readonly string[];
  /** What both families' rules decide by. */
  regime(): Promise<Regime>;
  /** Letters by the address that they tell of, each Message-ID once. */
  lettersAbout(ip: string): { readonly arrived: number; readonly different: number };
  /** All of them. */
  messageIds(): readonly (string | undefined)[];
  close(): Promise<void>;
}

interface Options {
  /** The URL of a MariaDB; left out: a file in the state folder. */
  readonly database?: string;
  readonly answers?: (letter: number) => Behaviour;
}

export async function makeCrashSite({ database, answers = () => 'take' }: Options): Promise<CrashSite> {
  let host = await makeHost('pbx');
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-crash-'));
  const mail = await openMailServer({ behaviour: answers });
  const children: ChildProcess[] = [];

  function begin(crash?: Crash): Begun {
    const where = { folder, host: host.pid, smtpPort: mail.port };
    const orders: Orders = { ...where, ...(database !== undefined && { database }), ...(crash && { crash }) };
    const program = ['-r', join(__dirname, 'typescript.js'), join(__dirname, '../live/programs/crashing-gate.ts')];
    const child = spawn(process.execPath, [...program, JSON.stringify(orders)], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const told: Told[] = [];
    createInterface(child.stdout).on('line', (line) => told.push(JSON.parse(line) as Told));
    child.stdin.on('error', () => undefined); // it may be dead already
    const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as NodeJS.Signals | number | null);
    return { child, told, ended, go: (...lists) => void child.stdin.write(`${JSON.stringify(lists)}\n`) };
  }

  /** Member -> seconds left, 0 for good; of the sets that decide about signalling, media and blocks. */
  async function kernel(): Promise<Readonly<Record<string, ReadonlyMap<string, number>>>> {
    const sets: Record<string, Map<string, number>> = Object.fromEntries(
      [...LETTING_IN, BLOCKS].map((set) => [set, new Map()]),
    );
    for (const line of (await host.run('ipset', ['save'])).split('\n')) {
      const [, set = '', member = '', seconds] = /^add (\S+) (\S+) timeout (\d+)/.exec(line) ?? [];
      sets[set]?.set(member, Number(seconds));
    }
    return sets;
  }

  return {
    mail,
    begin,
    async restored(crash) {
      const process = begin(crash);
      let over = false;
      void process.ended.then(() => (over = true));
      await until(() => over || process.told.some(({ kind }) => kind === 'restored'), 'Tollgate restored', 30_000);
      const [first] = process.told;
      if (first?.kind !== 'restored') throw new Error('Tollgate ended instead of restoring');
      return { ...process, live: first.live, regime: { mode: first.mode, trial: first.trial } };
    },
    async reboot() {
      host.close();
      host = await makeHost('pbx');
      const { code, said } = await restoreOn(host, join(folder, 'firewall'));
      expect([code, said]).toEqual([0, expect.stringMatching(/the firewall is restored|nothing to restore/)]);
    },
    async expectDoors(doors, live, held = doors) {
      const stored = live.map(({ kind, network }) => `${kind} ${network}`).sort();
      expect(stored).toEqual([...doors].map(([ip, door]) => `${door === 'blocked' ? 'block' : 'allow'} ${ip}`).sort());
      for (const [set, members] of Object.entries(await kernel())) {
        const wanted = [...held].filter(([, door]) => (door === 'blocked') === (set === BLOCKS));
        expect([set, [...members.keys()].sort()]).toEqual([set, wanted.map(([ip]) => ip).sort()]);
        expect(wanted.filter(([ip, door]) => !isAs(set, door, members.get(ip)))).toEqual([]);
      }
    },
    async expectMembers(...either) {
      for (const [set, members] of Object.entries(await kernel())) {
        const told = (door: Door | undefined) => ((door === 'blocked') === (set === BLOCKS) ? door : undefined);
        const wrong = [...new Set([...either.flatMap((doors) => [...doors.keys()]), ...members.keys()])].filter(
          (ip) => !either.some((doors) => isAs(set, told(doors.get(ip)), members.get(ip))),
        );
        expect([set, wrong.map((ip) => [ip, members.get(ip)])]).toEqual([set, []]);
      }
    },
    saved: () => readdirSync(folder).filter((name) => name.startsWith('firewall')),
    async regime() {
      const rules = [await host.run('iptables', ['-S']), await host.run('ip6tables', ['-S'])];
      const [four, six] = rules.map((text) => {
        const [, trial = ''] = /match-set tg-trial\d src -g TOLLGATE-([A-Z]+)/.exec(text) ?? [];
        const [, mode = ''] = /^-A TOLLGATE -g TOLLGATE-([A-Z]+)$/m.exec(text) ?? [];
        return { mode: mode.toLowerCase(), trial: trial.toLowerCase() };
      });
      expect(four).toEqual(six);
      const sets = await host.run('ipset', ['list', '-n']);
      if (four?.mode === '') expect(rules.join('') + sets).not.toMatch(/TOLLGATE|tg-/);
      return four ?? { mode: '', trial: '' };
    },
    lettersAbout(ip) {
      const of = new RegExp(`(?<![\\d.])${ip.replaceAll('.', '\\.')}(?![\\d.])`);
      const ids = mail.arrived.filter(({ raw }) => of.test(raw)).map(({ raw }) => messageId(raw));
      return { arrived: ids.length, different: new Set(ids).size };
    },
    messageIds: () => mail.arrived.map(({ raw }) => messageId(raw)),
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await mail.close();
      host.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const LETTING_IN = ['tg-sip4', 'tg-iax4', 'tg-rtp4'];
const BLOCKS = 'tg-block4';

/** Seconds that a test may take; leases that it tells apart differ by more. */
const SLACK = 200;

/** A call may outlast its lease so long. */
const MEDIA_LASTS = 3600;

/** `left`: seconds in the kernel's set, 0 for good. */
function isAs(set: string, door: Door | undefined, left: number | undefined): boolean {
  if (door === undefined || left === undefined) return door === undefined && left === undefined;
  if (typeof door !== 'number') return left === 0;
  const most = set === 'tg-rtp4' ? door + MEDIA_LASTS : door;
  return left <= most && left > most - SLACK;
}

function messageId(raw: string): string | undefined {
  return /^Message-ID: (.*)$/im.exec(raw)?.[1];
}
