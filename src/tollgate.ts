/** The composition root: with `daemon.ts` the only place that knows two sibling folders. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { procFiles } from './asterisk/listening-proc';
import { openPhones, type Asterisk } from './asterisk/phones';
import { backupFolder } from './backup-folder';
import { bootFile } from './boot-file';
import { servicesOf, type Config } from './config';
import { openCountryData } from './country/data';
import { connectControl } from './control/client';
import type { StatusPart } from './domain/shapes';
import { AppError } from './errors';
import { KEYWORDS } from './domain/freepbx-rows';
import { openFirewall } from './firewall/open';
import { overChild, type SpawnSession } from './firewall/session-port';
import { countryDesk, type CountryDesk } from './gate/countries/country-desk';
import { openExchange } from './freepbx/exchange';
import { freepbxDatabase } from './freepbx-database';
import { openGate, type Gate } from './gate/gate';
import type { Operations } from './gate/operations';
import { holdToPepper } from './gate/travellers/pepper';
import { AT_ONCE, pinVault } from './gate/travellers/pin-vault';
import { openPost, type Post } from './mail/open';
import { resolverOver } from './names/resolve';
import { askServers } from './names/servers';
import { openOwnAddresses, type OwnAddresses } from './own-addresses';
import { PACKAGE } from './package-folder';
import type { Clock, Log, Random, Run } from './ports';
import { amiSettings, mailSettings, pbxNameOf, rtpPorts, rulesOf, serverSettings } from './settings';
import { ownerOf, readPepper, stateFolder, type StateFolder } from './state-folder';
import { scryptAside } from './scrypt-aside';
import { lockState } from './store/lock';
import { openStore, type StoreOptions } from './store/open';
import { openSurroundings } from './surroundings/open';
import { readIfThere } from './surroundings/read-if-there';

/** The real world, or a test's. */
export interface World {
  readonly run: Run;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

const IAX_PORT = 4569;
/** Commands wait this long for Asterisk; the daemon does not wait. */
const ASTERISK_MS = 2000;

/** Everything but the servers. */
export interface Tollgate {
  readonly state: StateFolder;
  readonly gate: Gate;
  readonly countries: CountryDesk;
  readonly phones: Asterisk;
  readonly post: Post;
  readonly own: OwnAddresses;
  close(): Promise<void>;
}

/** The state's lock is held until `close`. Rejects with LOCKED when another process has it. */
export async function openTollgate(config: Config, world: World): Promise<Tollgate> {
  const state = stateFolder(config.store.state);
  const pepper = readPepper(state);
  const lock = lockState(state.lock, ownerOf(state));
  if (!lock) throw new AppError('LOCKED', `another Tollgate works in ${state.folder}`, 'wait until it has ended');
  const { run, clock, log, random } = world;
  const vault = pinVault(pepper, random, scryptAside(Math.min(AT_ONCE, availableParallelism()), clock));
  const store = await openStore(storeOptions(config, state, clock)).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  await holdToPepper({ store, clock, vault }, state.pepper).catch(async (error: unknown) => {
    await store.close();
    lock.release();
    throw error;
  });
  const firewall = openFirewall({
    ...{ run, clock, log, spawnSession },
    saved: bootFile(state.boot, () => ownerOf(state)),
    savedCountries: bootFile(state.bootCountries, () => ownerOf(state)),
    restoring: ['sh', join(PACKAGE, 'src/install/restore-firewall.sh'), state.boot],
  });
  const permitUnknown = config.country.unknown === 'permit';
  const countryData = openCountryData({ folder: state.countries, log, permitUnknown });
  const post = openPost(mailSettings(config, state.mail), { store, clock, random, log });
  const phones = openPhones({
    ...{ ami: amiSettings(config), clock, random, log, proc: procFiles },
    listening: { iaxPort: IAX_PORT, rtp: rtpPorts(config) },
    ...(isWatched(config) && { iaxLog: config.attacks.asterisk_log }),
  });
  const own = openOwnAddresses(config.pbx.own_addresses, phones, { clock, log });
  const countries = countryDesk(store, countryData, clock);
  const parts = {
    ...{ store, firewall, phones, post, clock, random, log },
    countries,
    vault,
    backups: backupFolder({ folder: state.backups, keep: config.firewall.backups, owner: () => ownerOf(state), log }),
    surroundings: openSurroundings({ run, read: readIfThere, clock, log }),
    exchange: openExchange({ address: (given) => freepbxDatabase(config, given), keywords: KEYWORDS, clock }),
    resolve: resolverOver(askServers(serverSettings(config))),
    services: servicesOf(config),
    rules: rulesOf(config),
    ...(isShared(config) && { sharedAs: pbxNameOf(config) }),
    ownAddresses: (mostMs?: number) => own.all(mostMs),
    outsideAddresses: () => own.outside(),
  };
  const gate = openGate(parts, () => moreStatus(post, phones, config));
  const close = async () => {
    await phones.stop();
    await firewall.close();
    await store.close();
    lock.release();
  };
  return { state, gate, countries, phones, post, own, close };
}

/** A server's database may have other PBXs in it; a file has not. */
export function isShared({ store }: Config): boolean {
  return store.database !== '';
}

/** The database that the settings name. */
export function storeOptions(config: Config, state: StateFolder, clock: Clock): StoreOptions {
  const pbx = pbxNameOf(config);
  if (isShared(config)) return { kind: 'mariadb', url: config.store.database, clock, pbx };
  const owner = ownerOf(state);
  return { kind: 'sqlite', file: state.database, clock, pbx, ...(owner && { owner }) };
}

/** The operations, through the daemon when one runs, otherwise done here under the same lock. */
export async function connectOrOpen(
  config: Config,
  world: World,
): Promise<{ readonly operations: Operations; readonly daemon: boolean; close(): unknown }> {
  const { control } = stateFolder(config.store.state);
  const client = await connectControl<Operations>(control);
  if (client) return { operations: client.calls, daemon: true, close: () => client.close() };
  const tollgate = await openTollgate(config, world);
  try {
    await tollgate.gate.dropUnconfirmed();
    tollgate.phones.start();
    await untilKnown(tollgate.phones, world.clock);
    await tollgate.own.told();
  } catch (error) {
    await tollgate.close();
    throw error;
  }
  return { operations: tollgate.gate.operations, daemon: false, close: () => tollgate.close() };
}

async function moreStatus(post: Post, phones: Asterisk, config: Config): Promise<readonly StatusPart[]> {
  const { waiting, failed, lastError } = await post.state();
  const where = config.mail.host
    ? `through ${config.mail.host}`
    : 'as files in the state folder: no mail server is set';
  const told = `${waiting} waiting, ${failed} given up, ${where}`;
  const state = failed > 0 || lastError !== undefined ? 'warn' : 'ok';
  const hint = lastError ?? (config.mail.host ? null : 'set [mail] host in the settings');
  return [{ name: 'mail', state, since: null, detail: told, hint }, attacksPart(phones, config)];
}

function isWatched({ attacks, ami }: Config): boolean {
  return ami.enabled && attacks.logins !== 'off' && attacks.asterisk_log !== '';
}

function attacksPart({ deafness, logins }: Asterisk, { attacks }: Config): StatusPart {
  const part = { name: 'attacks', since: null };
  if (attacks.logins === 'off') return { ...part, state: 'off', detail: 'failed logins are not looked at', hint: null };
  const does = attacks.logins === 'enforce' ? 'blocked' : 'only told of';
  const deaf = deafness === undefined ? '' : `, but not over IAX2: ${deafness}`;
  const detail = `who guesses passwords is ${does}${deaf}; logins that Asterisk has told of: ${logins}`;
  if (deafness === undefined) return { ...part, state: 'ok', detail, hint: null };
  return { ...part, state: 'warn', detail, hint: 'usermod -aG asterisk tollgate, or set [attacks] asterisk_log' };
}

/** A refused connection is known at once; a silent host is not waited for. */
async function untilKnown(phones: Asterisk, clock: Clock): Promise<void> {
  if (phones.state.state !== 'down') return;
  const known = new AbortController();
  const end = phones.onState(() => known.abort());
  await clock.sleep(ASTERISK_MS, known.signal);
  end();
}

const spawnSession: SpawnSession = (file, args, listener) =>
  overChild(spawn(file, [...args], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } }), listener);
