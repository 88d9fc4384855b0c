import { randomBytes } from 'node:crypto';
import { openPhones } from '../../src/asterisk/phones';
import { clock } from '../../src/clock';
import { amiPeer } from '../support/ami-peer';
import { until } from '../support/until';

const list = (event: string, complete: string, item: string) =>
  `Response: Success\nActionID: ID\nEventList: start\n\n${item && `Event: ${event}\nActionID: ID\n${item}\n\n`}` +
  `Event: ${complete}\nActionID: ID\nEventList: Complete\n\n`;

it('a phone that registers while Asterisk is asked is taken for no trunk, whatever it writes into its contact', async () => {
  let asked = 0;
  const peer = await amiPeer(({ Action }) => {
    // It is there from the second question on.
    if (Action === 'PJSIPShowContacts')
      return list(
        'ContactList',
        'ContactListComplete',
        asked++ === 0 ? '' : 'ObjectName: 701;@a\nUri: sip:701@198.51.100.66\nCallId: a\nEndpoint: 701',
      );
    if (Action === 'PJSIPShowEndpoints')
      return list(
        'EndpointList',
        'EndpointListComplete',
        asked++ === 0 ? '' : 'ObjectName: 701\nContacts: 701/sip:701@198.51.100.66,',
      );
    return undefined;
  });
  const unused = () => Promise.reject(new Error('not asked'));
  const phones = openPhones({
    ami: { host: '127.0.0.1', port: peer.port, user: 'tollgate', secret: 'p' },
    listening: { iaxPort: 4569, rtp: { protocol: 'udp', first: 10000, last: 20000 } },
    proc: { read: unused, list: unused, link: unused },
    ...{ clock, random: randomBytes, log: () => undefined },
  });
  phones.start();
  await until(() => phones.state.state === 'up', 'the login');
  const settings = (await phones.known()).mentions.map(({ of, setting }) => `${of}: ${setting}`);
  await phones.stop();
  await peer.close();
  expect(settings).not.toContain('endpoint 701: contact');
});
