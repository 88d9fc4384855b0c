import { randomBytes } from 'node:crypto';
import { openPhones, type Asterisk } from '../../src/asterisk/phones';
import type { ProcFiles } from '../../src/asterisk/listening';
import { clock } from '../../src/clock';
import type { Proof } from '../../src/domain/phones';
import { parseNetwork, type Network } from '../../src/domain/network';
import { amiPeer, commands, type AmiPeer, type Answers, type Sent } from '../support/ami-peer';
import { until } from '../support/until';

let peer: AmiPeer;
let phones: Asterisk;
let logged: unknown[];
/** Every try draws its jitter. */
let drawn = 0;

const NO_PROC: ProcFiles = {
  read: () => Promise.reject(new Error('not asked')),
  list: () => Promise.reject(new Error('not asked')),
  link: () => Promise.reject(new Error('not asked')),
};
const ABLE = ['Status', 'Hangup', 'DBGet', 'DBPut', 'DBDel', 'PJSIPShowContacts', 'PJSIPShowEndpoints'];

async function meet(answers: Answers = () => undefined, proc = NO_PROC): Promise<void> {
  peer = await amiPeer(answers);
  logged = [];
  phones = openPhones({
    ami: {
      host: '127.0.0.1',
      port: peer.port,
      user: 'tollgate',
      secret: 'p',
      patience: { retryMs: 10, longestRetryMs: 20 },
    },
    listening: { iaxPort: 4569, rtp: { protocol: 'udp', first: 10000, last: 20000 } },
    proc,
    clock,
    random: (size) => {
      drawn++;
      return randomBytes(size);
    },
    log: (event, fields) => logged.push({ event, ...fields }),
  });
  phones.start();
  await until(() => ['up', 'reduced'].includes(phones.state.state), 'up');
}
afterEach(async () => {
  await phones.stop();
  await peer.close();
});

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (!parsed) throw new Error(text);
  return parsed;
}
/** The answer to a list action: each item its lines, `event` in front. */
function list(event: string, complete: string, items: readonly string[]): string {
  const frames = items.map((item) => `Event: ${event}\nActionID: ID\n${item}\n\n`).join('');
  return `Response: Success\nActionID: ID\nEventList: start\n\n${frames}Event: ${complete}\nActionID: ID\nEventList: Complete\n\n`;
}
const proof = (extension: string, address: string, call: string) =>
  `Event: SuccessfulAuth\nService: PJSIP\nAccountID: ${extension}\nSessionID: ${call}\nRemoteAddress: IPV4/UDP/${address}/5060\nUsingPassword: 1\n\n`;
const contact = (extension: string, uri: string, call: string, expires = '99999999999') =>
  `ObjectName: ${extension};@hash${call}\nUri: ${uri}\nCallId: ${call}\nEndpoint: ${extension}\nExpirationTime: ${expires}`;
const contacts = (...items: string[]) => list('ContactList', 'ContactListComplete', items);

describe('peers', () => {
  it('are those of every driver that is loaded; the others are not asked', async () => {
    const answers: Readonly<Record<string, string>> = {
      ListCommands: commands(...ABLE, 'PJSIPShowRegistrationsOutbound', 'GetConfig', 'IAXpeerlist', 'SIPpeers'),
      PJSIPShowContacts: contacts(
        contact('701', 'sip:701@192.0.2.1:5060', 'a'),
        contact('702', 'sip:702@10.9.8.7:5060', 'b'),
        contact('703', 'sip:703@192.0.2.3', 'c', '1'),
      ),
      PJSIPShowEndpoints: list('EndpointList', 'EndpointListComplete', [
        'ObjectName: 701\nContacts: 701/sip:701@192.0.2.1:5060,evil/sip:198.51.100.66,',
        'ObjectName: 704\nContacts: ',
        'ObjectName: carrier\nContacts: carrier/sip:198.51.100.9:5060,carrier/sip:[2001:db8::9],carrier/sip:sip.example.com,',
      ]),
      'type=^identify$':
        'Response: Success\nActionID: ID\nCategory-000000: match\nLine-000000-000000: endpoint=carrier\n' +
        'Line-000000-000001: match=203.0.113.20, calls.example.com,203.0.113.32/28,!203.0.113.33\n' +
        'Line-000000-000002: match=sip.example.com ; and so on\n\n',
      'type=^registration$':
        'Response: Success\nActionID: ID\nCategory-000000: provider\nLine-000000-000000: type=registration\n' +
        'Line-000000-000001: server_uri=sip:sip.example.com\nLine-000000-000002: outbound_auth=pauth\n' +
        'Category-000001: numbered\nLine-000001-000000: server_uri=sip:198.51.100.30:5070\n\n',
      IAXpeerlist: list('PeerEntry', 'PeerlistComplete', [
        'Channeltype: IAX\nObjectName: iaxphone\nIPaddress: (null)\nDynamic: yes',
        'Channeltype: IAX\nObjectName: iaxtrunk\nIPaddress: 203.0.113.50\nDynamic: no',
        'Channeltype: IAX\nObjectName: notfound\nIPaddress: (null)\nDynamic: no',
      ]),
      SIPpeers: list('PeerEntry', 'PeerlistComplete', [
        'Channeltype: SIP\nObjectName: 201\nIPaddress: 203.0.113.51\nDynamic: yes',
        'Channeltype: SIP\nObjectName: 202\nIPaddress: -none-\nDynamic: yes',
      ]),
    };
    await meet((a) => answers[a['Filter'] ?? a['Action'] ?? '']);
    peer.send(proof('702', '192.0.2.2', 'b') + proof('701', '192.0.2.99', 'b'));
    await phones.peers();
    expect(await phones.peers()).toEqual([
      { name: '701', channel: 'PJSIP', address: '192.0.2.1', kind: 'phone' },
      { name: '702', channel: 'PJSIP', address: '192.0.2.2', kind: 'phone' },
      { name: 'carrier', channel: 'PJSIP', address: '198.51.100.9', kind: 'trunk' },
      { name: 'carrier', channel: 'PJSIP', address: '2001:db8::9', kind: 'trunk' },
      { name: 'carrier', channel: 'PJSIP', address: undefined, host: 'sip.example.com', kind: 'trunk' },
      { name: 'provider', channel: 'PJSIP', address: undefined, host: 'sip.example.com', kind: 'trunk' },
      { name: 'numbered', channel: 'PJSIP', address: '198.51.100.30', kind: 'trunk' },
      { name: 'carrier', channel: 'PJSIP', address: '203.0.113.20', kind: 'trunk' },
      { name: 'carrier', channel: 'PJSIP', address: undefined, host: 'calls.example.com', kind: 'trunk' },
      { name: 'carrier', channel: 'PJSIP', address: '203.0.113.32/28', kind: 'trunk' },
      { name: 'iaxtrunk', channel: 'IAX2', address: '203.0.113.50', kind: 'trunk' },
      { name: 'notfound', channel: 'IAX2', address: undefined, kind: 'trunk' },
      { name: '201', channel: 'SIP', address: '203.0.113.51', kind: 'phone' },
    ]);
    for (const action of ['PJSIPShowEndpoint', 'PJSIPShowRegistrationsOutbound', 'SIPshowpeer'])
      expect(peer.named(action)).toEqual([]);
    for (const { Filter } of peer.named('GetConfig')) expect(Filter).toMatch(/^type=\^(registration|identify)\$$/);
  });

  it('are none where no driver is loaded, and no unknown action is sent', async () => {
    await meet((a) =>
      a['Action'] === 'ListCommands' ? commands('Status', 'Hangup', 'DBGet', 'DBPut', 'DBDel') : undefined,
    );
    expect(await phones.peers()).toEqual([]);
    expect(new Set(peer.actions.map((a) => a['Action']))).toEqual(
      new Set(['login', 'Filter', 'Events', 'ListCommands']),
    );
  });
});

describe('the addresses that Asterisk gives out as its own', () => {
  const sections =
    'Response: Success\nActionID: ID\nCategory-000000: udp\nLine-000000-000000: external_media_address=203.0.113.8\n' +
    'Line-000000-000001: external_signaling_address=192.0.2.1\nLine-000000-000002: external_signaling_address=203.0.113.7\n' +
    'Category-000001: other\u001b\nLine-000001-000000: external_signaling_address=203.0.113.7\n' +
    'Line-000001-000001: external_media_address=pbx.example.com\n\n';
  const meetWith = (...more: string[]) =>
    meet((a) =>
      a['Action'] === 'ListCommands' ? commands(...ABLE, ...more) : a['Action'] === 'GetConfig' ? sections : undefined,
    );

  it('are read from its transports of UDP, each once, and names are left out', async () => {
    await meetWith('GetConfig');
    expect(await phones.outsideAddresses()).toEqual([
      { address: '203.0.113.7', from: "Asterisk's transport udp (external_signaling_address)" },
      { address: '203.0.113.8', from: "Asterisk's transport udp (external_media_address)" },
    ]);
    for (const { Filter } of peer.named('GetConfig')) expect(Filter).toBe('type=^transport$,protocol=^udp$');
  });

  it('are not known where they may not be read', async () => {
    await meetWith();
    expect(await phones.outsideAddresses()).toEqual([]);
    expect(peer.named('GetConfig')).toEqual([]);
  });
});

describe('the ports of its transports', () => {
  const section = (name: string, bind: string) =>
    `Response: Success\nActionID: ID\nCategory-000000: ${name}\nLine-000000-000000: bind=${bind}\n\n`;
  const ofProtocol: Readonly<Record<string, string>> = {
    'type=^transport$,protocol=^udp$': section('udp', '0.0.0.0:80'),
    'type=^transport$,protocol=^tcp$': section('tcp', '[::]:443'),
  };
  /** Of Asterisk's user: udp/80, tcp/80, tcp/443. */
  const proc: ProcFiles = {
    read: (path) =>
      Promise.resolve(
        {
          '/proc/net/udp': '0: 00000000:0050 00000000:0000 07 0:0 0:0 0 101 0 1 2 0 0\n',
          '/proc/net/tcp': '0: 00000000:0050 00000000:0000 0A 0:0 0:0 0 101 0 2 2 0 0\n',
          '/proc/net/tcp6': `0: ${'0'.repeat(32)}:01BB ${'0'.repeat(32)}:0000 0A 0:0 0:0 0 101 0 3 2 0 0\n`,
          '/proc/101/status': 'Name:\tasterisk\nUid:\t101\t101\t101\t101\n',
        }[path] ?? '',
      ),
    list: (path) =>
      path === '/proc' ? Promise.resolve(['101']) : Promise.reject(Object.assign(new Error(path), { code: 'EACCES' })),
    link: () => Promise.reject(new Error('not asked')),
  };
  const port = (protocol: string, number: number) => ({ protocol, first: number, last: number });

  it('are signalling wherever they are, and no section of TLS is asked for, which may hold a password', async () => {
    const able = commands(...ABLE, 'GetConfig');
    await meet((a) => (a['Action'] === 'ListCommands' ? able : ofProtocol[a['Filter'] ?? '']), proc);
    expect((await phones.listeningPorts()).sip).toEqual([port('udp', 80), port('tcp', 443)]);
    expect(peer.named('GetConfig').map(({ Filter }) => Filter)).toEqual(Object.keys(ofProtocol));
  });

  it('are not known where they may not be read, and the sockets tell alone', async () => {
    await meet((a) => (a['Action'] === 'ListCommands' ? commands(...ABLE) : undefined), proc);
    expect((await phones.listeningPorts()).sip).toEqual([port('udp', 80)]);
  });
});

describe('endpoints without rtp_keepalive', () => {
  const NONE = 'Response: Error\nActionID: ID\nMessage: No categories found\n\n';
  const lines: Readonly<Record<string, string>> = {
    silent: '',
    off: 'Line-000000-000001: rtp_keepalive=0\n',
    keeping: 'Line-000000-000001: rtp_keepalive=0\nLine-000000-000002: rtp_keepalive=5\n',
  };
  /** As Asterisk does: by the name it is asked for. */
  const section = (name = '') =>
    lines[name] === undefined
      ? NONE
      : `Response: Success\nActionID: ID\nCategory-000000: ${name}\nLine-000000-000000: type=endpoint\n${lines[name]}\n`;

  it('are read from pjsip.conf, of which the last word counts', async () => {
    const can = commands('Status', 'Hangup', 'DBGet', 'DBPut', 'DBDel', 'GetConfig');
    await meet((a) =>
      a['Action'] === 'ListCommands' ? can : a['Action'] === 'GetConfig' ? section(a['Category']) : undefined,
    );
    const asked = ['silent', 'off', 'keeping', 'in another file', 'x\r\nAction: Originate'];
    expect(await phones.waitingForMedia(asked)).toEqual(['silent', 'off']);
    for (const { Filter } of peer.named('GetConfig')) expect(Filter).toBe('type=^endpoint$');
  });

  it('are not known where it may not be read', async () => {
    await meet((a) => (a['Action'] === 'ListCommands' ? commands(...ABLE) : undefined));
    expect(await phones.waitingForMedia(['silent'])).toEqual([]);
    expect(peer.named('GetConfig')).toEqual([]);
  });
});

describe('what Asterisk knows', () => {
  const sections: Readonly<Record<string, string>> = {
    'type=^identify$':
      'Category-000000: two\nTemplates-000000: base\nLine-000000-000000: type=identify\nLine-000000-000001: endpoint=carrier\n' +
      'Line-000000-000002: match=198.51.100.20, sip.example.com\nLine-000000-000003: match=2001:db8:9::/48\n',
    'type=^registration$':
      'Category-000000: provider\nLine-000000-000000: server_uri=sip:sip2.example.com:5062;transport=tcp\n' +
      'Line-000000-000001: client_uri=sip:me@example.com\nLine-000000-000002: outbound_auth=pauth\n',
    'type=^endpoint$,outbound_proxy=.': 'Message: No categories found\n',
  };
  const lists: Readonly<Record<string, string>> = {
    PJSIPShowContacts: contacts(contact('701', 'sip:701@10.9.8.7:5060', 'a')),
    PJSIPShowEndpoints: list('EndpointList', 'EndpointListComplete', [
      'ObjectName: 701\nContacts: 701/sip:701@10.9.8.7:5060,evil/sip:198.51.100.66,',
      'ObjectName: carrier\nContacts: carrier/sip:198.51.100.9:5060,carrier/sip:sip.example.com,',
    ]),
    PJSIPShowAors: list('AorList', 'AorListComplete', [
      'ObjectName: 701\nOutboundProxy: ',
      'ObjectName: carrier\nOutboundProxy: sip:proxy.example.com;lr',
    ]),
    IAXpeerlist: list('PeerEntry', 'PeerlistComplete', [
      'ObjectName: iaxphone\nIPaddress: (null)\nDynamic: yes',
      'ObjectName: iaxtrunk\nIPaddress: 203.0.113.50\nDynamic: no',
    ]),
    IAXregistry: list('RegistryEntry', 'RegistrationsComplete', ['Host: [2001:db8::4]:4569\nUsername: me']),
    SIPpeers: list('PeerEntry', 'PeerlistComplete', ['ObjectName: 201\nIPaddress: 203.0.113.51\nDynamic: yes']),
    SIPshowregistry: list('RegistryEntry', 'RegistrationsComplete', ['Host: sip.example.org\nUsername: me']),
  };
  const answering = (actions: readonly string[]) => (a: Sent) => {
    if (a['Action'] === 'ListCommands') return commands(...new Set([...ABLE, ...actions]));
    if (a['Action'] !== 'GetConfig') return lists[a['Action'] ?? ''];
    return `Response: Success\nActionID: ID\n${sections[a['Filter'] ?? ''] ?? ''}\n`;
  };
  const summary = async () =>
    (await phones.known()).mentions.map(({ of, setting, value, speaks }) => `${speaks} ${of}, ${setting}: ${value}`);

  it('is gathered from its settings and lists', async () => {
    await meet(answering([...Object.keys(lists), 'GetConfig']));
    peer.send(proof('701', '192.0.2.1', 'a'));
    await phones.peers();
    expect(await summary()).toEqual([
      'sip endpoint carrier, match: 198.51.100.20, sip.example.com',
      'sip endpoint carrier, match: 2001:db8:9::/48',
      'sip registration provider, server_uri: sip:sip2.example.com:5062;transport=tcp',
      'sip registration provider, client_uri: sip:me@example.com',
      'sip endpoint carrier, contact: sip:198.51.100.9:5060',
      'sip endpoint carrier, contact: sip:sip.example.com',
      'sip aor carrier, outbound_proxy: sip:proxy.example.com;lr',
      'sip phone 701, registered from there: 192.0.2.1',
      'iax IAX peer iaxtrunk, host: 203.0.113.50',
      'iax IAX registration of me, host: [2001:db8::4]:4569',
      'sip SIP peer 201, registered from there: 203.0.113.51',
      'sip SIP registration of me, host: sip.example.org',
    ]);
    expect((await phones.known()).leftOut).toEqual([]);
  });

  it('is asked for without any action that prints a password', async () => {
    await meet(answering([...Object.keys(lists), 'GetConfig', 'PJSIPShowEndpoint', 'PJSIPShowAuths']));
    await phones.known();
    const sent = new Set(peer.actions.map((a) => a['Action']));
    for (const action of ['PJSIPShowEndpoint', 'PJSIPShowAuths', 'PJSIPShowRegistrationsOutbound', 'SIPshowpeer'])
      expect(sent).not.toContain(action);
    for (const { Filter } of peer.named('GetConfig'))
      expect(Filter).toMatch(/^type=\^(identify|registration|endpoint)\$/);
  });

  it('without GetConfig says what is missing', async () => {
    await meet(answering(['PJSIPShowAors']));
    expect(await phones.known()).toMatchObject({
      mentions: expect.not.arrayContaining([expect.objectContaining({ setting: 'match' })]) as unknown,
      leftOut: [{ of: 'pjsip.conf', why: expect.stringContaining('GetConfig') as string }],
    });
  });

  it('is nothing where there is no pjsip.conf, and a fault where it cannot be read', async () => {
    let why = 'Config file not found';
    await meet((a) => {
      if (a['Action'] === 'ListCommands') return commands('Status', 'Hangup', 'DBGet', 'DBPut', 'DBDel', 'GetConfig');
      return a['Action'] === 'GetConfig' ? `Response: Error\nActionID: ID\nMessage: ${why}\n\n` : undefined;
    });
    expect(await phones.known()).toEqual({ mentions: [], leftOut: [] });
    why = 'Config file has invalid format';
    await expect(phones.known()).rejects.toMatchObject({ code: 'AMI_FAILED' });
  });
});

describe('hanging up', () => {
  const CHANNELS: Readonly<Record<string, readonly [type: string, variables: Readonly<Record<string, string>>]>> = {
    'PJSIP/701-1': ['PJSIP', { 'CHANNEL(pjsip,remote_addr)': '192.0.2.1:5060' }],
    'PJSIP/701-2': [
      'PJSIP',
      { 'CHANNEL(pjsip,remote_addr)': '[2001:db8::1]:5060', 'CHANNEL(pjsip,target_uri)': 'sip:192.0.2.1' },
    ],
    'PJSIP/702-3': [
      'PJSIP',
      { 'CHANNEL(pjsip,remote_addr)': '', 'CHANNEL(pjsip,target_uri)': 'sip:702@10.9.8.7:5060;ob' },
    ],
    'PJSIP/703-4': [
      'PJSIP',
      { 'CHANNEL(pjsip,remote_addr)': '', 'CHANNEL(pjsip,target_uri)': 'sip:703@192.0.2.1:5062' },
    ],
    'SIP/201-5': ['SIP', { 'CHANNEL(recvip)': '192.0.2.1', 'CHANNEL(peerip)': '' }],
    'IAX2/t-6': ['IAX2', { 'IAXPEER(CURRENTCHANNEL)': '192.0.2.1' }],
    'IAX2/t-7': ['IAX2', { 'IAXPEER(CURRENTCHANNEL)': '192.0.2.9' }],
    'Local/1@x-8;1': ['Local', {}],
    'PJSIP/gone-9': ['PJSIP', {}],
  };
  const answers = (a: Sent): string | undefined => {
    const name = a['Channel'] ?? '';
    if (a['Action'] === 'PJSIPShowContacts') return contacts(contact('702', 'sip:702@10.9.8.7:5060', 'b'));
    if (name === 'PJSIP/gone-9') return 'Response: Error\nActionID: ID\nMessage: No such channel\n\n';
    if (a['Action'] !== 'Status') return undefined;
    const asked = Object.entries(CHANNELS).filter(([each]) => name === '' || each === name);
    const lines = asked.map(([each, [type, variables]]) => {
      const wanted = (a['Variables'] ?? '').match(/[A-Z]+\([^)]*\)/g) ?? [];
      return [`Channel: ${each}`, `Type: ${type}`, ...wanted.map((v) => `Variable: ${v}=${variables[v] ?? ''}`)].join(
        '\n',
      );
    });
    return list('Status', 'StatusComplete', lines);
  };

  it('reaches the channel of a caller whose number cuts what is told of it, and not the one that he names', async () => {
    await meet((a) => {
      const name = a['Channel'];
      if (a['Action'] !== 'Status' || (name !== undefined && name !== 'SIP/201-5')) return answers(a);
      const variable = name === undefined ? '' : 'Variable: CHANNEL(recvip)=192.0.2.1\n';
      const forged = 'Event: Status\nChannel: IAX2/t-7\nUniqueid: 7\nType: SIP\nVariable: CHANNEL(recvip)=192.0.2.1\n';
      const item = `Event: Status\nChannel: SIP/201-5\nCallerIDNum: 1\n\n${forged}\n${forged}${variable}ActionID: ID\n\n`;
      const others = name === undefined ? (answers(a) ?? '').replace(/^[^]*?\n\n/, '') : '';
      return `Response: Success\nActionID: ID\nEventList: start\n\n${item}${others || 'Event: StatusComplete\nActionID: ID\n\n'}`;
    });
    expect(await phones.hangUp(network('192.0.2.1'))).toEqual(expect.arrayContaining(['SIP/201-5', 'PJSIP/701-1']));
    expect(peer.named('Hangup').map((a) => a['Channel'])).not.toContain('IAX2/t-7');
  });

  it('reaches every kind of channel of that address, in both directions, and no other', async () => {
    await meet(answers);
    peer.send(proof('702', '192.0.2.1', 'b'));
    const hungUp = await phones.hangUp(network('192.0.2.1'));
    expect(hungUp).toEqual(['PJSIP/701-1', 'PJSIP/702-3', 'PJSIP/703-4', 'SIP/201-5', 'IAX2/t-6']);
    expect(peer.named('Hangup').map((a) => a['Channel'])).toEqual(expect.arrayContaining([...hungUp]));
    expect(peer.named('Hangup')).toHaveLength(5);
  });

  it('asked only who calls, hangs up nothing', async () => {
    await meet(answers);
    expect(await phones.callsFrom(network('192.0.2.1'))).toEqual([
      'PJSIP/701-1',
      'PJSIP/703-4',
      'SIP/201-5',
      'IAX2/t-6',
    ]);
    expect(peer.named('Hangup')).toEqual([]);
  });

  it('still knows from where a call is when its contact has been forgotten, as long as it is up', async () => {
    const up = new Set(['PJSIP/702-3']);
    let isForgotten = false;
    await meet((a) => {
      if (a['Action'] === 'PJSIPShowContacts' && isForgotten) return contacts();
      const answer = answers(a);
      if (a['Action'] !== 'Status' || a['Channel'] !== undefined) return answer;
      const named = [...up].map((name) => `Channel: ${name}\nType: PJSIP\nUniqueid: 17.${name}`);
      return list('Status', 'StatusComplete', named);
    });
    peer.send(proof('702', '192.0.2.1', 'b'));
    expect(await phones.callsFrom(network('192.0.2.1'))).toEqual(['PJSIP/702-3']);
    isForgotten = true;
    expect(await phones.callsFrom(network('192.0.2.1'))).toEqual(['PJSIP/702-3']);
    expect(await phones.hangUp(network('192.0.2.1'))).toEqual(['PJSIP/702-3']);
    up.clear();
    expect(await phones.callsFrom(network('192.0.2.1'))).toEqual([]);
    up.add('PJSIP/702-3');
    expect(await phones.callsFrom(network('192.0.2.1'))).toEqual([]);
  });

  it('takes a network, and IPv6', async () => {
    await meet(answers);
    expect(await phones.hangUp(network('2001:db8::/64'))).toEqual(['PJSIP/701-2']);
    expect(await phones.hangUp(network('198.51.100.0/24'))).toEqual([]);
  });

  it('asks no channel for what does not fit its kind: Asterisk would log a warning each time', async () => {
    await meet(answers);
    await phones.hangUp(network('198.51.100.1'));
    expect(peer.named('Status').find((a) => a['Channel'] === 'IAX2/t-6')?.['Variables']).toBe(
      'IAXPEER(CURRENTCHANNEL)',
    );
    expect(peer.named('Status').some((a) => a['Channel']?.startsWith('Local/'))).toBe(false);
  });
});

describe('forgetting contacts', () => {
  const record = '{"uri":"sip:701@192.0.2.1","expiration_time":"1795347122","path":""}';
  const meetWith = (val: string) =>
    meet((a) => {
      if (a['Action'] === 'PJSIPShowContacts')
        return contacts(contact('701', 'sip:701@192.0.2.1', 'a'), contact('701', 'sip:701@192.0.2.2', 'b'));
      if (a['Action'] === 'DBGet') return list('DBGetResponse', 'DBGetComplete', [`Val: ${val}`]);
      return a['Action'] === 'PJSIPShowEndpoints' ? list('EndpointList', 'EndpointListComplete', []) : undefined;
    });

  it("lets Asterisk's own registrar remove those of that address, so that it stops asking after them", async () => {
    await meetWith(record);
    expect(await phones.forgetContacts(network('192.0.2.1'))).toEqual(['701;@hasha']);
    expect(peer.named('DBPut')).toMatchObject([
      { Family: 'registrar/contact', Key: '701;@hasha', Val: record.replace('1795347122', '1') },
    ]);
    expect(peer.named('PJSIPShowEndpoints')).toHaveLength(1);
    expect(peer.named('DBDel')).toEqual([]);
  });

  it.each(['not json', '[]', '{"uri":"x"}', record.replace('"path":""', `"path":"${'x'.repeat(1_000)}"`)])(
    'deletes a record that it cannot write anew: %.20s',
    async (val) => {
      await meetWith(val);
      expect(await phones.forgetContacts(network('192.0.2.0/31'))).toEqual(['701;@hasha']);
      expect(peer.named('DBDel')).toMatchObject([{ Family: 'registrar/contact', Key: '701;@hasha' }]);
    },
  );

  it('asks nothing more when nobody registered from there', async () => {
    await meetWith(record);
    expect(await phones.forgetContacts(network('198.51.100.0/24'))).toEqual([]);
    expect(peer.named('PJSIPShowEndpoints')).toEqual([]);
  });
});

describe('the state', () => {
  it('is reduced when the user may write nothing, and what cannot be done says so', async () => {
    await meet((a) => (a['Action'] === 'ListCommands' ? commands('Ping', 'Events') : undefined));
    expect(phones.state).toMatchObject({ state: 'reduced', detail: expect.stringContaining('write=system') as string });
    for (const work of [
      phones.peers(),
      phones.hangUp(network('192.0.2.1')),
      phones.forgetContacts(network('192.0.2.1')),
    ])
      await expect(work).rejects.toMatchObject({ code: 'AMI_REFUSED' });
    const proofs: Proof[] = [];
    phones.onProof((each) => proofs.push(each));
    peer.send(proof('701', '192.0.2.1', 'a'));
    await until(() => proofs.length === 1, 'a proof');
    expect(proofs).toEqual([{ extension: '701', address: '192.0.2.1' }]);
  });

  it('is down with the reason, in one line of the log, however often it is tried', async () => {
    await meet();
    const { port } = peer;
    await peer.close();
    await until(() => phones.state.detail.includes('ECONNREFUSED'), 'down');
    const tried = drawn;
    await until(() => drawn > tried + 10, 'ten more tries');
    expect(logged).toEqual([
      { event: 'asterisk', state: 'up', detail: 'connected' },
      { event: 'asterisk', state: 'down', detail: `Asterisk at 127.0.0.1:${port} closed the connection` },
      { event: 'asterisk', state: 'down', detail: expect.stringContaining('ECONNREFUSED') as string },
    ]);
    await expect(phones.hangUp(network('192.0.2.1'))).rejects.toMatchObject({ code: 'AMI_DOWN' });
    peer = await amiPeer();
  });

  it('is off when no AMI user is configured', async () => {
    await meet();
    const off = openPhones({
      ami: undefined,
      listening: { iaxPort: 4569, rtp: { protocol: 'udp', first: 10000, last: 20000 } },
      proc: NO_PROC,
      clock,
      random: randomBytes,
      log: () => undefined,
    });
    off.start();
    expect(off.state.state).toBe('off');
    await expect(off.peers()).rejects.toMatchObject({
      code: 'AMI_DOWN',
      hint: expect.stringContaining('tollgate init') as string,
    });
    await off.stop();
  });

  it('is told to whoever listens, until he no longer does', async () => {
    await meet();
    const [heard, proofs]: [string[], Proof[]] = [[], []];
    const ends = [phones.onState(({ state }) => heard.push(state)), phones.onProof((each) => proofs.push(each))];
    peer.cut();
    await until(() => heard.includes('up'), 'up again');
    expect(heard).toEqual(['down', 'up']);
    ends.forEach((end) => end());
    const still: Proof[] = [];
    phones.onProof((each) => still.push(each));
    peer.send(proof('701', '192.0.2.1', 'a'));
    await until(() => still.length === 1, 'a proof for those who still listen');
    expect(proofs).toEqual([]);
  });
});
