import fc from 'fast-check';
import { farEndsOf, type Form, type Mention } from '../../src/domain/far-ends';
import { parseHostName } from '../../src/domain/host-name';
import { parseNetwork, prefixOf } from '../../src/domain/network';

const mention = (form: Form, value: string, more: Partial<Mention> = {}): Mention => ({
  ...{ of: 'trunk 3 "callcentric"', setting: 'match', form, value, speaks: 'sip', ...more },
});
const whats = (form: Form, value: string) => farEndsOf([mention(form, value)]).found.map(({ what }) => what);

describe('a setting', () => {
  it.each<[Form, string, string[]]>([
    ['hosts', '192.0.2.1', ['192.0.2.1']],
    ['hosts', ' 192.0.2.1:5080 ', ['192.0.2.1']],
    ['hosts', '192.0.2.77/24', ['192.0.2.0/24']],
    ['hosts', '192.0.2.0/255.255.255.128', ['192.0.2.0/25']],
    ['hosts', '192.0.2.1/255.255.255.255', ['192.0.2.1']],
    ['hosts', '192.0.2.1,192.0.2.2 , 198.51.100.0/24', ['192.0.2.1', '192.0.2.2', '198.51.100.0/24']],
    ['hosts', '192.0.2.1\r\n192.0.2.2\nSip.Example.com.', ['192.0.2.1', '192.0.2.2', 'sip.example.com']],
    ['hosts', 'sip.example.com:5061', ['sip.example.com']],
    ['hosts', 'sip.example.com ; our provider, since 192.0.2.9', ['sip.example.com']],
    ['hosts', '2001:DB8::0001', ['2001:db8::1']],
    ['hosts', '[2001:db8::1]:5060', ['2001:db8::1']],
    ['hosts', '2001:db8::/48', ['2001:db8::/48']],
    ['hosts', '::ffff:192.0.2.1', ['192.0.2.1']],
    ['hosts', 'dynamic', []],
    ['hosts', 'Dynamic ; it registers', []],
    ['hosts', '', []],
    ['permit', '192.0.2.0/255.255.255.0&198.51.100.7', ['192.0.2.0/24', '198.51.100.7']],
    ['permit', '0.0.0.0/0.0.0.0', []],
    ['permit', '0.0.0.0/0&::/0&192.0.2.1/32', ['192.0.2.1']],
    ['uris', 'sip:sip.example.com', ['sip.example.com']],
    ['uris', 'sip:me@sip.example.com:5061;transport=tls', ['sip.example.com']],
    ['uris', 'sip:+4930;phone-context=x@192.0.2.5', ['192.0.2.5']],
    ['uris', 'sips:me:secret@[2001:db8::5]:5061\\;transport=tls', ['2001:db8::5']],
    ['uris', '<sip:proxy.example.com\\;lr>', ['proxy.example.com']],
    ['uris', 'sip:proxy.example.com;lr', ['proxy.example.com']],
    ['uris', 'sip:a@192.0.2.1,sip:a@192.0.2.2', ['192.0.2.1', '192.0.2.2']],
    ['uris', 'tls://proxy.example.com:5061,force', ['proxy.example.com']],
    ['uris', 'proxy.example.com', ['proxy.example.com']],
    ['uris', '192.0.2.9:5060', ['192.0.2.9']],
    ['register', 'me:secret@sip.example.com', ['sip.example.com']],
    ['register', 'me:secret@sip.example.com:5061/4930~120', ['sip.example.com']],
    ['register', 'tls://me@example.org:s@cr&t,x:auth@192.0.2.8/4930', ['192.0.2.8']],
    ['register', 'peer?udp://me:s@192.0.2.8', ['192.0.2.8']],
    ['register', 'a:b@192.0.2.1&c:d@192.0.2.2', ['192.0.2.1', '192.0.2.2']],
    ['register', 'me:[key]@[2001:db8::8]:4569', ['2001:db8::8']],
    ['register', 'me:secret@sip.example.com?transport', ['sip.example.com']],
  ])('%s %j names %j', (form, value, expected) => expect(whats(form, value)).toEqual(expected));

  it.each<[Form, string, string]>([
    ['hosts', '0.0.0.0/0', 'the whole Internet'],
    ['hosts', '0.0.0.0/0.0.0.0', 'the whole Internet'],
    ['hosts', '::/0', 'the whole Internet'],
    ['hosts', '127.0.0.1', '127.0.0.1, which is no far end'],
    ['uris', 'sip:[::1]', '::1, which is no far end'],
    ['hosts', '224.0.1.75', 'which is no far end'],
    ['hosts', '192.0.2.0/255.0.255.0', 'no address or full name'],
    ['hosts', '192.0.2.0/33', 'no address or full name'],
    ['hosts', '192.0.2.300', 'no address or full name'],
    ['hosts', 'gateway', 'no address or full name'],
    ['hosts', 'sip.example.com$(reboot)', 'no address or full name'],
    ['permit', '192.0.2.0/24,!192.0.2.1', 'an exception'],
    ['register', 'me:secret', 'no address or name'],
  ])('%s %j lets nobody in, and says why', (form, value, why) => {
    const { found, leftOut } = farEndsOf([mention(form, value)]);
    expect(found.map(({ what }) => what)).toEqual(value.includes('!') ? ['192.0.2.0/24'] : []);
    expect(leftOut).toEqual([{ of: 'trunk 3 "callcentric"', why: expect.stringContaining(why) as string }]);
  });
});

it('a far end that several settings name comes once, with every reason and the services of all', () => {
  const { found } = farEndsOf([
    mention('hosts', 'sip.example.com', { setting: 'sip_server' }),
    mention('hosts', 'sip.example.com, 192.0.2.1'),
    mention('uris', 'sip:SIP.example.com', { setting: 'server_uri' }),
    mention('hosts', '192.0.2.1', { of: 'trunk 4 "iax"', setting: 'host', speaks: 'iax' }),
  ]);
  expect(found).toEqual([
    {
      what: 'sip.example.com',
      services: ['rtp', 'sip'],
      reasons: ['trunk 3 "callcentric": sip_server, match, server_uri'],
    },
    {
      what: '192.0.2.1',
      services: ['iax', 'rtp', 'sip'],
      reasons: ['trunk 3 "callcentric": match', 'trunk 4 "iax": host'],
    },
  ]);
});

it('whatever stands there, only addresses, networks and names come out, never everybody, and never the text itself', () => {
  const forms = fc.constantFrom<Form>('hosts', 'permit', 'uris', 'register');
  const pieces = fc.constantFrom(
    'sip:',
    'sips:',
    '@',
    ':',
    ';',
    '\\;',
    '&',
    ',',
    '[',
    ']',
    '/',
    '!',
    '<',
    '>',
    '\n',
    '~',
    '?',
    '0.0.0.0/0',
    '::/0',
    '192.0.2.1',
    '::1',
    'a.example',
    'hunter2',
    '255.255.255.0',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 12 }).map((some) => some.join('')),
  );
  fc.assert(
    fc.property(forms, text, (form, value) => {
      const { found, leftOut } = farEndsOf([mention(form, value)]);
      for (const { what } of found) {
        const network = parseNetwork(what);
        expect(network ?? parseHostName(what)).toBe(what);
        if (network) expect(prefixOf(network)).toBeGreaterThan(0);
      }
      expect(JSON.stringify(leftOut)).not.toContain('hunter2');
      if (form === 'register') expect(JSON.stringify(found.map(({ reasons }) => reasons))).not.toContain('hunter2');
    }),
    { numRuns: 3000 },
  );
});

it('a long value costs no more than its length', () => {
  for (const piece of ['@', '&', 'a.', '[', '192.0.2.1,', ';', 'x:y@']) {
    const started = performance.now();
    for (const form of ['hosts', 'permit', 'uris', 'register'] as const) whats(form, piece.repeat(8100 / piece.length));
    expect(performance.now() - started).toBeLessThan(2000);
  }
});
