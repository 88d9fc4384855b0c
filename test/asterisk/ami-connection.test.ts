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
  ['one line', 'x'.repeat(65_536)],
  ['many lines', 'Output: x\n'.repeat(6_000)],
  ['an old command output', `Response: Follows\n${'x\n\n'.repeat(3_000)}`],
])('A15: megabytes without an end are dropped: %s', async (_, text) => {
  await (await meet()).open();
  const began = performance.now();
  for (let i = 0; i < 64; i++) peer.send(text);
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
    socket.once('data', (text) => socket.end(`Response: Error\r\n${/ActionID: .*/.exec(text.toString())?.[0]}\n\r\n`));
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
