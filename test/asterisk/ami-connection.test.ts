/** The A-numbers are the defects of asterisk-manager 0.2.0 that could reach us, each proven once against a fake peer. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { amiMeeting } from '../support/ami-meeting';
import { OK } from '../support/ami-peer';
import { until } from '../support/until';

const met = amiMeeting();
const { heard, meet, dial } = met;

it('A2: a refused login is told', async () => {
  await meet(() => 'Response: Error\nActionID: ID\nMessage: Authentication failed\n\n');
  await expect(met.connection.open()).rejects.toMatchObject({
    code: 'AMI_REFUSED',
    what: 'Asterisk refused the AMI login of "tollgate": Authentication failed',
  });
  expect(met.connection.ended.aborted).toBe(true);
});

it('A3: an action that is not answered ends in time', async () => {
  await (await meet((a) => (a['Action'] === 'Status' ? '' : undefined), { actionMs: 30 })).open();
  await expect(met.connection.action({ Action: 'Status' })).rejects.toMatchObject({
    code: 'AMI_DOWN',
    what: 'Asterisk did not answer to Status within 30 ms',
  });
  await expect(met.connection.action({ Action: 'Ping' })).resolves.toBeDefined();
});

it('A3, A4, A9: a lost connection fails what was asked and what is asked later, and sends nothing', async () => {
  await (await meet((a) => (a['Action'] === 'Status' ? '' : undefined))).open();
  const asked = met.connection.action({ Action: 'Status' });
  await until(() => met.peer.named('Status').length === 1, 'the action arrived');
  met.peer.cut();
  await expect(asked).rejects.toMatchObject({
    code: 'AMI_DOWN',
    what: expect.stringContaining('closed the connection') as string,
  });
  await expect(met.connection.action({ Action: 'Hangup' })).rejects.toMatchObject({ code: 'AMI_DOWN' });
  expect(met.peer.named('Hangup')).toEqual([]);
});

it('A9: an action before the login is refused at once', async () => {
  await meet();
  met.connection.close('not wanted');
  await expect(met.connection.action({ Action: 'Hangup' })).rejects.toMatchObject({
    code: 'AMI_DOWN',
    what: 'not wanted',
  });
  expect(met.peer.connections).toBe(0);
});

it.each(['x\r\n\r\nAction: Originate', 'x\n', 'x\r', 'x\0', 'x\u007f', 'x'.repeat(1001), 'ü'.repeat(501)])(
  'A10: a value that would be a second action, or be cut, is not sent: %j',
  async (value) => {
    await (await meet()).open();
    await expect(met.connection.action({ Action: 'Hangup', Channel: value })).rejects.toMatchObject({
      code: 'AMI_FAILED',
    });
    await met.connection.action({ Action: 'Ping' });
    expect(met.peer.actions.map((action) => action['Action']?.toLowerCase())).toEqual(['login', 'ping']);
  },
);

it.each(['Chan nel', 'X\r\nY', '', 'Channel:'])('A10: nor a name like %j', async (name) => {
  await (await meet()).open();
  await expect(met.connection.action({ Action: 'Hangup', [name]: 'x' })).rejects.toMatchObject({ code: 'AMI_FAILED' });
});

it('A11: a Variable header, which would be split at its commas, is not sent', async () => {
  await (await meet()).open();
  await expect(met.connection.action({ Action: 'Redirect', Variable: 'A=1,B=2' })).rejects.toMatchObject({
    code: 'AMI_FAILED',
  });
});

it('A14: half a message before a cut does not spoil the next connection', async () => {
  await (await meet()).open();
  met.peer.send('Event: OriginateResponse\nActionID: 1\nResponse: Fai');
  met.peer.cut();
  await until(() => met.connection.ended.aborted, 'the end');
  await dial(met.peer.port).open();
  await expect(met.connection.action({ Action: 'Ping' })).resolves.toBeDefined();
});

it.each([
  ['a line of more than 64 KiB', 'x'.repeat(64 * 1024 + 1), 1],
  ['a line of megabytes', 'x'.repeat(65_536), 64],
  ['many lines', 'Output: x\n'.repeat(6_000), 64],
])('A15: what has no end is dropped: %s', async (_, text, times) => {
  await (await meet()).open();
  const began = performance.now();
  for (let i = 0; i < times; i++) met.peer.send(text);
  await until(() => met.connection.ended.aborted, 'the end');
  expect(met.reason()).toContain('a message without end');
  expect(performance.now() - began).toBeLessThan(5_000);
});

it('A16: a peer that accepts and says nothing is given up', async () => {
  await meet(() => '', { loginMs: 30 });
  await expect(met.connection.open()).rejects.toMatchObject({
    code: 'AMI_DOWN',
    what: 'Asterisk did not answer to the login within 30 ms',
  });
});

it('A16: nobody there is told with the address', async () => {
  await meet();
  await met.peer.close();
  await expect(met.connection.open()).rejects.toMatchObject({
    code: 'AMI_DOWN',
    what: expect.stringContaining('ECONNREFUSED') as string,
  });
  await meet();
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
  await met.connection.action(headers);
  expect(headers).toEqual({ Action: 'Status', actionid: 'mine' });
});

it.each(['Close', 'Connect', 'End', 'Error', 'RawEvent', 'Response'])(
  'A18: an event named %s is an event',
  async (name) => {
    await (await meet()).open();
    met.peer.send(`Event: ${name}\nX: 1\n\n`);
    await until(() => heard.length === 2, 'the event');
    expect(heard[1]?.fields.get('event')).toBe(name);
    await expect(met.connection.action({ Action: 'Ping' })).resolves.toBeDefined();
  },
);

it('A19: header names that are properties of every object are harmless', async () => {
  await (await meet()).open();
  met.peer.send('Event: UserEvent\n__proto__: x\nConstructor: y\nValueOf: z\nX: 1\n\n');
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
  met.peer.send('Event: SuccessfulAuth\nRemoteAddress: a\nRemoteAddress: b\nService: PJSIP\n\n');
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
  await met.connection.action({ Action: 'Status' });
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
        await dial(met.peer.port).open();
        met.peer.send(`\n\n${parts.join('')}\n\n\n\n`);
        await met.connection.action({ Action: 'Ping' });
        met.connection.close('next');
      },
    ),
    { numRuns: 60 },
  );
});
