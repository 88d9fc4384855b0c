/** A real SMTP server on loopback that can be told how to behave. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { readLetter, type ReadLetter } from './read-letter';

interface Arrived extends ReadLetter {
  readonly raw: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly secure: boolean;
  readonly user: string | undefined;
}

/** What the server does once it has read the whole letter; a number is an answer. */
export type Behaviour = 'take' | 'cut' | 'take and cut' | 'silence' | number;

export interface MailServer {
  readonly port: number;
  /** Letters that the server has answered with 250, in order. */
  readonly arrived: readonly Arrived[];
  /** Letters that it has read to the end, whatever it did then. */
  readonly read: readonly Arrived[];
  readonly mostAtOnce: number;
  close(): Promise<void>;
}

export interface ServerHabits {
  readonly port?: number;
  /** Asked for each letter in turn, beginning with 0. */
  readonly behaviour?: (letter: number) => Behaviour;
  readonly options?: SMTPServerOptions;
  /** Users and their secrets; undefined: nobody needs to log in. */
  readonly users?: Readonly<Record<string, string>>;
}

export async function openMailServer(habits: ServerHabits = {}): Promise<MailServer> {
  const { port = 0, behaviour = () => 'take', options = {}, users } = habits;
  const arrived: Arrived[] = [];
  const read: Arrived[] = [];
  let mostAtOnce = 0;
  const server = new SMTPServer({
    logger: false, // says nothing of its built-in self-signed certificate, which is what we want here
    hideSTARTTLS: true,
    authOptional: users === undefined,
    allowInsecureAuth: true,
    closeTimeout: 50,
    disableReverseLookup: true, // no question leaves this machine
    onConnect: (_session, callback) => {
      mostAtOnce = Math.max(mostAtOnce, server.connections.size);
      callback();
    },
    onAuth: ({ username = '', password }, _session, callback) => {
      if (users?.[username] === password) callback(null, { user: username });
      else callback(answer(535, 'Authentication failed'));
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('utf8');
        const { mailFrom, rcptTo } = session.envelope;
        const letter: Arrived = {
          ...readLetter(raw),
          raw,
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: session.user === undefined ? undefined : String(session.user),
        };
        const does = behaviour(read.push(letter) - 1);
        const socket = [...server.connections].find(({ id }) => id === session.id)?._socket;
        if (does === 'cut') return void socket?.destroy();
        if (does === 'silence') return;
        if (typeof does === 'number') {
          callback(answer(does, 'those are the server’s words'));
          return;
        }
        arrived.push(letter);
        callback(null, 'OK: taken as 4711');
        if (does === 'take and cut') socket?.end();
      });
    },
    ...options,
  });
  server.on('error', () => undefined); // a client that hangs up early is what some tests are about
  const listening = server.listen(port, '127.0.0.1');
  await once(listening, 'listening');
  return {
    port: (listening.address() as AddressInfo).port,
    arrived,
    read,
    get mostAtOnce() {
      return mostAtOnce;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function answer(responseCode: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode });
}
