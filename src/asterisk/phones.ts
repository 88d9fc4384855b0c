/** Asterisk's phones and calls, as the rest of Tollgate asks for them. */
import type { Login } from '../domain/login';
import type { Network } from '../domain/network';
import type { Phones, PhonesState, Proof } from '../domain/phones';
import { AppError } from '../errors';
import type { Log } from '../ports';
import type { AmiConnection } from './ami-connection';
import type { Frame } from './ami-frame';
import { abilitiesOf, keepLink, type LinkState } from './ami-link';
import type { AmiPorts, AmiSettings } from './ami-settings';
import { listeningPorts, type ListeningSettings, type ProcFiles } from './listening';
import { callsFrom, hangUpFrom, type SeenCalls } from './phones-calls';
import { forgetContacts, listContacts } from './phones-contacts';
import { listKnown } from './phones-known';
import { listPeers } from './phones-peers';
import { followLog, type LogTail } from './log-tail';
import { logFormatOf, readIaxLine, readLogin } from './phones-logins';
import { readProof } from './phones-proof';
import { Sources } from './phones-sources';
import { endpointsWithoutKeepalive, pjsipBinds, pjsipOutsideAddresses } from './pjsip-sections';

export interface PhonesOptions extends AmiPorts {
  /** undefined: no AMI configured. */
  readonly ami: AmiSettings | undefined;
  readonly listening: ListeningSettings;
  readonly proc: ProcFiles;
  /** Asterisk's log, where it tells of IAX2's failed logins; undefined: they are not looked for. */
  readonly iaxLog?: string;
  readonly log: Log;
}

export interface Asterisk extends Phones {
  /** Connects, and goes on trying until `stop`. Never fails: `state` tells. */
  start(): void;
  stop(): Promise<void>;
  /** Why failed IAX2 logins are not seen: Asterisk's log cannot be read. Undefined: they are, or are not looked for. */
  readonly deafness: string | undefined;
  /** How many logins Asterisk has told of, good or not. */
  readonly logins: number;
  /** Called after each change of `state`; the returned function ends it. */
  onState(listener: (state: PhonesState) => void): () => void;
}

/** What we ask of an AMI user with `write=system`; without one of them, closing a door does less. */
const NEEDED: readonly string[] = ['Status', 'Hangup', 'DBGet', 'DBPut', 'DBDel', 'Filter'];
const REDUCED_HINT =
  'give the AMI user "write=system" in manager.conf, then "manager reload" (dialplan/manager-tollgate.conf)';

export function openPhones({ ami, clock, random, log, proc, listening, iaxLog }: PhonesOptions): Asterisk {
  const sources = new Sources();
  const seen: SeenCalls = new Map();
  const proofListeners = new Set<(proof: Proof) => void>();
  const loginListeners = new Set<(login: Login) => void>();
  const stateListeners = new Set<(state: PhonesState) => void>();
  let state: PhonesState = ami
    ? { state: 'down', since: clock.now(), detail: 'not asked yet' }
    : { state: 'off', since: clock.now(), detail: 'no AMI user is configured' };

  let logins = 0;
  const tellLogin = (login: Login) => {
    logins++;
    loginListeners.forEach((listener) => listener(login));
  };
  const onEvent = (event: Frame) => {
    const login = readLogin(event);
    if (login) tellLogin(login);
    const proven = readProof(event);
    if (proven === undefined) return;
    sources.remember(proven);
    proofListeners.forEach((listener) => listener({ extension: proven.extension, address: proven.address }));
  };
  let tail: LogTail | undefined;
  const format = logFormatOf(iaxLog ?? '');
  const onLine = (line: string) => {
    const login = readIaxLine(line, format);
    if (login) tellLogin(login);
  };
  const onState = (link: LinkState) => {
    const next = describe(link);
    if (next.state === state.state && next.detail === state.detail) return;
    state = { ...next, since: next.state === state.state ? state.since : clock.now() };
    log('asterisk', { state: state.state, detail: state.detail });
    stateListeners.forEach((listener) => listener(state));
  };
  const link = ami && keepLink(ami, { clock, random }, { onEvent, onState });

  /** The connection and what it may do, or the reason why there is none. */
  const ready = () => {
    if (link?.state.kind === 'ready') return link.state;
    if (link) throw link.state.reason;
    throw new AppError('AMI_DOWN', 'no AMI user is configured', 'set [ami] in tollgate.toml, or run "tollgate init"');
  };
  const able = (...actions: readonly string[]) => {
    const { connection, abilities } = ready();
    const missing = lacking(actions, abilities);
    if (missing.length === 0) return { connection, abilities };
    throw new AppError('AMI_REFUSED', `the AMI user may not send ${missing.join(', ')}`, REDUCED_HINT);
  };

  /** None while nobody can be asked: the sockets tell without them. */
  const binds = async () => {
    if (link?.state.kind !== 'ready' || !link.state.abilities.has('getconfig')) return [];
    return pjsipBinds(link.state.connection);
  };

  const callsPorts = (connection: AmiConnection) => ({
    ...{ connection, seen },
    contacts: () => listContacts(connection, sources, clock.now()),
  });

  return {
    get state() {
      return state;
    },
    start() {
      link?.start();
      if (iaxLog !== undefined) tail = followLog(iaxLog, onLine, { clock, log });
    },
    async stop() {
      await tail?.stop();
      await link?.stop();
    },
    get deafness() {
      return tail?.fault;
    },
    get logins() {
      return logins;
    },
    onState: (listener) => subscribe(stateListeners, listener),
    onProof: (listener) => subscribe(proofListeners, listener),
    onLogin: (listener) => subscribe(loginListeners, listener),
    peers: async () => {
      const { connection } = able('DBDel');
      // Asked anew: a driver may have been loaded since.
      return listPeers(connection, await abilitiesOf(connection), sources, clock.now());
    },
    known: async () => {
      const { connection } = able('DBDel');
      return listKnown(connection, await abilitiesOf(connection), sources, clock.now());
    },
    waitingForMedia: async (endpoints) => {
      const { connection, abilities } = able('DBDel');
      return abilities.has('getconfig') ? endpointsWithoutKeepalive(connection, endpoints) : [];
    },
    outsideAddresses: async () => {
      const { connection, abilities } = ready();
      return abilities.has('getconfig') ? pjsipOutsideAddresses(connection) : [];
    },
    listeningPorts: async () => listeningPorts(proc, { ...listening, binds: await binds() }),
    callsFrom: async (network: Network) => callsFrom(network, callsPorts(able('Status').connection)),
    hangUp: async (network: Network) => {
      const { connection } = able('Status', 'Hangup');
      return hangUpFrom(network, callsPorts(connection));
    },
    forgetContacts: async (network: Network) => {
      const { connection } = able('DBGet', 'DBPut', 'DBDel');
      return forgetContacts(connection, await listContacts(connection, sources, clock.now()), network);
    },
  };
}

function describe(link: LinkState): Omit<PhonesState, 'since'> {
  if (link.kind === 'down') return { state: 'down', detail: link.reason.what };
  const missing = lacking(NEEDED, link.abilities);
  if (missing.length === 0) return { state: 'up', detail: 'connected' };
  return {
    state: 'reduced',
    detail: `events only: the AMI user may not send ${missing.join(', ')}, so calls and contacts of closed doors stay, and callers can forge logins where manager.conf has no eventfilter; ${REDUCED_HINT}`,
  };
}

function lacking(actions: readonly string[], abilities: ReadonlySet<string>): readonly string[] {
  return actions.filter((action) => !abilities.has(action.toLowerCase()));
}

function subscribe<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void): () => void {
  const own = (value: T) => listener(value);
  listeners.add(own);
  return () => void listeners.delete(own);
}
