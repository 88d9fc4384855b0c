/** What the command line is given: the product behind it, and the terminal in front of it. */
import type { Config } from '../config';
import type { LegacyTables } from '../domain/firewall';
import type { Operations } from '../gate/operations';
import type { FetchAsked, FetchedTable } from './country-refresh';
import type { DemoAsked, DemoShape } from './demo';
import type { InitAsked, InitShape } from './init';
import type { MoveAsked, MoveShape, PepperAsked, PepperShape } from './store';

/** The way to the product: through the daemon while it runs, or else by taking its lock and doing it here. */
export interface Connection {
  readonly operations: Operations;
  /** False: this process holds the lock and does it all by itself. */
  readonly daemon: boolean;
  close(): Promise<void>;
}

export interface Product {
  readonly version: string;
  /** Reads the settings only. `file` undefined: the usual places. Throws CONFIG_INVALID. */
  loadConfig(file: string | undefined): Config;
  connect(config: Config): Promise<Connection>;
  /** Runs the daemon until `stop`. */
  serve(config: Config, stop: AbortSignal): Promise<void>;
  /** What `iptables-save` and `ip6tables-save` say on this machine. Rejects with COMMAND_FAILED. */
  ruleLists(): Promise<string>;
  /** Tables of iptables-legacy that are in use; undefined: only root may see them. */
  legacyTables(): Promise<LegacyTables | undefined>;
  /** The settings file that ships, with every key explained. */
  sampleConfig(): string;
  demo(asked: DemoAsked): Promise<DemoShape>;
  /** Sets this machine up, or takes that back. */
  init(asked: InitAsked): Promise<InitShape>;
  /** Lays a new country table into the state folder, not yet in force. Rejects with COUNTRY_FAILED. */
  fetchCountries(config: Config, asked: FetchAsked): Promise<FetchedTable>;
  /** Copies the store into another database. Rejects with LOCKED while the daemon runs. */
  moveStore(config: Config, asked: MoveAsked): Promise<MoveShape>;
  /** Holds this machine's pepper to the store's PINs. Rejects with LOCKED while the daemon runs. */
  storePepper(config: Config, asked: PepperAsked): Promise<PepperShape>;
}

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** One line on stderr that the next one replaces; undefined: none any more. Nothing where stderr is no terminal. */
  progress(text: string | undefined): void;
  /** Is stdout looked at by a person? Then colours, and lines that fit. */
  readonly watched: boolean;
  readonly columns: number;
  /** Is there somebody to ask on stdin? */
  readonly interactive: boolean;
  /** Asks on stderr and reads a line. */
  ask(question: string): Promise<string>;
  /** Asks on stderr and reads a line that is not shown. */
  askHidden(question: string): Promise<string>;
  /** All of stdin; for what is piped in. */
  readStdin(): Promise<string>;
  /** From now on Ctrl-C and SIGTERM abort this signal, with their name as its reason, instead of ending the process. */
  stopSignal(): AbortSignal;
}

/** Everything around one command. */
export interface World {
  readonly terminal: Terminal;
  readonly product: Product;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The user that the process runs as. */
  readonly user: string;
  /** `SSH_CONNECTION` of the admin's own shell; undefined: a console. */
  ssh(): string | undefined;
  /** IANA name of this machine's time zone. */
  readonly timeZone: string;
  now(): Date;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
