/**
 * The defects of ding-dong 0.1.7 that a peer can reach us by, each proven once against the library alone. None may be seen
 * through our session, wherever its bytes are cut.
 *
 * Without a row: RECORD FILE with its arguments in the wrong places (D13), because we send no command of the library's own
 * but lines of ours; its event `variables`, which tells nobody who asks late (D14), because we read the environment
 * ourselves; port 3000, every interface and the lost socket of its server (D17 to D19), because the server is ours, and
 * `agi-server.test.ts` shows it; its printing of keys (D20), for which all of these look. Of a value with a line break in
 * it (D21) the rest is harmless only when it has come before the next command: no such value is asked for.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { AgiSession } from '../../src/asterisk/agi-session';
import { queryOf, type AgiEnvironment } from '../../src/asterisk/agi-environment';
import { HungUp } from '../../src/domain/call';
import { AppError } from '../../src/errors';
import type { Clock } from '../../src/ports';
import { serve } from '../support/agi-served';
import { BREAKS, ENVIRONMENT, playTranscript, type Wire } from '../support/agi-transcript';
import { fakeClock } from '../support/fake-clock';

const PATIENCE_MS = 4000;
const SHORT = ['agi_network_script: test', 'agi_channel: PJSIP/a-1'];
const LINE = 64 * 1024;

/** What came of a command: the reply's parts, or why there is none. */
const send = (session: AgiSession, command: string, ...args: readonly (string | number)[]) =>
  session.command(command, args, PATIENCE_MS).then(
    ({ result, note, endpos }) => [result, note ?? '', endpos].join(' ').trim(),
    (error: unknown) => (error instanceof AppError ? error.what : String(error)),
  );
const HUNG_UP = String(new HungUp());
const sendAll = async (session: AgiSession, ...commands: readonly string[]) => {
  const told = [];
  for (const command of commands) told.push(await send(session, command));
  return told;
};

interface Defect {
  /** In words: what the library makes of it. */
  readonly library: string;
  readonly environment?: readonly string[];
  readonly transcript: string;
  readonly ours: (session: AgiSession, environment: AgiEnvironment) => Promise<unknown>;
  readonly sees: unknown;
  /** Where it is cut; everywhere unless told. */
  readonly cuts?: readonly number[];
}

const DEFECTS: readonly Defect[] = [
  {
    library: 'D1 ends each value at its first colon',
    environment: ENVIRONMENT,
    transcript: '',
    ours: (_, environment) =>
      Promise.resolve([environment.get('agi_calleridname'), environment.get('agi_request'), queryOf(environment)]),
    sees: ['Bob: "sales"', 'agi://127.0.0.1:4573/test?[2001:db8::1]:5060', '[2001:db8::1]:5060'],
  },
  {
    library: 'D2 gives the second of two commands the first one’s reply, and the first one none',
    transcript: '> A\n< 200 result=1\n> B\n< 200 result=2\n> C\n< 200 result=3',
    ours: (session) => Promise.all(['A', 'B', 'C'].map((command) => send(session, command))),
    sees: ['1  0', '2  0', '3  0'],
  },
  {
    library: 'D3 hears nothing of a refusal but hang-ups',
    transcript: `> A
      < 510 Invalid or unknown command
      > B
      < 520-Invalid command syntax.  Proper usage follows:
      < Usage: B
      < 200 result=7
      < HANG UP
      < 520 End of proper usage.
      > C
      < 520 Invalid command syntax.  Proper usage not available.
      > D
      < 200 result=0
      > E
      < 511 Command Not Permitted on a dead channel or intercept routine`,
    ours: (session) => sendAll(session, 'A', 'B', 'C', 'D', 'E'),
    sees: [...[510, 520, 520].map((code, i) => `Asterisk refused "${'ABC'[i]}" (${code})`), '0  0', HUNG_UP],
  },
  ...[
    ['D4, D6 waits for ever when the caller hangs up and the connection ends', '< HANGUP\n! end'],
    ['D5, D6 waits for ever when the connection ends without a reply', '! end'],
    ['D6, D24 waits for ever, or ends the process, when the connection breaks', '! reset'],
  ].map(([library = '', ending = '']) => ({
    library,
    transcript: `> A\n${ending}`,
    ours: async (session: AgiSession) => [...(await sendAll(session, 'A', 'B', 'C')), await session.leave('X', 'y')],
    sees: [HUNG_UP, HUNG_UP, HUNG_UP, false],
  })),
  {
    library: 'D7 loses a reply when a piece holds a line and part of the next, and hears hang-ups',
    transcript: `> A
      < 200 result=12 (timeout)
      < words that nobody asked for
      > B
      < more of them
      < 200 result=1
      > C
      < 200 result=-1
      < HANGUP`,
    ours: (session) => sendAll(session, 'A', 'B', 'C'),
    sees: ['12 timeout 0', '1  0', HUNG_UP],
  },
  {
    library: 'D8 takes a hang-up glued to the environment for a variable',
    transcript: '< HANGUP\n> A\n< 511 Command Not Permitted on a dead channel',
    ours: async (session, environment) => [[...environment.keys()], await send(session, 'A')],
    sees: [['agi_network_script', 'agi_channel'], HUNG_UP],
  },
  {
    library: 'D9 leaves the place where a recording was stopped glued to the result',
    transcript: '> A\n< 200 result=0 endpos=8000\n> B\n< 200 result=49 endpos=12',
    ours: (session) => sendAll(session, 'A', 'B'),
    sees: ['0  8000', '49  12'],
  },
  {
    library: 'D10 sends an argument with a line break as a second command',
    transcript: '> A "b"\n< 200 result=1',
    ours: async (session) => [
      ...(await Promise.all(['\n', '\r', '\0'].map((end) => send(session, 'A', `b${end}EXEC System "x"`)))),
      await send(session, 'A', 'b'),
    ],
    sees: [...[/\\n/, /\\r/, /\\u0000/].map((char) => expect.stringMatching(char) as string), '1  0'],
  },
  {
    library: 'D11, D12, D13 quotes nothing: arguments split, vanish and move to other places',
    transcript: '> A "say \\"a\\" \\\\ b" "" "5" ""\n< 200 result=1',
    ours: (session) => send(session, 'A', 'say "a" \\ b', '', 5, ''),
    sees: '1  0',
  },
  {
    library: 'D16 keeps a line without end in the environment, and everything waits meanwhile',
    environment: [...SHORT, `agi_x: ${'x'.repeat(LINE)}`],
    transcript: '',
    ours: () => Promise.resolve('opened'),
    sees: 'a line of more than 65536 bytes came',
    cuts: [1, LINE - 1, LINE, LINE + 1, LINE + 40, LINE + 60],
  },
  {
    library: 'D16 keeps a reply without end, and everything waits meanwhile',
    transcript: `> A\n< 200 result=${'x'.repeat(LINE)}`,
    ours: (session) => send(session, 'A'),
    sees: 'a line of more than 65536 bytes came',
    cuts: [1, LINE - 1, LINE, LINE + 1, LINE + 10],
  },
  {
    library: 'D21 ends a value at its line break, and hears a hang-up',
    transcript: '> A\n< 200 result=1 (first\n< HANGUP second)\n> B\n< 200 result=2',
    ours: (session) => sendAll(session, 'A', 'B'),
    sees: ['1  0', '2  0'],
  },
  {
    library: 'takes for a reply what came before the command',
    transcript: '< 200 result=9\n> A\n< 200 result=1',
    ours: (session) => send(session, 'A'),
    sees: '1  0',
  },
];

let printed: jest.SpyInstance[];
beforeEach(() => {
  printed = (['log', 'error', 'warn'] as const).map((way) => jest.spyOn(console, way).mockImplementation());
});
afterEach(() => {
  for (const spy of printed) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});

let server: Server | undefined;
afterEach(() => server?.close());

/** Plays a transcript to a session; the function returned resolves to what came of it, and rejects for other words. */
async function sessions(ours: Defect['ours'], time: Clock) {
  let outcome: Promise<unknown> = Promise.resolve();
  const converse = async (socket: Socket) => {
    const session = new AgiSession(socket, { clock: time, random: randomBytes });
    try {
      return await ours(session, await session.open(PATIENCE_MS));
    } catch (error) {
      return error instanceof AppError ? error.what : String(error);
    } finally {
      session.close();
    }
  };
  server = createServer((socket) => void (outcome = converse(socket))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return async (transcript: string, wire: Wire) => {
    await playTranscript(port, transcript, wire);
    return outcome;
  };
}

/** Every place in the longest piece that Asterisk sends. */
function everyCut(environment: readonly string[], transcript: string): readonly number[] {
  const said = transcript.split(/^ *[>~!].*$/m).map((lines) => lines.replace(/^ *< /gm, '').trim());
  const longest = Math.max(
    ...said.map((lines, i) => (i === 0 ? [...environment, '', lines, ''].join('\n') : lines).length + 1),
  );
  return Array.from({ length: longest }, (_, i) => i + 1);
}

describe('through our session nobody sees that ding-dong', () => {
  it.each(DEFECTS.map((defect) => [defect.library, defect] as const))(
    '%s: whole, cut at every byte, and byte by byte',
    async (_, { environment = SHORT, transcript, ours, sees, cuts }) => {
      const play = await sessions(ours, fakeClock()); // on which no time passes, however long so many segments take
      expect(await play(transcript, { environment })).toEqual(sees);
      expect(await play(transcript, { environment, cut: 'every byte' })).toEqual(sees);
      for (const cut of cuts ?? everyCut(environment, transcript))
        expect([cut, await play(transcript, { environment, cut })]).toEqual([cut, sees]);
    },
    60_000,
  );
});

const WHOLE =
  '> A\n< 200 result=12 (timeout)\n> B\n< 520-Usage\n< B\n< 520 End\n> C\n< 200 result=0 endpos=9\n< HANGUP';
const BYTES = 250;

it.each(BREAKS)('D4 to D6, D15: whatever byte is the last before a peer’s %s, all that waits is told', async (by) => {
  const time = fakeClock();
  const play = await sessions((session) => sendAll(session, 'A', 'B', 'C', 'D'), time);
  for (let after = 0; after <= BYTES; after++) {
    const wire: Wire = { environment: SHORT, breaks: { after, by }, pass: (ms) => time.advance(ms) };
    const told = [await play(WHOLE, wire)].flat().join();
    expect([after, told]).toEqual([after, expect.stringMatching(/HungUp|within [45]000 ms/)]);
    expect([after, time.sleepers]).toEqual([after, 0]);
  }
});

const OPENED = '> SET VARIABLE "TOLLGATE_RESULT" "opened"\n< 200 result=1';
const FAILED = '> SET VARIABLE "TOLLGATE_RESULT" "error"\n< 200 result=1';
const bug = new Error('a bug');

describe('no call ends the process, as with ding-dong', () => {
  it.each([
    ['D22 when its script throws at once', () => thrown(bug)],
    ['D23 when its script rejects', () => Promise.reject(bug)],
  ])(
    '%s: whole, cut at every byte, and byte by byte',
    async (_, script) => {
      const ours = await serve(script);
      for (const cut of [...everyCut(SHORT, FAILED), 'every byte'] as const)
        await playTranscript(ours.port, FAILED, { environment: SHORT, cut });
      expect(new Set(ours.log.map((line) => line.split(' {')[0]))).toEqual(new Set(['call failed', 'call ended']));
      await ours.stop(0);
    },
    60_000,
  );

  it.each(BREAKS)('D24 when its peer goes by %s, whatever byte was the last', async (by) => {
    const time = fakeClock();
    const ours = await serve(() => Promise.resolve({ TOLLGATE_RESULT: 'opened' }), { clock: time });
    for (let after = 0; after <= 70; after++) {
      const wire: Wire = { environment: SHORT, breaks: { after, by }, pass: (ms) => time.advance(ms) };
      await playTranscript(ours.port, OPENED, wire);
    }
    await playTranscript(ours.port, OPENED, { environment: SHORT });
    await ours.stop(0);
  });
});

function thrown(error: Error): never {
  throw error;
}
