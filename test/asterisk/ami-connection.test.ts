/** The A-numbers are the defects of asterisk-manager 0.2.0 that could reach us, each proven once against a fake peer. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { AmiConnection } from '../../src/asterisk/ami-connection';
import type { Frame } from '../../src/asterisk/ami-frame';
import type { Patience } from '../../src/asterisk/ami-settings';
import { clock } from '../../src/clock';
import type { AppError } from '../../src/errors';
import { amiPeer, OK, type AmiPeer, type Answers } from '../support/ami-peer';
import { until } from '../support/until';

let peer: AmiPeer;
let connection: AmiConnection;
const heard: Frame[] = [];

async function meet(answers?: Answers, patience: Partial<Patience> = {}, byteWise = false): Promise<AmiConnection> {
  peer = await amiPeer(answers, { byteWise });
  return dial(peer.port, patience);
}
function dial(port: number | string, patience: Partial<Patience> = {}): AmiConnection {
  const settings = { host: '127.0.0.1', port, user: 'tollgate', secret: 'p', patience };
  return (connection = new AmiConnection(settings, { clock, random: randomBytes }, (event) => heard.push(event)));
}
const reason = () => (connection.ended.reason as AppError).what;

beforeEach(() => void (heard.length = 0));
afterEach(async () => {
  connection.close('the test is over');
  await peer.close();
});

const LIST = 'Response: Success\nActionID: ID\nEventList: start\n\n';
const ITEM = 'Event: ContactList\nActionID: ID\nObjectName: 701;@a\n\n';
const END = 'Event: ContactListComplete\nActionID: ID\nEventList: Complete\n\n';
const contacts = () => connection.list({ Action: 'PJSIPShowContacts' }, 'ContactListComplete');

it('gathers a list that comes byte by byte', async () => {
  await (
    await meet((a) => (a['Action'] === 'PJSIPShowContacts' ? LIST + ITEM + ITEM + END : undefined), {}, true)
  ).open();
  const listed = await contacts();
  expect(listed).toMatchObject({ kind: 'items' });
  expect(listed.kind === 'items' && listed.items.map(({ fields }) => fields.get('objectname'))).toEqual([
    '701;@a',
    '701;@a',
  ]);
});

/** As Asterisk 16 tells of a call from `a%0d%0a%0d%0a...`: its own headers around the caller's text. */
const called = (text: string, channel: string) =>
  `Event: Status\nPrivilege: Call\nChannel: ${channel}\nCallerIDNum: ${text}\nCallerIDName: Zoë\nExten: 100\nType: SIP\n` +
  'DNID: 100\nTimeToHangup: 0\nBridgeID: \nApplication: Wait\nData: 4\nNativeformats: (ulaw)\nReadformat: ulaw\n' +
  'Writeformat: ulaw\nCallgroup: 0\nSeconds: 0\nVariable: CHANNEL(recvip)=192.0.2.1\nActionID: ID\n\n';
const CALLS_END = 'Event: StatusComplete\nActionID: ID\nEventList: Complete\nListItems: 2\nItems: 2\n\n';
const SMUGGLED: readonly (readonly [string, string])[] = [
  [
    'an event',
    '1\n\nEvent: SuccessfulAuth\nService: SIP\nUsingPassword: 1\nRemoteAddress: IPV4/UDP/198.51.100.9/5060\n\n',
  ],
  ['the end of the list', '1\n\nEvent: StatusComplete\nEventList: Complete\nListItems: 0\nX: '],
  [
    'that end twice',
    '1\n\nEvent: StatusComplete\n\nEvent: StatusComplete\nSeconds: 1\nData: 1\nType: 1\nExten: 1\nX: ',
  ],
  ['a refusal', '1\n\nResponse: Error\nMessage: No such channel\nX: '],
  ['what the library takes for an output without end', '1\n\nResponse: Follows\nX: '],
  ['a login', '1\n\nResponse: Success\nActionID: 1\n\n'],
  ['another channel', '1\n\nEvent: Status\nChannel: SIP/b-1\nVariable: CHANNEL(recvip)=198.51.100.9\nX: '],
  ['a variable', '1\nVariable: CHANNEL(recvip)=198.51.100.9'],
];
it.each(SMUGGLED)(
  'reads a list to its end, and no event, though the name of a caller in it smuggles in %s, wherever the bytes are cut',
  async (_, text) => {
    const answer = LIST + called(text, 'SIP/a-1') + called('2', 'SIP/c-1') + CALLS_END;
    const length = Buffer.byteLength(answer.replaceAll('\n', '\r\n').replaceAll('ID\r', `${'0'.repeat(18)}\r`));
    const packets: { cut: number } = { cut: 0 };
    peer = await amiPeer((a) => (a['Action'] === 'Status' ? answer : undefined), packets);
    for (packets.cut = 1; packets.cut < length; packets.cut += 1) {
      heard.length = 0;
      await dial(peer.port).open();
      const listed = await connection.list({ Action: 'Status' }, 'StatusComplete');
      const items = listed.kind === 'items' ? listed.items : [];
      const ours = ['SIP/a-1', 'SIP/c-1'].map((name) => items.some(({ fields }) => fields.get('channel') === name));
      expect([packets.cut, ...ours]).toEqual([packets.cut, true, true]);
      const last = items.findIndex(({ fields }) => fields.get('channel') === 'SIP/c-1') - 1;
      expect(items[last]?.variables.get('CHANNEL(recvip)')).toBe('192.0.2.1');
      expect(heard.map(({ fields }) => fields.get('event'))).toEqual(['FullyBooted']);
      connection.close('next');
    }
  },
  60_000,
);

it('takes a line feed alone for no end of a line, also where a list is cut in pieces', async () => {
  const text = '1\\n\\nEvent: StatusComplete\\nActionID: x\\n\\nResponse: Follows\\n'.replaceAll('\\n', '\v');
  const answer = LIST + called(text, 'SIP/a-1') + CALLS_END;
  await (await meet((a) => (a['Action'] === 'Status' ? answer : undefined))).open();
  const listed = await connection.list({ Action: 'Status' }, 'StatusComplete');
  expect(listed.kind === 'items' && listed.items.map(({ fields }) => fields.get('calleridnum'))).toEqual([
    '1  Event: StatusComplete ActionID: x  Response: Follows ',
  ]);
});

it('hears events again when a list is over, or was never whole', async () => {
  const half = LIST + ITEM;
  await (await meet((a) => (a['Action'] === 'PJSIPShowContacts' ? half : undefined), { listMs: 30 })).open();
  await expect(contacts()).rejects.toMatchObject({ code: 'AMI_DOWN' });
  peer.send('Event: ContactStatus\n\n');
  await until(() => heard.length === 2, 'the event');
});

it('hears the same wherever the bytes are cut: a refused login, events with names that mean something, a list', async () => {
  const login = 'Event: FullyBooted\n\nEvent: Close\nName: Zoë 日本\n__proto__: x\nConstructor: y\n\n';
  const packets: { cut: number } = { cut: 0 };
  let refused = false;
  peer = await amiPeer((a) => {
    if (a['Action'] === 'PJSIPShowContacts') return LIST + ITEM + ITEM + END;
    if (a['Action'] !== 'login') return undefined;
    return refused ? 'Response: Error\nActionID: ID\nMessage: Authentication failed\n\n' : OK + login;
  }, packets);
  for (packets.cut = 1; packets.cut < 230; packets.cut++) {
    heard.length = 0;
    refused = true;
    await expect(dial(peer.port).open()).rejects.toMatchObject({ code: 'AMI_REFUSED' });
    refused = false;
    await dial(peer.port).open();
    const listed = await contacts();
    expect([packets.cut, listed.kind === 'items' && listed.items.length]).toEqual([packets.cut, 2]);
    expect(heard.map(({ fields }) => [...fields])).toEqual([
      [['event', 'FullyBooted']],
      [
        ['event', 'Close'],
        ['name', 'Zoë 日本'],
      ],
    ]);
    connection.close('next');
  }
}, 60_000);

it.each([
  ['No Contacts found\n', { kind: 'items', items: [] }],
  ['Permission denied', { kind: 'denied' }],
  ['Invalid/unknown command: X. Use Action: ListCommands to show available commands.', { kind: 'absent' }],
  ['No such channel', { kind: 'gone' }],
])('knows what "%s" means for a list', async (message, meaning) => {
  const error = `Response: Error\nActionID: ID\nMessage: ${message}\n\n`;
  await (await meet((a) => (a['Action'] === 'PJSIPShowContacts' ? error : undefined))).open();
  expect(await contacts()).toEqual(meaning);
});

it('rejects a list that Asterisk refuses for another reason, in its own words', async () => {
  const error = 'Response: Error\nActionID: ID\nMessage: Out of \u001b[31mcheese\n\n';
  await (await meet((a) => (a['Action'] === 'PJSIPShowContacts' ? error : undefined))).open();
  await expect(contacts()).rejects.toMatchObject({
    code: 'AMI_FAILED',
    what: expect.stringContaining('Out of \\u001b[31mcheese') as string,
  });
});

it('ignores items of a list that was given up, and events with the ActionID of another', async () => {
  await (await meet((a) => (a['Action'] === 'PJSIPShowContacts' ? LIST + ITEM : undefined), { listMs: 30 })).open();
  await expect(contacts()).rejects.toMatchObject({ code: 'AMI_DOWN' });
  const id = peer.named('PJSIPShowContacts')[0]?.['ActionID'];
  peer.send(`Event: ContactList\nActionID: ${id}\n\nEvent: OriginateResponse\nActionID: 1\nResponse: Failure\n\n`);
  await until(() => heard.length > 1, 'the other event');
  expect(heard.map(({ fields }) => fields.get('event'))).toEqual(['FullyBooted', 'OriginateResponse']);
});

it('A2: a refused login is told', async () => {
  await meet(() => 'Response: Error\nActionID: ID\nMessage: Authentication failed\n\n');
  await expect(connection.open()).rejects.toMatchObject({
    code: 'AMI_REFUSED',
    what: 'Asterisk refused the AMI login of "tollgate": Authentication failed',
  });
  expect(connection.ended.aborted).toBe(true);
});

it('A3: an action that is not answered ends in time', async () => {
  await (await meet((a) => (a['Action'] === 'Status' ? '' : undefined), { actionMs: 30 })).open();
  await expect(connection.action({ Action: 'Status' })).rejects.toMatchObject({
    code: 'AMI_DOWN',
    what: 'Asterisk did not answer to Status within 30 ms',
  });
  await expect(connection.action({ Action: 'Ping' })).resolves.toBeDefined();
});

it('A3, A4, A9: a lost connection fails what was asked and what is asked later, and sends nothing', async () => {
  await (await meet((a) => (a['Action'] === 'Status' ? '' : undefined))).open();
  const asked = connection.action({ Action: 'Status' });
  await until(() => peer.named('Status').length === 1, 'the action arrived');
  peer.cut();
  await expect(asked).rejects.toMatchObject({
    code: 'AMI_DOWN',
    what: expect.stringContaining('closed the connection') as string,
  });
  await expect(connection.action({ Action: 'Hangup' })).rejects.toMatchObject({ code: 'AMI_DOWN' });
  expect(peer.named('Hangup')).toEqual([]);
});

it('A9: an action before the login is refused at once', async () => {
  await meet();
  connection.close('not wanted');
  await expect(connection.action({ Action: 'Hangup' })).rejects.toMatchObject({ code: 'AMI_DOWN', what: 'not wanted' });
  expect(peer.connections).toBe(0);
});

it.each(['x\r\n\r\nAction: Originate', 'x\n', 'x\r', 'x\0', 'x\u007f', 'x'.repeat(1001), 'ü'.repeat(501)])(
  'A10: a value that would be a second action, or be cut, is not sent: %j',
  async (value) => {
    await (await meet()).open();
    await expect(connection.action({ Action: 'Hangup', Channel: value })).rejects.toMatchObject({ code: 'AMI_FAILED' });
    await connection.action({ Action: 'Ping' });
    expect(peer.actions.map((action) => action['Action']?.toLowerCase())).toEqual(['login', 'ping']);
  },
);

it.each(['Chan nel', 'X\r\nY', '', 'Channel:'])('A10: nor a name like %j', async (name) => {
  await (await meet()).open();
  await expect(connection.action({ Action: 'Hangup', [name]: 'x' })).rejects.toMatchObject({ code: 'AMI_FAILED' });
});

it('A11: a Variable header, which would be split at its commas, is not sent', async () => {
  await (await meet()).open();
  await expect(connection.action({ Action: 'Redirect', Variable: 'A=1,B=2' })).rejects.toMatchObject({
    code: 'AMI_FAILED',
  });
});

it('A14: half a message before a cut does not spoil the next connection', async () => {
  await (await meet()).open();
  peer.send('Event: OriginateResponse\nActionID: 1\nResponse: Fai');
  peer.cut();
  await until(() => connection.ended.aborted, 'the end');
  await dial(peer.port).open();
  await expect(connection.action({ Action: 'Ping' })).resolves.toBeDefined();
});

it.each([
  ['a line of more than 64 KiB', 'x'.repeat(64 * 1024 + 1), 1],
  ['a line of megabytes', 'x'.repeat(65_536), 64],
  ['many lines', 'Output: x\n'.repeat(6_000), 64],
])('A15: what has no end is dropped: %s', async (_, text, times) => {
  await (await meet()).open();
  const began = performance.now();
  for (let i = 0; i < times; i++) peer.send(text);
  await until(() => connection.ended.aborted, 'the end');
  expect(reason()).toContain('a message without end');
  expect(performance.now() - began).toBeLessThan(5_000);
});

it('A15: a list without end is dropped', async () => {
  await (await meet((a) => (a['Action'] === 'PJSIPShowContacts' ? LIST + ITEM.repeat(20_001) : undefined))).open();
  await expect(contacts()).rejects.toMatchObject({
    code: 'AMI_FAILED',
    what: expect.stringContaining('more than 20000') as string,
  });
});

it('A16: a peer that accepts and says nothing is given up', async () => {
  await meet(() => '', { loginMs: 30 });
  await expect(connection.open()).rejects.toMatchObject({
    code: 'AMI_DOWN',
    what: 'Asterisk did not answer to the login within 30 ms',
  });
});

it('A16: nobody there is told with the address', async () => {
  await meet();
  await peer.close();
  await expect(connection.open()).rejects.toMatchObject({
    code: 'AMI_DOWN',
    what: expect.stringContaining('ECONNREFUSED') as string,
  });
  peer = await amiPeer();
});

it('A16: the port may be the path of a unix socket', async () => {
  await meet();
  const folder = await mkdtemp(join(tmpdir(), 'ami-'));
  const server = createServer((socket) => {
    socket.write('Asterisk Call Manager/11.0.0\r\n');
    socket.once('data', (text) =>
      socket.end(`Response: Error\r\n${/ActionID: .*/.exec(text.toString())?.[0]}\r\n\r\n`),
    );
  }).listen(join(folder, 'socket'));
  await once(server, 'listening');
  await expect(dial(join(folder, 'socket')).open()).rejects.toMatchObject({ code: 'AMI_REFUSED' });
  server.close();
  await rm(folder, { recursive: true });
});

it("A17: the caller's headers stay as they are", async () => {
  await (await meet()).open();
  const headers = { Action: 'Status', actionid: 'mine' } as const;
  await connection.action(headers);
  expect(headers).toEqual({ Action: 'Status', actionid: 'mine' });
});

it.each(['Close', 'Connect', 'End', 'Error', 'RawEvent', 'Response'])(
  'A18: an event named %s is an event',
  async (name) => {
    await (await meet()).open();
    peer.send(`Event: ${name}\nX: 1\n\n`);
    await until(() => heard.length === 2, 'the event');
    expect(heard[1]?.fields.get('event')).toBe(name);
    await expect(connection.action({ Action: 'Ping' })).resolves.toBeDefined();
  },
);

it('A19: header names that are properties of every object are harmless', async () => {
  await (await meet()).open();
  peer.send('Event: UserEvent\n__proto__: x\nConstructor: y\nValueOf: z\nX: 1\n\n');
  await until(() => heard.length === 2, 'the event');
  // Only names in lower case that every object has are lost; nothing foreign comes in their place.
  expect([...(heard[1]?.fields ?? [])].sort()).toEqual([
    ['event', 'UserEvent'],
    ['valueof', 'z'],
    ['x', '1'],
  ]);
});

it('A19: a header that comes twice is no text to be believed', async () => {
  await (await meet()).open();
  peer.send('Event: SuccessfulAuth\nRemoteAddress: a\nRemoteAddress: b\nService: PJSIP\n\n');
  await until(() => heard.length === 2, 'the event');
  expect(heard[1]?.fields.has('remoteaddress')).toBe(false);
});

it('reads the variables of a channel apart from its headers', async () => {
  await (
    await meet((a) =>
      a['Action'] === 'Status'
        ? `${OK}Event: Status\nVariable: CHANNEL(recvip)=192.0.2.1\nVariable: A=b=c\n\n`
        : undefined,
    )
  ).open();
  await connection.action({ Action: 'Status' });
  await until(() => heard.length === 2, 'the event');
  expect([...(heard[1]?.variables ?? [])]).toEqual([
    ['CHANNEL(recvip)', '192.0.2.1'],
    ['A', 'b=c'],
  ]);
});

it('survives whatever bytes come', async () => {
  await meet();
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('\n', '\n\n', ': ', 'Event', 'Response', 'Variable', 'ActionID'),
        ),
        { maxLength: 60 },
      ),
      async (parts) => {
        await dial(peer.port).open();
        peer.send(`\n\n${parts.join('')}\n\n\n\n`);
        await connection.action({ Action: 'Ping' });
        connection.close('next');
      },
    ),
    { numRuns: 60 },
  );
});
