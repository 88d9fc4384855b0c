/** Lets an Asterisk in a namespace reach an AGI server of this process: connections are accepted there, served here. */
import { connect, type Socket } from 'node:net';
import type { Host } from '../../src/lab/host';

const ACCEPT = `
  const server = require('net').createServer({ pauseOnConnect: true }, (socket) => process.send('call', socket));
  server.listen(Number(process.argv[1]), '127.0.0.1', () => process.send('listening'));
  process.on('disconnect', () => process.exit());
`;

/** Resolves when the host's loopback takes connections on `port`, each for `agiPort` then; the function returned ends it. */
export async function bridgeAgi(host: Host, port: number, agiPort: () => number): Promise<() => void> {
  const acceptor = host.spawn(process.execPath, ['-e', ACCEPT, String(port)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await new Promise<void>((resolve, reject) => {
    acceptor.once('exit', () => reject(new Error(`nothing listens on port ${port} of ${host.name}`)));
    acceptor.on('message', (_message, socket) => {
      if (socket === undefined) {
        resolve();
        return;
      }
      const theirs = socket as Socket;
      const ours = connect({ port: agiPort(), host: '127.0.0.1', noDelay: true });
      theirs.setNoDelay(true);
      for (const [from, to] of [
        [theirs, ours],
        [ours, theirs],
      ] as const) {
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroySoon());
        from.pipe(to);
      }
    });
  });
  return () => acceptor.disconnect();
}
