/**
 * One socket inside a host's network, spoken to over stdin and stdout; ends with stdin. Arguments: udp|tcp, own address
 * and port. In: `connect ADDRESS PORT`, `send BASE64`. Out: `bound|connected ADDRESS PORT`, `data BASE64`, `error CODE`.
 */
import { createSocket } from 'node:dgram';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

const [protocol, address, wanted] = process.argv.slice(2);
// TCP cannot be bound before it connects, and a telephone says its port in its first word.
const port = wanted === '0' && protocol === 'tcp' ? 20_000 + Math.floor(Math.random() * 40_000) : Number(wanted);
const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);
const hear = (data) => say('data', data.toString('base64'));
const complain = (error) => say('error', error.code ?? error.message);

function udp() {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const tell = (word) => () => say(word, socket.address().address, socket.address().port);
  socket.on('message', hear);
  socket.on('error', complain);
  socket.on('connect', tell('connected'));
  socket.bind(port, address, tell('bound'));
  // Connecting takes a turn of the event loop: what is sent sooner waits for it.
  let connected;
  return {
    connect: (to, toPort) => (connected = new Promise((resolve) => socket.connect(toPort, to, resolve))),
    send: (data) => connected.then(() => socket.send(data, (error) => error && complain(error))),
  };
}

function tcp() {
  const socket = new Socket();
  socket.on('data', hear);
  socket.on('error', complain);
  socket.on('close', () => say('error', 'closed'));
  socket.on('connect', () => say('connected', socket.localAddress, socket.localPort));
  say('bound', address, port);
  return {
    connect: (host, toPort) => socket.connect({ host, port: toPort, localAddress: address, localPort: port }),
    send: (data) => socket.write(data),
  };
}

const socket = protocol === 'udp' ? udp() : tcp();
const lines = createInterface(process.stdin);
lines.on('line', (line) => {
  const [verb, ...words] = line.split(' ');
  if (verb === 'connect') socket.connect(words[0], Number(words[1]));
  else socket.send(Buffer.from(words[0], 'base64'));
});
lines.on('close', () => process.exit(0));
