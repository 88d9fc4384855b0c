import { ipCountry } from '../../agi/ip-country';
import type { Network } from '../../src/domain/network';
import type { StrangerDoor } from '../../src/domain/stranger-door';

const call = { callerNumber: '14045551212', channel: 'PJSIP/anonymous-1' };

function door(): StrangerDoor & { readonly asked: (Network | undefined)[] } {
  const asked: (Network | undefined)[] = [];
  return {
    asked,
    check: (address) => {
      asked.push(address);
      return Promise.resolve({ stranger: true, country: 'DE', reason: 'Germany (DE) is not permitted' });
    },
  };
}

it('leaves the verdict, the country and the reason on the channel', async () => {
  const answer = await ipCountry(call, '192.0.2.1:5060', door());
  expect(answer).toEqual({ STRANGER: 'true', COUNTRY: 'DE', STRANGER_REASON: 'Germany (DE) is not permitted' });
});

it('leaves an empty country where none is known', async () => {
  const check = () => Promise.resolve({ stranger: false, country: undefined, reason: 'permitted' });
  expect(await ipCountry(call, '192.0.2.1', { check })).toMatchObject({ STRANGER: 'false', COUNTRY: '' });
});

it.each([
  ['192.0.2.1:5060', '192.0.2.1'],
  ['192.0.2.1', '192.0.2.1'],
  [' 192.0.2.1 ', '192.0.2.1'],
  ['[2001:db8::77]:5060', '2001:db8::77'],
  ['[2001:db8::77]', '2001:db8::77'],
  ['2001:DB8::77', '2001:db8::77'],
  ['[::ffff:192.0.2.1]:4569', '192.0.2.1'],
  ['', undefined],
  [undefined, undefined],
  ['(null)', undefined],
  ['sip.example.com:5060', undefined],
  ['192.0.2.1:5060:5061', undefined],
  ['192.0.2.0/24', undefined],
  ['192.0.2.1;x=198.51.100.1', undefined],
  ['[192.0.2.1', undefined],
])('%j is judged as %s', async (from, address) => {
  const judge = door();
  await ipCountry(call, from, judge);
  expect(judge.asked).toEqual([address]);
});
