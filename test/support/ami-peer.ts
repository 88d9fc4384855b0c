/** An Asterisk that is none: a manager interface on a real socket, which answers what the test tells it to. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** Header names as they were sent. */
export type Sent = Readonly<Record<string, string>>;
/** What comes back to an action, `ID` standing for its ActionID; undefined: the built-in answer; '': silence. */
export type Answers = (action: Sent) => string | undefined;

export interface AmiPeer {
  readonly port: number;
  /** Every action received, logins and pings included, over all connections. */
  readonly actions: readonly Sent[];
  readonly connections: number;
  named(action: string): readonly Sent[];
  /** To the newest connection; lines separated by LF, which are CR and LF on the wire; VT is LF there. */
  send(text: string): void;
  cut(): void;
  close(): Promise<void>;
}

export const OK = 'Response: Success\nActionID: ID\n\n';
export const BOOTED = 'Event: FullyBooted\nStatus: Fully Booted\n\n';
const ABLE = [
  'Status',
  'Hangup',
  'DBGet',
  'DBPut',
  'DBDel',
  'Filter',
  'PJSIPShowContacts',
  'PJSIPShowEndpoints',
  'Ping',
];
export const commands = (...names: readonly string[]) =>
  `Response: Success\nActionID: ID\n${names.map((name) => `${name}: It does.  (Priv: system,all)\n`).join('')}\n`;

function builtIn(action: Sent): string {
  switch (action['Action']?.toLowerCase()) {
    case 'login':
      return `Response: Success\nActionID: ID\nMessage: Authentication accepted\n\n${BOOTED}`;
    case 'listcommands':
      return commands(...ABLE);
    default:
      return OK;
  }
}

export interface Packets {
  /** Every byte is a packet of its own. */
  readonly byteWise?: boolean;
  /** Everything that is sent is two packets, the first of so many bytes. */
  readonly cut?: number;
}

export async function amiPeer(answers: Answers = () => undefined, packets: Packets = {}): Promise<AmiPeer> {
  const actions: Sent[] = [];
  const sockets: Socket[] = [];
  const write = async (socket: Socket, text: string) => {
    const { byteWise = false, cut } = packets; // a test may change it
    const bytes = Buffer.from(text.replace(/\n/g, '\r\n').replaceAll('\v', '\n'));
    const pieces = byteWise
      ? Array.from(bytes, (byte) => Buffer.from([byte]))
      : [bytes.subarray(0, cut), bytes.subarray(cut ?? bytes.length)];
    for (const piece of pieces.filter(({ length }) => length > 0)) {
      socket.write(piece);
      if (pieces.length > 1) await turns();
    }
  };
  const server = createServer((socket) => {
    sockets.push(socket.setNoDelay(true).setEncoding('utf8'));
    socket.on('error', () => socket.destroy());
    let said = write(socket, 'Asterisk Call Manager/11.0.0\n');
    let text = '';
    socket.on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const action = headersOf(text.slice(0, end));
        text = text.slice(end + 4);
        actions.push(action);
        const answer = (answers(action) ?? builtIn(action)).replaceAll('ID\n', `${action['ActionID']}\n`);
        said = said.then(() => write(socket, answer));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    actions,
    get connections() {
      return sockets.length;
    },
    named: (name) => actions.filter((action) => action['Action']?.toLowerCase() === name.toLowerCase()),
    send: (text) => {
      const socket = sockets.at(-1);
      if (socket) void write(socket, text);
    },
    cut: () => sockets.at(-1)?.destroySoon(),
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}

/** Two turns of the loop: the first packet is read before the second is written. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function headersOf(text: string): Sent {
  return Object.fromEntries(
    text.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
}
