/**
 * The real gate over a real database, the real kernel of a host, and a real mail server, which stops dead where it is
 * told to. It restores what it finds, says so, and carries out what its stdin tells it then: `Step[][]` as JSON, one list
 * after another on its own, all lists at once. Argument: `Orders` as JSON.
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { backupFolder } from '../../../src/backup-folder';
import { clock } from '../../../src/clock';
import { readConfig, servicesOf } from '../../../src/config';
import { parseNetwork, type Network } from '../../../src/domain/network';
import type { Firewall } from '../../../src/domain/firewall';
import type { Store } from '../../../src/domain/store';
import { openFirewall } from '../../../src/firewall/open';
import { overChild } from '../../../src/firewall/session-port';
import { countryDesk } from '../../../src/gate/countries/country-desk';
import { openGate, type Gate } from '../../../src/gate/gate';
import type { Parts } from '../../../src/gate/parts';
import { lettersFor } from '../../../src/mail/letters';
import { Outbox } from '../../../src/mail/outbox';
import { relayTransport } from '../../../src/mail/relay';
import type { Transport } from '../../../src/mail/transport';
import { run } from '../../../src/run';
import { rulesOf } from '../../../src/settings';
import { openCountryData } from '../../../src/country/data';
import { openStore } from '../../../src/store/open';
import { ACCOUNT, relayAt, SETTINGS } from '../../support/mail-fixtures';
import { surroundingsWith } from '../../support/scene';

export type Step =
  | { readonly do: 'open'; readonly account: string; readonly address: string; readonly leaseSeconds: number }
  | { readonly do: 'allow' | 'revoke' | 'block' | 'unblock'; readonly address: string };
export type Place = 'store' | 'sent' | 'kernel' | 'answer' | 'noted';

export interface Orders {
  readonly folder: string;
  /** Holds the network namespace open. */
  readonly host: number;
  readonly smtpPort: number;
  /** Dies right after this has happened so many times, counted from the step with that number in the first list. */
  readonly crash?: { readonly place: Place; readonly times: number; readonly fromStep: number };
}

/** What is written to the pipe, one a line. */
export type Told =
  | { readonly kind: 'restored' | 'ended'; readonly live: readonly Live[] }
  | { readonly kind: 'begun' | 'told'; readonly list: number; readonly step: number }
  | { readonly kind: 'dying'; readonly place: Place }
  | { readonly kind: 'drained'; readonly opened: number };
export interface Live {
  readonly kind: 'allow' | 'block';
  readonly network: string;
  readonly account: string | undefined;
  readonly secondsLeft: number | undefined;
}

/** Straight into the pipe: it is there when the process is not any more. */
const say = (told: Told) => void writeSync(1, `${JSON.stringify(told)}\n`);

function crasher(crash: Orders['crash']) {
  let armed = false;
  let left = crash?.times ?? 0;
  return {
    arm: (step: number) => void (armed ||= step === crash?.fromStep),
    at(place: Place): void {
      if (!armed || place !== crash?.place || --left !== 0) return;
      say({ kind: 'dying', place });
      process.kill(process.pid, 'SIGKILL');
    },
  };
}
type Crasher = ReturnType<typeof crasher>;

const crashingStore = (store: Store, crash: Crasher): Store => ({
  ...store,
  transaction: async (work) => {
    const result = await store.transaction(work);
    crash.at('store');
    return result;
  },
  letterSent: async (id, when) => {
    await store.letterSent(id, when);
    crash.at('noted');
  },
});

function crashingFirewall(host: number, crash: Crasher): Firewall {
  const enter = (file: string, args: readonly string[]) => [`--net=/proc/${host}/ns/net`, '--', file, ...args];
  const firewall = openFirewall({
    run: (file, args, options) => run('nsenter', enter(file, args), options),
    spawnSession: (file, args, listener) => {
      const child = overChild(spawn('nsenter', enter(file, args)), listener);
      return {
        kill: () => child.kill(),
        write: (text) => {
          child.write(text);
          crash.at('sent');
        },
      };
    },
    clock,
    log: () => undefined,
  });
  return {
    ...firewall,
    change: async (changes) => {
      await firewall.change(changes);
      crash.at('kernel');
    },
  };
}

const crashingTransport = (transport: Transport, crash: Crasher): Transport => ({
  send: async (letter, signal) => {
    const delivery = await transport.send(letter, signal);
    crash.at('answer');
    return delivery;
  },
});

async function main(orders: Orders): Promise<void> {
  const crash = crasher(orders.crash);
  const config = readConfig('[call]\nallow_documentation_addresses = true\n', {}, 'test.toml');
  const real = await openStore({ kind: 'sqlite', file: join(orders.folder, 'tollgate.db'), clock });
  const store = crashingStore(real, crash);
  const transport = crashingTransport(relayTransport(relayAt(orders.smtpPort), SETTINGS.from, SETTINGS), crash);
  const outbox = new Outbox({ store, transport, clock, log: () => undefined });
  const unreachable = () => Promise.resolve([]);
  const parts: Parts = {
    ...{ store, clock, random: randomBytes, log: () => undefined },
    firewall: crashingFirewall(orders.host, crash),
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
    services: servicesOf(config),
    rules: rulesOf(config),
    ownAddresses: () => [],
    outsideAddresses: () => [],
  };
  if (!(await real.modeState()).mode) {
    await real.saveModeState({ mode: 'guard', trial: undefined, listening: { sip: [], iax: [] } });
  }
  const gate = openGate(parts, () => Promise.resolve([]));
  await gate.restore();
  say({ kind: 'restored', live: await liveIn(real) });
  const line: IteratorResult<string> = await createInterface(process.stdin)[Symbol.asyncIterator]().next();
  const lists = JSON.parse(line.value as string) as readonly (readonly Step[])[];
  outbox.start();
  await Promise.all(lists.map((steps, list) => carryOut(steps, list, gate, real, crash)));
  say({ kind: 'ended', live: await liveIn(real) });
  while ((await real.letterCounts()).waiting > 0) await clock.sleep(10);
  const journal = await real.journalAfter(0, 1_000_000);
  say({
    kind: 'drained',
    opened: journal.filter(({ action, by }) => /^(allow|renew)$/.test(action) && by.startsWith('account ')).length,
  });
  process.exit();
}

async function carryOut(steps: readonly Step[], list: number, gate: Gate, store: Store, crash: Crasher): Promise<void> {
  for (const [step, asked] of steps.entries()) {
    if (list === 0) crash.arm(step);
    say({ kind: 'begun', list, step });
    if (asked.do === 'open') await open(asked, gate, store);
    else await gate.operations[asked.do]({ by: 'root', what: asked.address });
    say({ kind: 'told', list, step });
  }
  // What mail brings comes after the last step.
  if (list === 0) crash.arm(steps.length);
}

async function open(
  { account, address, leaseSeconds }: Step & { do: 'open' },
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
