/**
 * Sockets inside a host's network, told what to do by lines of JSON on stdin; ends with stdin. Every socket has an id:
 * `udp`, `listen` and `connect` make one, `send` and `write` use it. Out: `{id, is: ready | heard | failed, text}`.
 */
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const sockets = new Map();
const say = (id, is, text = '') => process.stdout.write(`${JSON.stringify({ id, is, text })}\n`);
const hear = (id) => (data) => say(id, 'heard', String(data));
const fail = (id) => (error) => say(id, 'failed', error.code ?? error.message);

const verbs = {
  udp({ id, from, port = 0 }) {
    const socket = createSocket({ type: from.includes(':') ? 'udp6' : 'udp4', ipv6Only: from.includes(':') });
    sockets.set(id, socket);
    socket.on('message', hear(id)).on('error', fail(id));
    socket.bind(port, from, () => say(id, 'ready', String(socket.address().port)));
  },
  send: ({ id, text, to, port }) => sockets.get(id).send(text, port, to),
  listen({ id, from, port }) {
    const server = createServer((socket) => {
      sockets.set(id, socket);
      socket.on('data', hear(id)).on('error', fail(id));
    });
    server.listen({ host: from, port, ipv6Only: true }, () => say(id, 'ready'));
  },
  connect({ id, from, to, port }) {
    const socket = connect({ host: to, port, localAddress: from }, () => say(id, 'ready'));
    sockets.set(id, socket.on('data', hear(id)).on('error', fail(id)));
  },
  write: ({ id, text }) => sockets.get(id).write(text),
};

const lines = createInterface(process.stdin);
lines.on('line', (line) => {
  const order = JSON.parse(line);
  verbs[order.do](order);
});
lines.on('close', () => process.exit(0));
