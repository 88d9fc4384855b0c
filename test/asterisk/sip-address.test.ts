import fc from 'fast-check';
import { addressOfUri, placeOfUri, targetOf } from '../../src/asterisk/sip-address';
import { readHostPort } from '../../src/domain/host-port';
import { parseAddress } from '../../src/domain/network';

it.each([
  ['sip:701@192.0.2.1:5099;x-ast-orig-host=10.9.8.7:5099', '192.0.2.1'],
  ['sip:701@[2001:db8::77]:5097', '2001:db8::77'],
  ['<sips:192.0.2.1>', '192.0.2.1'],
  ['sip:a;phone-context=x@192.0.2.1;ob', '192.0.2.1'],
  ['sip:192.0.2.1?Subject=x', '192.0.2.1'],
  ['sip:sip.example.com:5060', undefined],
  ['sip:701@192.0.2.1;x=@198.51.100.1', undefined],
  ['sip:192.0.2.1;x@198.51.100.1', '198.51.100.1'],
  ['sip:192.0.2.1 sip:198.51.100.1', undefined],
  ['sip:192.0.2', undefined],
  ['sip:192.0.2.0/24', undefined],
  ['tel:+15551234', undefined],
  ['', undefined],
])('the address of %j is %s', (uri, address) => expect(addressOfUri(uri)).toBe(address));

it.each([
  ['sip:701@192.0.2.1:5099', { address: '192.0.2.1' }],
  ['sip:me@SIP.Example.com:5070;transport=tcp', { host: 'sip.example.com' }],
  ['sip:sip.example.com', { host: 'sip.example.com' }],
  ['sip:provider', {}],
  ['sip:me@a@sip.example.com', {}],
])('%j leads to %j', (uri, place) => expect(placeOfUri(uri)).toEqual({ address: undefined, ...place }));

it.each([
  ['192.0.2.1:5060', '192.0.2.1'],
  ['[2001:DB8::1]:5060', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['127.0.0.1', '127.0.0.1'],
  ['192.0.2.1:5060:5061', undefined],
  ['(null)', undefined],
  ['', undefined],
])('%j is a packet from %s', (text, address) => expect(readHostPort(text)).toBe(address));

it('reads any text as a canonical address or as none', () => {
  const parts = fc.constantFrom(
    'sip:',
    'sips:',
    '@',
    '[',
    ']',
    ':',
    ';',
    '?',
    '<',
    '>',
    '192.0.2.1',
    '2001:db8::1',
    'a',
    '5060',
    '/',
    ' ',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(parts).map((some) => some.join('')),
      ),
      (text) => {
        for (const address of [addressOfUri(text), readHostPort(text)])
          expect(address === undefined || parseAddress(address) === address).toBe(true);
        expect(targetOf(text) ?? '').not.toMatch(/[@;?<>\s]/);
      },
    ),
    { numRuns: 2_000 },
  );
});
