import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readProof, readRemoteAddress } from '../../src/asterisk/phones-proof';
import { parseAddress } from '../../src/domain/network';
import { frame } from '../support/frame';

const samples = readFileSync(join(__dirname, 'security-events.txt'), 'utf8')
  .split('\n\n')
  .flatMap((block) => {
    const [, expected] = /^# expect: (.*)$/m.exec(block) ?? [];
    const event = block.replace(/^#.*\n?/gm, '');
    return expected === undefined ? [] : [{ title: block.split('\n')[0] ?? '', expected, event }];
  });

it.each(samples)('$title', ({ expected, event }) => {
  expect(readProof(frame(event))).toEqual(expected === 'nothing' ? undefined : JSON.parse(expected));
});

it.each(['Service: PJSIP', 'Service: SIP', '/UDP/', '/TCP/', '/TLS/', '/WS/', '/WSS/', 'IPV4/192', 'IPV4/', 'IPV6/'])(
  'the samples have a proof with %s',
  (part) => {
    expect(samples.some(({ expected, event }) => expected !== 'nothing' && event.includes(part))).toBe(true);
  },
);

it('reads any text as an address in canonical form or as none', () => {
  const parts = fc.constantFrom(
    'IPV4',
    'IPV6',
    '/',
    'UDP',
    'WSS',
    '192.0.2.1',
    '2001:db8::1',
    '%',
    '5060',
    ':',
    '[',
    '\n',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(parts).map((some) => some.join('')),
      ),
      (text) => {
        const address = readRemoteAddress(text);
        expect(address === undefined || parseAddress(address) === address).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});
