/** The client's end of a WebSocket that carries SIP (RFC 6455, RFC 7118), over a connected socket: whole messages out and in. */
import { createHash, randomBytes } from 'node:crypto';

const PATH = '/ws';
const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const [TEXT, CLOSE, PING, PONG] = [1, 8, 9, 10];

/**
 * Asks for it at once; `send` holds messages back until the server has agreed. `hear` gets each message. What is not
 * agreed to, or is no WebSocket, destroys the socket with an error whose code is `websocket`.
 */
export function overWebSocket(socket, host, hear) {
  const key = randomBytes(16).toString('base64');
  const waiting = [];
  let agreed = false;
  let buffer = Buffer.alloc(0);

  const lines = [
    ...[`GET ${PATH} HTTP/1.1`, `Host: ${host}`, 'Upgrade: websocket', 'Connection: Upgrade'],
    ...[`Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: sip', '', ''],
  ];
  socket.write(lines.join('\r\n'));

  const agree = () => {
    const end = buffer.indexOf('\r\n\r\n');
    if (end < 0) return;
    const answer = buffer.subarray(0, end).toString();
    buffer = buffer.subarray(end + 4);
    const proof = createHash('sha1').update(`${key}${MAGIC}`).digest('base64');
    if (!/^HTTP\/1\.1 101 /.test(answer) || !answer.includes(proof)) {
      const error = new Error(`no WebSocket: ${answer.split('\r\n')[0]}`);
      socket.destroy(Object.assign(error, { code: 'websocket' }));
      return;
    }
    agreed = true;
    for (const data of waiting.splice(0)) socket.write(masked(TEXT, data));
  };

  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    if (!agreed) agree();
    for (let frame = agreed && frameIn(buffer); frame; frame = frameIn(buffer)) {
      buffer = buffer.subarray(frame.length);
      if (frame.kind === PING) socket.write(masked(PONG, frame.data));
      else if (frame.kind === CLOSE) socket.end();
      else hear(frame.data);
    }
  });
  return {
    send: (data) => (agreed ? socket.write(masked(TEXT, data)) : waiting.push(data)),
  };
}

/** The first whole frame of a server, which masks nothing; undefined: it has not come yet. */
function frameIn(buffer) {
  if (buffer.length < 2) return undefined;
  const short = buffer[1] & 127;
  const start = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (buffer.length < start) return undefined;
  const size = short === 127 ? Number(buffer.readBigUInt64BE(2)) : short === 126 ? buffer.readUInt16BE(2) : short;
  if (buffer.length < start + size) return undefined;
  return { kind: buffer[0] & 15, data: buffer.subarray(start, start + size), length: start + size };
}

/** A client must mask what it sends. */
function masked(kind, data) {
  const mask = randomBytes(4);
  const long = data.length > 125;
  const head = Buffer.alloc(long ? 4 : 2);
  head[0] = 128 | kind;
  head[1] = 128 | (long ? 126 : data.length);
  if (long) head.writeUInt16BE(data.length, 2);
  return Buffer.concat([head, mask, data.map((byte, i) => byte ^ mask[i % 4])]);
}
