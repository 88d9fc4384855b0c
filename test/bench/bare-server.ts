/** What Node itself needs: says the commands of a transcript one after another, and does nothing. Argument: a file. */
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

/** By the caller's number, which he tells as the channel. */
const transcripts = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as readonly (readonly string[])[];

const server = createServer((socket) => {
  let transcript: readonly string[] | undefined;
  let said = 0;
  let rest = '';
  socket.setNoDelay(true);
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const channel = /^agi_channel: (\d+)$/.exec(line)?.[1];
      if (channel !== undefined) transcript = transcripts[Number(channel)];
      if (!transcript || line.startsWith('agi_')) continue;
      const command = transcript[said++];
      if (command === undefined) socket.end();
      else socket.write(`${command}\n`);
    }
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
