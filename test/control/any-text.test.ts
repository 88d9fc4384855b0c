/** Whatever is asked over the control socket: one answer a line, on one line, and never a bug. */
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Answer } from '../../src/control/protocol';
import { startControl } from '../../src/control/server';
import { around } from '../support/any-text';

const SAMPLES = [
  '{"call":"add","asked":{"a":1}}',
  '{"call":"__proto__","asked":null}',
  '{"call":',
  '[[[[',
  '{"call":{}}',
];

it('a question is answered with what was asked or refused, and one answer comes for each', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-control-'));
  const logged: string[] = [];
  const calls = { add: (asked: never) => Promise.resolve({ asked }) };
  const server = await startControl(join(folder, 'control.sock'), calls, (event) => logged.push(event));
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(around(...SAMPLES), { minLength: 1, maxLength: 9 }), async (lines) => {
        const socket = connect(join(folder, 'control.sock'));
        let said = '';
        socket.setEncoding('utf8').on('data', (text: string) => (said += text));
        const asked = `${lines.join('\n')}\n`;
        socket.end(asked);
        await once(socket, 'close');
        const answers = said.split('\n').slice(0, -1);
        expect(answers).toHaveLength(asked.split('\n').length - 1);
        expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
        for (const answer of answers.map((line) => JSON.parse(line) as Answer)) {
          if (answer.kind === 'failed') expect(answer.code).toBe('MISUSED');
        }
      }),
      { numRuns: 150 },
    );
    expect(logged).toEqual([]);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
