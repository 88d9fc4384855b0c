import { looksLikeAddress, readDialledAddress } from '../../src/domain/dialled-address';

it.each([
  ['12*34*56*78', '12.34.56.78'],
  ['012034056078', '12.34.56.78'],
  ['203*0*113*77', '203.0.113.77'],
  ['203000113077', '203.0.113.77'],
  ['0*0*0*0', '0.0.0.0'],
  ['255255255255', '255.255.255.255'],
])('%s is the address %s', (keys, address) => expect(readDialledAddress(keys)).toBe(address));

it.each([
  ['', 'nothing'],
  ['12*34*56', 'three parts'],
  ['12*34*56*78*90', 'five parts'],
  ['12*34*56*256', 'a part above 255'],
  ['256034056078', 'a part above 255 in twelve digits'],
  ['12*34*56*078', 'a leading zero, which others read as octal'],
  ['01*2*3*4', 'a leading zero in front'],
  ['12**34*56', 'an empty part'],
  ['12*34*56*', 'an empty part at the end'],
  ['12345678', 'eight digits'],
  ['0120340560781', 'thirteen digits'],
  ['2130706433', 'an address as one number'],
])('%j is no address: %s', (keys) => expect(readDialledAddress(keys)).toBeUndefined());

it('tells an address that was keyed straight from a choice', () => {
  expect(['1', '2', '1234', '12*34*56*78', '012034056078'].map(looksLikeAddress)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});
