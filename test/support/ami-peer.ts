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
  /** To the newest connection; lines separated by LF. */
  send(text: string): void;
  cut(): void;
  close(): Promise<void>;
}

export const OK = 'Response: Success\nActionID: ID\n\n';
export const BOOTED = 'Event: FullyBooted\nStatus: Fully Booted\n\n';
const ABLE = ['Status', 'Hangup', 'DBGet', 'DBPut', 'DBDel', 'PJSIPShowContacts', 'PJSIPShowEndpoints', 'Ping'];
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

/** `byteWise`: every byte is a packet of its own. */
export async function amiPeer(answers: Answers = () => undefined, { byteWise = false } = {}): Promise<AmiPeer> {
  const actions: Sent[] = [];
  const sockets: Socket[] = [];
  const write = async (socket: Socket, text: string) => {
    const bytes = Buffer.from(text.replace(/\n/g, '\r\n'));
    if (!byteWise) return void socket.write(bytes);
    for (const byte of bytes) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
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

function headersOf(text: string): Sent {
  return Object.fromEntries(
    text.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
}
