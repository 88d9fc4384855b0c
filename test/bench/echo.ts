/** Sends every UDP packet back to where it came from. Argument: the port. */
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
socket.on('message', (packet, { address, port }) => socket.send(packet, port, address));
socket.bind(Number(process.argv[2]), () => process.stdout.write('listening\n'));
