/**
 * The defects of asterisk-manager 0.2.0 that a peer can reach us by, each proven once against the library alone. None may
 * be seen through our connection, wherever its bytes are cut.
 *
 * Without a row, because no bytes of a peer's decide about them: what we send (A1, A10, A11, A17) and when (A3, A4, A9),
 * secrets and TLS (A16), which `ami-connection.test.ts`, `ami-link.test.ts` and `ami-peer.test.ts` show; the library's
 * reconnecting with its waits and words (A5 to A8), because a connection of ours is opened once. Lists with callers'
 * names in them are in `ami-connection.test.ts`, lengths (A15) in `ami-messages.test.ts`.
 */
import { randomBytes } from 'node:crypto';
import { AmiConnection } from '../../src/asterisk/ami-connection';
import type { Frame } from '../../src/asterisk/ami-frame';
import { clock } from '../../src/clock';
import { AppError } from '../../src/errors';
import { amiPeer, OK, type AmiPeer } from '../support/ami-peer';
import { until } from '../support/until';

type Told = readonly (readonly [string, string])[];

interface Defect {
  /** In words: what the library makes of it. */
  readonly library: string;
  /** What Asterisk answers to a login; the built-in words unless told. */
  readonly login?: string;
  /** What it answers to Status. */
  readonly answer?: string;
  /** What came of the login, or else of Status. */
  readonly sees: string;
  /** Events that are heard besides FullyBooted. */
  readonly hears?: readonly Told[];
}

const DONE = 'Success';
const named = (...names: readonly string[]) => names.map((name): Told => [['event', name]]);
const DEFECTS: readonly Defect[] = [
  {
    library: 'A2 swallows a refused login',
    login: 'Response: Error\nActionID: ID\nMessage: Authentication failed\n\n',
    sees: 'Asterisk refused the AMI login of "tollgate": Authentication failed',
  },
  {
    library: 'A12 tells output in three shapes, and is deaf behind one of them',
    answer: `Response: Follows\nPrivilege: Command\na: 1\nb\n\n${OK}`,
    sees: DONE,
  },
  {
    library: 'A12 is deaf behind words that only look like output',
    answer: `Response:\u2028follow me\nX: 1\n\nRESPONSE: x Followed\n\n${OK}`,
    sees: DONE,
  },
  {
    library: 'A18 gives events to whoever listens to their names',
    answer: `Event: Close\n\nEvent: Error\n\nEvent: RawEvent\n\nEvent: End\n\nEvent: Data\n\n${OK}`,
    sees: DONE,
    hears: named('Close', 'Error', 'RawEvent', 'End', 'Data'),
  },
  {
    library: 'A18 takes an event that bears the words of an answer for one',
    answer: `Event: X\nResponse: Error\nActionID: 1\nMessage: no\n\nResponse: Error\nActionID: 1\n\n${OK}`,
    sees: DONE,
    hears: [
      [
        ['event', 'X'],
        ['response', 'Error'],
        ['actionid', '1'],
        ['message', 'no'],
      ],
    ],
  },
  {
    library: 'A19 lets names of headers into the properties of its objects',
    answer: `Event: UserEvent\n__proto__: x\nConstructor: y\nToString: z\nName: Zoë 日本\nName2: a: b\n\n${OK}`,
    sees: DONE,
    hears: [
      [
        ['event', 'UserEvent'],
        ['tostring', 'z'],
        ['name', 'Zoë 日本'],
        ['name2', 'a: b'],
      ],
    ],
  },
  {
    library: 'A19 makes other things than text of headers that come twice',
    answer: `Event: X\nEvent: Y\nA: 1\nA: 2\n\nEvent: Z\nVariable: a=1\nVariable: a=2\n\n${OK}`,
    sees: DONE,
    hears: named('Z'),
  },
];

const BOOTED: Told = [
  ['event', 'FullyBooted'],
  ['status', 'Fully Booted'],
];

let peer: AmiPeer;
let connection: AmiConnection;
let printed: jest.SpyInstance;
const heard: Frame[] = [];

beforeEach(() => void (printed = jest.spyOn(console, 'log').mockImplementation()));
afterEach(async () => {
  connection.close('the test is over');
  await peer.close();
  expect(printed).not.toHaveBeenCalled();
  printed.mockRestore();
});

function dial(): AmiConnection {
  heard.length = 0;
  const settings = { host: '127.0.0.1', port: peer.port, user: 'tollgate', secret: 'p' };
  return (connection = new AmiConnection(settings, { clock, random: randomBytes }, (event) => heard.push(event)));
}

const told = (work: Promise<string | undefined>) =>
  work.catch((error: unknown) => (error instanceof AppError ? error.what : String(error)));
/** Logs in and asks; the connection must be as good as new behind it. */
async function converse(): Promise<string | undefined> {
  await dial().open();
  const reply = await connection.action({ Action: 'Status' });
  await connection.action({ Action: 'Ping' });
  return reply.fields.get('response');
}

it.each(DEFECTS.map((defect) => [defect.library, defect] as const))(
  'through our connection nobody sees that asterisk-manager %s: whole, cut at every byte, and byte by byte',
  async (_, { login, answer, sees, hears = [] }) => {
    const packets: { byteWise?: boolean; cut?: number } = {};
    const words: Record<string, string | undefined> = { login, Status: answer };
    peer = await amiPeer(({ Action = '' }) => words[Action], packets);
    const seen = async () => [await told(converse()), heard.map(({ fields }) => [...fields])];
    const right = [sees, [...(login === undefined ? [BOOTED] : []), ...hears]];
    expect(await seen()).toEqual(right);
    packets.byteWise = true;
    expect(await seen()).toEqual(right);
    packets.byteWise = false;
    const longest = Buffer.byteLength((answer ?? login ?? '').replaceAll('\n', '\r\n')) + 20;
    for (packets.cut = 1; packets.cut < longest; packets.cut++) {
      expect([packets.cut, await seen()]).toEqual([packets.cut, right]);
      connection.close('next');
    }
  },
  60_000,
);

const WORDS = `Event: X\nA: b\n\n${OK}`;
it.each([
  ['a login’s answer', 'login'],
  ['an action’s answer', 'Status'],
])(
  'A3, A4, A14: whatever byte of %s is the last, all that waits is told, and the next connection is whole',
  async (_, action) => {
    let last: number | undefined;
    peer = await amiPeer(({ Action }) =>
      Action === action && last !== undefined ? `${WORDS.slice(0, last)}\0` : undefined,
    );
    for (let length = 0; length < WORDS.length; length++) {
      last = length;
      const asked = told(converse());
      await until(() => peer.actions.at(-1)?.['Action'] === action, 'it was asked');
      await new Promise((resolve) => setImmediate(resolve));
      peer.cut();
      expect([last, await asked]).toEqual([last, expect.stringContaining('closed the connection')]);
      const later = connection.action({ Action: 'Ping' }).then(() => 'sent');
      expect(await told(later)).toContain('closed the connection');
      last = undefined;
      expect(await converse()).toBe(DONE);
      connection.close('next');
    }
  },
);
