/**
 * One socket inside a host's network, spoken to over stdin and stdout; ends with stdin. Arguments:
 * udp|tcp|tls|ws|wss|listen, own address and port; `listen` waits to be dialled over TCP and speaks with whoever dialled
 * last. In: `connect ADDRESS PORT`, `send BASE64`. Out: `bound|connected ADDRESS PORT`, `data BASE64`, `error CODE`.
 */
import { createSocket } from 'node:dgram';
import { createServer, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as secure } from 'node:tls';
import { overWebSocket } from './websocket.mjs';

const [protocol, address, wanted] = process.argv.slice(2);
// TCP cannot be bound before it connects, and a telephone says its port in its first word.
const port = wanted === '0' && protocol !== 'udp' ? 20_000 + Math.floor(Math.random() * 40_000) : Number(wanted);
const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);
const hear = (data) => say('data', data.toString('base64'));
const complain = (error) => say('error', error.code ?? error.message);

function udp() {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const told = (word) => () => say(word, socket.address().address, socket.address().port);
  socket.on('message', hear);
  socket.on('error', complain);
  socket.on('connect', told('connected'));
  socket.bind(port, address, told('bound'));
  // Connecting takes a turn of the event loop: what is sent sooner waits for it.
  let connected;
  return {
    connect: (to, toPort) => (connected = new Promise((resolve) => socket.connect(toPort, to, resolve))),
    send: (data) => connected.then(() => socket.send(data, (error) => error && complain(error))),
  };
}

function tell(socket, begins) {
  socket.on('error', complain);
  socket.on('close', () => say('error', 'closed'));
  socket.on(begins, () => say('connected', socket.localAddress, socket.localPort));
  return socket;
}

function inStream(socket) {
  socket.on('data', hear);
  return { send: (data) => socket.write(data) };
}

function stream() {
  const isSecure = protocol === 'tls' || protocol === 'wss';
  const plain = new Socket();
  let messages;
  say('bound', address, port);
  return {
    connect: (host, toPort) => {
      plain.connect({ host, port: toPort, localAddress: address, localPort: port });
      // A certificate proves a name, and here nobody has one.
      const socket = isSecure ? secure({ socket: plain, rejectUnauthorized: false }) : plain;
      if (socket !== plain) plain.on('error', complain);
      tell(socket, isSecure ? 'secureConnect' : 'connect');
      messages = protocol.startsWith('ws') ? overWebSocket(socket, host, hear) : inStream(socket);
    },
    send: (data) => messages?.send(data),
  };
}

function listener() {
  let dialled;
  const server = createServer((socket) => {
    dialled = inStream(tell(socket, 'connect'));
    say('connected', socket.localAddress, socket.localPort);
  });
  server.on('error', complain);
  server.listen(port, address, () => say('bound', address, port));
  return { connect: () => undefined, send: (data) => dialled?.send(data) };
}

const socket = { udp, tcp: stream, tls: stream, ws: stream, wss: stream, listen: listener }[protocol]();
const lines = createInterface(process.stdin);
lines.on('line', (line) => {
  const [verb, ...words] = line.split(' ');
  if (verb === 'connect') socket.connect(words[0], Number(words[1]));
  else socket.send(Buffer.from(words[0], 'base64'));
});
lines.on('close', () => process.exit(0));
