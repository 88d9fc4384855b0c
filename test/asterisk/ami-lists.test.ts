/** Lists that Asterisk answers with over AMI: gathered whole, however they are cut, smuggled into, refused or given up. */
import { amiMeeting } from '../support/ami-meeting';
import { OK } from '../support/ami-peer';
import { until } from '../support/until';

const met = amiMeeting();
const { heard, meet, dial } = met;

const LIST = 'Response: Success\nActionID: ID\nEventList: start\n\n';
const ITEM = 'Event: ContactList\nActionID: ID\nObjectName: 701;@a\n\n';
const END = 'Event: ContactListComplete\nActionID: ID\nEventList: Complete\n\n';
const contacts = () => met.connection.list({ Action: 'PJSIPShowContacts' }, 'ContactListComplete');

it('gathers a list that comes byte by byte', async () => {
  await (
    await meet(
      (a) => (a['Action'] === 'PJSIPShowContacts' ? LIST + ITEM + ITEM + END : undefined),
      {},
      { byteWise: true },
    )
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
    await meet((a) => (a['Action'] === 'Status' ? answer : undefined), {}, packets);
    for (packets.cut = 1; packets.cut < length; packets.cut += 1) {
      heard.length = 0;
      await dial(met.peer.port).open();
      const listed = await met.connection.list({ Action: 'Status' }, 'StatusComplete');
      const items = listed.kind === 'items' ? listed.items : [];
      const ours = ['SIP/a-1', 'SIP/c-1'].map((name) => items.some(({ fields }) => fields.get('channel') === name));
      expect([packets.cut, ...ours]).toEqual([packets.cut, true, true]);
      const last = items.findIndex(({ fields }) => fields.get('channel') === 'SIP/c-1') - 1;
      expect(items[last]?.variables.get('CHANNEL(recvip)')).toBe('192.0.2.1');
      expect(heard.map(({ fields }) => fields.get('event'))).toEqual(['FullyBooted']);
      met.connection.close('next');
    }
  },
  60_000,
);

it('takes a line feed alone for no end of a line, also where a list is cut in pieces', async () => {
  const text = '1\\n\\nEvent: StatusComplete\\nActionID: x\\n\\nResponse: Follows\\n'.replaceAll('\\n', '\v');
  const answer = LIST + called(text, 'SIP/a-1') + CALLS_END;
  await (await meet((a) => (a['Action'] === 'Status' ? answer : undefined))).open();
  const listed = await met.connection.list({ Action: 'Status' }, 'StatusComplete');
  expect(listed.kind === 'items' && listed.items.map(({ fields }) => fields.get('calleridnum'))).toEqual([
    '1  Event: StatusComplete ActionID: x  Response: Follows ',
  ]);
});

it('hears events again when a list is over, or was never whole', async () => {
  const half = LIST + ITEM;
  await (await meet((a) => (a['Action'] === 'PJSIPShowContacts' ? half : undefined), { listMs: 30 })).open();
  await expect(contacts()).rejects.toMatchObject({ code: 'AMI_DOWN' });
  met.peer.send('Event: ContactStatus\n\n');
  await until(() => heard.length === 2, 'the event');
});

it('hears the same wherever the bytes are cut: a refused login, events with names that mean something, a list', async () => {
  const login = 'Event: FullyBooted\n\nEvent: Close\nName: Zoë 日本\n__proto__: x\nConstructor: y\n\n';
  const packets: { cut: number } = { cut: 0 };
  let refused = false;
  await meet(
    (a) => {
      if (a['Action'] === 'PJSIPShowContacts') return LIST + ITEM + ITEM + END;
      if (a['Action'] !== 'login') return undefined;
      return refused ? 'Response: Error\nActionID: ID\nMessage: Authentication failed\n\n' : OK + login;
    },
    {},
    packets,
  );
  for (packets.cut = 1; packets.cut < 230; packets.cut++) {
    heard.length = 0;
    refused = true;
    await expect(dial(met.peer.port).open()).rejects.toMatchObject({ code: 'AMI_REFUSED' });
    refused = false;
    await dial(met.peer.port).open();
    const listed = await contacts();
    expect([packets.cut, listed.kind === 'items' && listed.items.length]).toEqual([packets.cut, 2]);
    expect(heard.map(({ fields }) => [...fields])).toEqual([
      [['event', 'FullyBooted']],
      [
        ['event', 'Close'],
        ['name', 'Zoë 日本'],
      ],
    ]);
    met.connection.close('next');
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
  const id = met.peer.named('PJSIPShowContacts')[0]?.['ActionID'];
  met.peer.send(`Event: ContactList\nActionID: ${id}\n\nEvent: OriginateResponse\nActionID: 1\nResponse: Failure\n\n`);
  await until(() => heard.length > 1, 'the other event');
  expect(heard.map(({ fields }) => fields.get('event'))).toEqual(['FullyBooted', 'OriginateResponse']);
});

it('A15: a list without end is dropped', async () => {
  await (await meet((a) => (a['Action'] === 'PJSIPShowContacts' ? LIST + ITEM.repeat(20_001) : undefined))).open();
  await expect(contacts()).rejects.toMatchObject({
    code: 'AMI_FAILED',
    what: expect.stringContaining('more than 20000') as string,
  });
});
