/** The gate over a real SQLite on disk and the kernel of the network namespace in which this process runs. */
import { spawn } from 'node:child_process';
import { createHmac, randomBytes, scryptSync } from 'node:crypto';
import { join } from 'node:path';
import { procFiles } from '../../src/asterisk/listening-proc';
import { openPhones } from '../../src/asterisk/phones';
import { bootFile } from '../../src/boot-file';
import { clock } from '../../src/clock';
import { backupFolder } from '../../src/backup-folder';
import { readConfig, servicesOf } from '../../src/config';
import type { Account } from '../../src/domain/account';
import type { NewEntry } from '../../src/domain/entry';
import type { Firewall } from '../../src/domain/firewall';
import type { Network } from '../../src/domain/network';
import type { Store } from '../../src/domain/store';
import { openCountryData } from '../../src/country/data';
import { openFirewall, type FirewallPorts } from '../../src/firewall/open';
import { overChild } from '../../src/firewall/session-port';
import { countryDesk } from '../../src/gate/countries/country-desk';
import { openGate, type Gate } from '../../src/gate/gate';
import { pinVault } from '../../src/gate/travellers/pin-vault';
import { openPost } from '../../src/mail/open';
import { run } from '../../src/run';
import { mailSettings, rtpPorts, rulesOf } from '../../src/settings';
import { openStore } from '../../src/store/open';
import { surroundingsWith } from '../support/scene';

export interface Rig {
  readonly gate: Gate;
  readonly store: Store;
  readonly firewall: Firewall;
  /** What the vault takes for the hash of this PIN, and is done with at once: where hashing is not what is measured. */
  quickHash(pin: string): string;
  close(): Promise<void>;
}

type Saved = NonNullable<FirewallPorts['saved']>;
/** What a measurement wants to look at on the way. */
export interface Watching {
  readonly store?: (store: Store) => Store;
  readonly saved?: (saved: Saved) => Saved;
  readonly firewall?: (firewall: Firewall) => Firewall;
}

const same = <T>(one: T): T => one;

/** `folder`: on a disk, because what is committed to it is part of what is measured. The mode is `guard`. */
export async function openRig(folder: string, watching: Watching = {}): Promise<Rig> {
  const config = readConfig('[mail]\nfrom = "pbx@pbx.example"\n', {}, 'bench.toml');
  const watchStore = watching.store ?? same;
  const store = watchStore(await openStore({ kind: 'sqlite', file: join(folder, 'tollgate.db'), clock }));
  const log = () => undefined;
  const watchFirewall = watching.firewall ?? same;
  const watchSaved = watching.saved ?? same;
  const firewall = watchFirewall(
    openFirewall({
      ...{ run, clock, log },
      spawnSession: (file, args, listener) => overChild(spawn(file, [...args]), listener),
      saved: watchSaved(bootFile(join(folder, 'firewall.boot'), () => undefined)),
    }),
  );
  const pepper = randomBytes(32);
  const ports = { clock, random: randomBytes, log };
  const listening = { iaxPort: 4569, rtp: rtpPorts(config) };
  const parts = {
    ...{ store, firewall, ...ports, vault: pinVault(pepper, randomBytes) },
    phones: openPhones({ ...ports, ami: undefined, proc: procFiles, listening }),
    post: openPost(mailSettings(config, join(folder, 'mail')), { store, ...ports }),
    countries: countryDesk(
      store,
      openCountryData({ folder: join(folder, 'countries'), permitUnknown: false, log: ports.log }),
      ports.clock,
    ),
    backups: backupFolder({ folder: join(folder, 'backups'), keep: 5, owner: () => undefined, log: ports.log }),
    services: servicesOf(config),
    rules: rulesOf(config),
    resolve: () => Promise.resolve({ kind: 'missing' as const }),
    exchange: { read: () => Promise.resolve(undefined) },
    ownAddresses: () => [],
    outsideAddresses: () => [],
    surroundings: surroundingsWith(() => ({})),
  };
  const gate = openGate(parts, () => Promise.resolve([]));
  await store.saveModeState({ mode: 'guard', trial: undefined, listening: undefined });
  const close = async () => {
    await firewall.close();
    await store.close();
  };
  return { gate, store, firewall, close, quickHash: (pin) => quickHash(pepper, pin) };
}

/** As `PinVault` writes it, at the least cost that scrypt knows. */
function quickHash(pepper: Buffer, pin: string): string {
  const salt = randomBytes(16);
  const key = scryptSync(createHmac('sha256', pepper).update(pin).digest(), salt, 32, { N: 64, r: 8, p: 1 });
  return ['scrypt', 64, 1, salt.toString('base64url'), key.toString('base64url')].join('$');
}

const LEASE_MS = 3 * 24 * 3600 * 1000;

/** The n-th of sixteen million public addresses. */
export function addressOf(n: number): Network {
  return `20.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}` as Network;
}

/** As a traveller's call leaves it behind: all that a telephone needs, for three days. */
function openEntry(n: number): NewEntry {
  const since = new Date();
  const network = addressOf(n);
  return {
    ...{ kind: 'allow', what: network, network, services: ['phone'], account: `9${n}`, by: `account 9${n}`, since },
    ...{ until: new Date(since.getTime() + LEASE_MS), name: undefined, note: undefined, state: 'open' },
  };
}

/** Entries 0 to `count`, into the store alone. */
export async function fill(store: Store, count: number): Promise<void> {
  const AT_ONCE = 5_000;
  for (let from = 0; from < count; from += AT_ONCE) {
    await store.transaction(async (records) => {
      for (let n = from; n < Math.min(count, from + AT_ONCE); n++) await records.addEntry(openEntry(n));
    });
  }
}

export function traveller(number: string, pinHash?: string): Account {
  return {
    ...{ number, name: `traveller ${number}`, email: `${number}@travel.example`, pinHash, services: ['phone'] },
    ...{ extensions: [], callers: [], maxOpen: 2, leaseSeconds: LEASE_MS / 1000, disabledAt: undefined },
    createdAt: new Date(),
  };
}
