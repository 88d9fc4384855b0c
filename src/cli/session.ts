/** One command's view of the world: settings and product when it asks for them, and who typed it. */
import type { Config } from '../config';
import { AppError } from '../errors';
import type { Operations } from '../gate/operations';
import { jsonLine } from './json';
import type { Connection, World } from './product';
import { screenOf, type Screen } from './screen';
import { timesIn, type Times } from './times';

/** The options that every command takes. */
export interface EveryOption {
  readonly json?: boolean;
  readonly config?: string;
}

export interface Session {
  readonly world: World;
  /** Who typed it, for the journal: `root`, `ann (sudo)`. */
  readonly by: string;
  readonly json: boolean;
  readonly configFile: string | undefined;
  readonly screen: Screen;
  /** Reads the settings at the first call. Throws CONFIG_INVALID. */
  config(): Config;
  /** Moments in the PBX's time zone. */
  times(): Times;
  connection(): Promise<Connection>;
  operations(): Promise<Operations>;
  /** From the terminal, asked twice and unseen, or the first line of stdin. */
  readPin(): Promise<string>;
  /** Prints while the command still runs: the text, or with `--json` the value as one line. */
  stream(text: string, value: unknown): void;
  /** Lets go of the product. */
  close(): Promise<void>;
}

export function openSession(world: World, options: EveryOption): Session {
  let config: Config | undefined;
  let connecting: Promise<Connection> | undefined;
  const session: Session = {
    world,
    by: whoTyped(world),
    json: options.json === true,
    configFile: options.config,
    screen: screenOf(world),
    config: () => (config ??= world.product.loadConfig(options.config)),
    times: () => timesIn(session.config().pbx.time_zone || world.timeZone, world.now()),
    connection: () => (connecting ??= world.product.connect(session.config())),
    operations: async () => (await session.connection()).operations,
    readPin: () => readPin(world),
    stream: (text, value) => world.terminal.out(session.json ? jsonLine(value) : text),
    async close() {
      const connection = await connecting?.catch(() => undefined); // whoever awaited it has told why
      await connection?.close();
    },
  };
  return session;
}

/** `SUDO_USER` counts for root alone: anybody else could have written it himself. */
function whoTyped({ environment, user }: World): string {
  const behind = environment['SUDO_USER'];
  return user === 'root' && behind && behind !== 'root' ? `${behind.slice(0, 64)} (sudo)` : user;
}

async function readPin({ terminal }: World): Promise<string> {
  if (!terminal.interactive) {
    const [line = ''] = (await terminal.readStdin()).split(/\r?\n/);
    if (line !== '') return line;
    throw new AppError('MISUSED', 'no PIN came on stdin', 'write it there as one line, or leave out --pin-stdin');
  }
  const pin = await terminal.askHidden('New PIN: ');
  if (pin === (await terminal.askHidden('The same again: '))) return pin;
  throw new AppError('MISUSED', 'the two PINs differ', 'type the command again; nothing was changed');
}
