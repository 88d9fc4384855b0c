/**
 * The real gate over a real database, the real kernel of a host, and a real mail server, which stops dead where it is
 * told to. It restores what it finds, says so, and carries out what its stdin tells it then: `Step[][]` as JSON, one list
 * after another on its own, all lists at once. Argument: `Orders` as JSON.
 */
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { backupFolder } from '../../../src/backup-folder';
import { bootFile } from '../../../src/boot-file';
import { clock } from '../../../src/clock';
import { readConfig, servicesOf } from '../../../src/config';
import { parseNetwork, type Network } from '../../../src/domain/network';
import type { Change, Firewall, Mode } from '../../../src/domain/firewall';
import type { Store } from '../../../src/domain/store';
import { openFirewall } from '../../../src/firewall/open';
import { overChild } from '../../../src/firewall/session-port';
import { countryDesk } from '../../../src/gate/countries/country-desk';
import { openGate, type Gate } from '../../../src/gate/gate';
import type { Parts } from '../../../src/gate/parts';
import { lettersFor } from '../../../src/mail/letters';
import { Outbox } from '../../../src/mail/outbox';
import { relayTransport } from '../../../src/mail/relay';
import { run } from '../../../src/run';
import { rulesOf } from '../../../src/settings';
import { openCountryData } from '../../../src/country/data';
import { openStore } from '../../../src/store/open';
import { ACCOUNT, relayAt, SETTINGS } from '../../support/mail-fixtures';
import { surroundingsWith } from '../../support/scene';
import {
  crashAtFile,
  crasher,
  crashingFirewall,
  crashingRun,
  crashingSession,
  crashingStore,
  crashingTransport,
  say,
  type Crash,
  type Crasher,
  type Place,
} from './crashes';

/** Its name among those that share a database. */
const pbx = 'pbx';

export type DoorStep =
  | { readonly do: 'open'; readonly account: string; readonly address: string; readonly leaseSeconds: number }
  | { readonly do: 'allow' | 'revoke' | 'block' | 'unblock'; readonly address: string };
/**
 * `letGo`: time goes on until the kernel has let the trial go. `fold`: so much changes that a new base is written.
 * `backup restore`: the newest one of that mode.
 */
export type ModeStep =
  | { readonly do: 'guard' | 'secure'; readonly withinSeconds: number }
  | { readonly do: 'watch' | 'confirm' | 'rollback' | 'remove' | 'letGo' | 'fold' }
  | { readonly do: 'backup restore'; readonly mode: Mode };
export type Step = DoorStep | ModeStep;

export interface Orders {
  readonly folder: string;
  /** The URL of a MariaDB; left out: a file in the folder. */
  readonly database?: string;
  /** Holds the network namespace open. */
  readonly host: number;
  readonly smtpPort: number;
  readonly crash?: Crash;
}

/** What is written to the pipe, one a line. */
export type Told =
  | { readonly kind: 'restored'; readonly live: readonly Live[]; readonly mode: string; readonly trial: string }
  | { readonly kind: 'begun' | 'told'; readonly list: number; readonly step: number }
  | { readonly kind: 'dying'; readonly place: Place }
  | { readonly kind: 'drained'; readonly opened: number };
export interface Live {
  readonly kind: 'allow' | 'block';
  readonly network: string;
  readonly account: string | undefined;
  readonly secondsLeft: number | undefined;
}

async function main(orders: Orders): Promise<void> {
  const crash = crasher(orders.crash);
  const config = readConfig('[call]\nallow_documentation_addresses = true\n', {}, 'test.toml');
  const { database: url } = orders;
  const file = join(orders.folder, 'tollgate.db');
  const real = await openStore(
    url === undefined ? { kind: 'sqlite', file, clock } : { kind: 'mariadb', url, clock, pbx },
  );
  const store = crashingStore(real, crash);
  const transport = crashingTransport(relayTransport(relayAt(orders.smtpPort), SETTINGS.from, SETTINGS), crash);
  const outbox = new Outbox({ store, transport, clock, log: () => undefined });
  const unreachable = () => Promise.resolve([]);
  const parts: Parts = {
    ...{ store, clock, random: randomBytes, log: () => undefined },
    firewall: firewallOn(orders, crash),
    backups: backupFolder({
      folder: join(orders.folder, 'backups'),
      keep: 5,
      owner: () => undefined,
      log: () => undefined,
    }),
    countries: countryDesk(
      store,
      openCountryData({ folder: join(orders.folder, 'countries'), permitUnknown: false, log: () => undefined }),
      clock,
    ),
    resolve: () => Promise.resolve({ kind: 'missing' }),
    surroundings: surroundingsWith(() => ({})),
    exchange: { read: () => Promise.resolve(undefined) },
    phones: {
      state: { state: 'off', since: new Date(0), detail: '' },
      peers: unreachable,
      outsideAddresses: () => Promise.resolve([]),
      known: () => Promise.resolve({ mentions: [], leftOut: [] }),
      listeningPorts: () => Promise.resolve({ sip: [], iax: [] }),
      waitingForMedia: unreachable,
      callsFrom: unreachable,
      hangUp: unreachable,
      forgetContacts: unreachable,
      onLogin: () => () => undefined,
      onProof: () => () => undefined,
    },
    post: {
      lettersFor: (notice) => lettersFor(notice, SETTINGS),
      newMessageId: () => `<${randomBytes(16).toString('hex')}@pbx.example.net>`,
      poke: () => outbox.poke(),
      sendNow: () => Promise.reject(new Error('not asked for')),
    },
    vault: { hash: () => unused(), verify: () => unused(), disguise: (text) => text, mark: '' },
    ...(url !== undefined && { sharedAs: pbx }),
    services: servicesOf(config),
    rules: rulesOf(config),
    ownAddresses: () => [],
    outsideAddresses: () => [],
  };
  if (!(await real.modeState()).mode && !(await real.isModeRemoved())) {
    await real.saveModeState({ mode: 'guard', trial: undefined, listening: { sip: [], iax: [] } });
  }
  const gate = openGate(parts, () => Promise.resolve([]));
  await gate.restore();
  const { mode = '', trial } = await real.modeState();
  say({ kind: 'restored', live: await liveIn(real), mode, trial: trial?.mode ?? '' });
  const line: IteratorResult<string> = await createInterface(process.stdin)[Symbol.asyncIterator]().next();
  const lists = JSON.parse(line.value as string) as readonly (readonly Step[])[];
  outbox.start();
  await Promise.all(
    lists.map((steps, list) => carryOut(steps, list, { gate, store: real, firewall: parts.firewall }, crash)),
  );
  while ((await real.letterCounts()).waiting > 0) await clock.sleep(10);
  const journal = await real.journalAfter(0, 1_000_000);
  say({
    kind: 'drained',
    opened: journal.filter(({ action, by }) => /^(allow|renew)$/.test(action) && by.startsWith('account ')).length,
  });
  process.exit();
}

function firewallOn({ host, folder }: Orders, crash: Crasher): Firewall {
  const enter = (file: string, args: readonly string[]) => [`--net=/proc/${host}/ns/net`, '--', file, ...args];
  const bootOf = (file: string) => bootFile(file, () => undefined);
  const file = join(folder, 'firewall');
  crashAtFile(file, crash);
  const firewall = openFirewall({
    run: crashingRun((file, args, options) => run('nsenter', enter(file, args), options), crash),
    spawnSession: (file, args, listener) =>
      crashingSession(overChild(spawn('nsenter', enter(file, args)), listener), crash),
    clock,
    log: () => undefined,
    saved: bootOf(file),
    savedCountries: bootOf(`${file}-countries`),
  });
  return crashingFirewall(firewall, crash);
}

interface House {
  readonly gate: Gate;
  readonly store: Store;
  readonly firewall: Firewall;
}

async function carryOut(steps: readonly Step[], list: number, house: House, crash: Crasher): Promise<void> {
  for (const [step, asked] of steps.entries()) {
    if (list === 0) crash.arm(step);
    say({ kind: 'begun', list, step });
    await carryOutOne(asked, house);
    say({ kind: 'told', list, step });
  }
  // What mail brings comes after the last step.
  if (list === 0) crash.arm(steps.length);
}

async function carryOutOne(asked: Step, { gate, store, firewall }: House): Promise<unknown> {
  const by = 'root';
  switch (asked.do) {
    case 'open':
      return open(asked, gate, store);
    case 'guard':
    case 'secure':
      return gate.operations[asked.do]({ by, withinSeconds: asked.withinSeconds, lose: ['all'], here: true });
    case 'watch':
    case 'rollback':
      return gate.operations[asked.do]({ by });
    case 'confirm':
      return gate.operations.confirm({ by, here: true });
    case 'remove':
      return gate.operations.firewallRemove({ by });
    case 'backup restore': {
      const its = (await gate.operations.backupList({})).find(({ mode }) => mode === asked.mode);
      return gate.operations.backupRestore({ by, id: its?.id ?? '' });
    }
    case 'letGo':
      while ((await firewall.trialSecondsLeft()) !== undefined) await clock.sleep(50);
      await clock.sleep(1000); // the kernel's seconds are not ours
      return gate.tick();
    case 'fold':
      await firewall.change(COMING_AND_GOING);
      return firewall.drift(); // its turn comes when the base is written
    default:
      return gate.operations[asked.do]({ by, what: asked.address });
  }
}

/** More than is kept behind a base, and in the end nothing has changed. */
const COMING_AND_GOING = Array.from({ length: 10_002 }, (_, i): Change => {
  return { set: 'block', network: '203.0.113.1' as Network, until: i % 2 === 0 ? 'forever' : undefined };
});

async function open(
  { account, address, leaseSeconds }: DoorStep & { do: 'open' },
  gate: Gate,
  store: Store,
): Promise<void> {
  await store.saveAccount({ ...ACCOUNT, number: account, leaseSeconds });
  const network = parseNetwork(address) as Network;
  await gate.doorkeeper.open({ account, open: [] }, network, { number: '4930123456', channel: 'PJSIP/carrier-1' });
}

async function liveIn(store: Store): Promise<Live[]> {
  const now = clock.now();
  return (await store.liveEntries(now)).map(({ kind, network, account, until }) => ({
    ...{ kind, network, account },
    secondsLeft: until === 'forever' ? undefined : Math.round((until.getTime() - now.getTime()) / 1000),
  }));
}

function unused(): never {
  throw new Error('no PIN is judged here');
}

void main(JSON.parse(process.argv[2] ?? '') as Orders);
