import fc from 'fast-check';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { checkPeerUser, readConnections } from '../../src/asterisk/peer-user';

const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                     ';
const line = (from: string, to: string, state: string, uid: number) =>
  `   3: ${from} ${to} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 15804 1 0000000000000000 20 4 30 10 -1`;

it('reads connections of both families as one', () => {
  const table = [
    HEADER,
    line('0100007F:13AE', '00000000:0000', '0A', 112), // listens
    line('0100007F:13AE', '0100007F:9C40', '01', 112),
    line('0000000000000000FFFF00000100007F:13AE', '0000000000000000FFFF00000100007F:9C41', '01', 7),
    line('00000000000000000000000001000000:13AE', '00000000000000000000000001000000:9C42', '01', 0),
  ];
  expect(readConnections(table.join('\n'), 'LE')).toEqual([
    { from: '7f000001:5038', to: '7f000001:40000', uid: 112 },
    { from: '7f000001:5038', to: '7f000001:40001', uid: 7 },
    { from: `${'0'.repeat(31)}1:5038`, to: `${'0'.repeat(31)}1:40002`, uid: 0 },
  ]);
  expect(readConnections(line('7F000001:13AE', '7F000001:9C40', '01', 1), 'BE')).toEqual([
    { from: '7f000001:5038', to: '7f000001:40000', uid: 1 },
  ]);
});

it('finds nothing in whatever else', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(readConnections(text)).toEqual([])));
});

it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('finds this very process behind %s', async (host) => {
  const server = createServer((near) => near.write('hello')).listen(0, host);
  await once(server, 'listening');
  const socket: Socket = connect((server.address() as AddressInfo).port, host);
  await once(socket, 'data');
  const me = process.getuid?.() ?? 0;
  await checkPeerUser(socket, [String(me)]);
  await checkPeerUser(socket, []);
  const asAnother = checkPeerUser(socket, [String(me + 1)]);
  // Root may answer everywhere.
  if (me === 0) await asAnother;
  else await expect(asAnother).rejects.toMatchObject({ code: 'AMI_DOWN' });
  socket.destroy();
  server.close();
});
