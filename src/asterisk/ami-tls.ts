/** TLS for a library that knows none: a private unix socket, whose one connection goes on encrypted. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { printable } from '../domain/printable';
import { AppError } from '../errors';

export interface TlsBridge {
  readonly host: string;
  readonly port: number;
  /** False accepts any certificate, a forger's too. */
  readonly checkCertificate: boolean;
  /** Looks at the other side before anything goes through. Rejects: nothing will. */
  readonly check: (socket: TLSSocket) => Promise<void>;
  /** Ends it, whatever state it is in. */
  readonly signal: AbortSignal;
}

/** Resolves to the socket's path once the other side has proved who it is. Rejects with AMI_DOWN. */
export async function openTlsBridge({ host, port, check, signal, ...options }: TlsBridge): Promise<string> {
  signal.throwIfAborted();
  const far = connect({
    ...{ host, port, rejectUnauthorized: options.checkCertificate },
    ...(isIP(host) === 0 && { servername: host }),
  });
  signal.addEventListener('abort', () => far.destroy(), { once: true });
  try {
    await once(far, 'secureConnect', { signal });
  } catch (error) {
    far.on('error', () => undefined).destroy();
    throw fault(`Asterisk at ${host}:${port}`, error);
  }
  far.on('error', () => undefined); // 'close' follows, and is handed on
  try {
    await check(far);
    return await listen(far, signal);
  } catch (error) {
    far.destroy();
    throw error;
  }
}

/** The folder is ours alone, and gone as soon as the library has come. */
async function listen(far: TLSSocket, signal: AbortSignal): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-ami-'));
  const path = join(folder, 'socket');
  const server = createServer((near) => {
    end();
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => undefined).on('close', () => other.destroy());
      one.pipe(other);
    }
    if (far.destroyed) near.destroy();
  });
  const end = () => {
    server.close();
    void rm(folder, { recursive: true, force: true });
  };
  signal.addEventListener('abort', end, { once: true });
  server.listen(path);
  await once(server, 'listening');
  signal.throwIfAborted();
  return path;
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /self.signed|certificate|altnames|CERT_/i,
    'this machine does not trust its certificate: install its authority (NODE_EXTRA_CA_CERTS), or set ami.check_certificate = false',
  ],
  [/wrong version|packet length|ECONNRESET|EPROTO/i, 'is that the port of tlsbindaddr in manager.conf?'],
];

function fault(where: string, error: unknown): AppError {
  const { message, code = '' } = error as NodeJS.ErrnoException;
  const hint = HINTS.find(([pattern]) => pattern.test(`${message} ${code}`))?.[1] ?? 'is Asterisk running?';
  return new AppError('AMI_DOWN', `${where}, by TLS: ${printable(message)} (${hint})`, hint, error);
}
