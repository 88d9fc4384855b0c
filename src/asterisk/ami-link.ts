/** Keeps one connection to Asterisk's manager interface: opens it, watches it, and opens the next when it has ended. */
import { AppError, type Code } from '../errors';
import { AmiConnection, failed } from './ami-connection';
import { BROKEN_EVENTS, UNREAD_EVENTS } from './ami-filter';
import { field, type Frame } from './ami-frame';
import { replyKind } from './ami-reply';
import { PATIENCE, type AmiPorts, type AmiSettings, type Patience } from './ami-settings';

/** `ready`: logged in, and Asterisk has fully booted. `abilities`: the actions that our user may send, in lower case. */
export type LinkState =
  | { readonly kind: 'ready'; readonly connection: AmiConnection; readonly abilities: ReadonlySet<string> }
  | { readonly kind: 'down'; readonly reason: AppError };

export interface AmiLink {
  readonly state: LinkState;
  start(): void;
  /** Resolves when the connection has ended and no other will be opened. */
  stop(): Promise<void>;
}

export interface LinkListeners {
  /** Every event of every connection, in order, from when none of them can be forged. */
  readonly onEvent: (event: Frame) => void;
  readonly onState: (state: LinkState) => void;
}

/** A connection that lasted this long was a good one: waiting begins anew from the shortest time. */
const STEADY_MS = 10_000;
const HINT = 'see "tollgate status"';

export function keepLink(settings: AmiSettings, ports: AmiPorts, { onEvent, onState }: LinkListeners): AmiLink {
  const { clock, random } = ports;
  const patience = { ...PATIENCE, ...settings.patience };
  const stopping = new AbortController();
  let state: LinkState = { kind: 'down', reason: new AppError('AMI_DOWN', 'Asterisk was not asked yet', HINT) };
  let running: Promise<void> | undefined;
  let last: Code | undefined;

  const become = (next: LinkState) => onState((state = next));
  const run = async () => {
    for (let tries = 0; !stopping.signal.aborted; tries++) {
      const began = clock.now().getTime();
      const reason = await oneConnection(settings, ports, patience, stopping.signal, onEvent, become);
      become({ kind: 'down', reason });
      if (reason.code !== last || clock.now().getTime() - began >= STEADY_MS) tries = 0;
      last = reason.code;
      await clock.sleep(jittered(longest(reason, tries, patience), random), stopping.signal);
    }
  };
  return {
    get state() {
      return state;
    },
    start: () => void (running ??= run()),
    stop: async () => {
      stopping.abort(new AppError('AMI_DOWN', 'Tollgate is stopping', HINT));
      await running;
    },
  };
}

/** From the first packet to the last; resolves to why it ended. Errors that are no AppError are bugs and go on. */
async function oneConnection(
  settings: AmiSettings,
  ports: AmiPorts,
  patience: Patience,
  stopping: AbortSignal,
  onEvent: (event: Frame) => void,
  become: (state: LinkState) => void,
): Promise<AppError> {
  const booted = new AbortController();
  let filtered = false;
  const connection = new AmiConnection(settings, ports, (event) => {
    if (field(event, 'event') === 'FullyBooted') booted.abort();
    if (filtered) onEvent(event);
  });
  const stop = () => connection.close('Tollgate is stopping');
  stopping.addEventListener('abort', stop, { once: true });
  try {
    await connection.open();
    await filter(connection);
    filtered = true;
    await connection.action({ Action: 'Events', EventMask: 'security,system' });
    await untilBooted(connection, booted.signal, patience.bootMs, ports);
    become({ kind: 'ready', connection, abilities: await abilitiesOf(connection) });
    await pingUntilEnded(connection, patience.pingMs, ports);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    connection.close(error.what);
  } finally {
    stopping.removeEventListener('abort', stop);
  }
  return connection.ended.reason as AppError;
}

/** A user who may not ask for it hears what callers forge, too: the state of the phones says so. */
async function filter(connection: AmiConnection): Promise<void> {
  for (const Filter of [BROKEN_EVENTS, UNREAD_EVENTS]) {
    const reply = await connection.action({ Action: 'Filter', Operation: 'Add', Filter });
    const kind = replyKind(reply);
    if (kind !== 'done' && kind !== 'denied') throw failed('Filter', reply);
  }
}

/** Actions of modules that are still loading are unknown to Asterisk until then. */
async function untilBooted(
  connection: AmiConnection,
  booted: AbortSignal,
  ms: number,
  { clock }: AmiPorts,
): Promise<void> {
  await clock.sleep(ms, AbortSignal.any([booted, connection.ended]));
  connection.ended.throwIfAborted();
  if (!booted.aborted)
    connection.close(`Asterisk has not fully booted within ${ms} ms, or the AMI user lacks read=system`);
  connection.ended.throwIfAborted();
}

/** The actions that exist and that our user's classes allow. */
export async function abilitiesOf(connection: AmiConnection): Promise<ReadonlySet<string>> {
  return new Set((await connection.action({ Action: 'ListCommands' })).fields.keys());
}

async function pingUntilEnded(connection: AmiConnection, everyMs: number, { clock }: AmiPorts): Promise<void> {
  for (;;) {
    await clock.sleep(everyMs, connection.ended);
    await connection.action({ Action: 'Ping' });
  }
}

function longest(reason: AppError, tries: number, patience: Patience): number {
  const [first, most] =
    reason.code === 'AMI_REFUSED'
      ? [patience.refusedRetryMs, patience.longestRefusedRetryMs]
      : [patience.retryMs, patience.longestRetryMs];
  return Math.min(first * 2 ** Math.min(tries, 16), most);
}

/** Between half of it and all of it, so that many clients of one Asterisk do not come back together. */
function jittered(ms: number, random: AmiPorts['random']): number {
  return Math.round(ms / 2 + (ms / 2) * (random(2).readUInt16BE(0) / 0x10000));
}
