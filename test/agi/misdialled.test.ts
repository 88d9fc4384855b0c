import { misdialled } from '../../agi/misdialled';
import { readDialledAddress } from '../../src/domain/dialled-address';

const table: [keys: string, prompt: string][] = [
  ['12*34*56', 'address-too-short'],
  ['12*34', 'address-too-short'],
  ['1*2*3*4*5', 'address-too-long'],
  ['12*34*56*256', 'address-too-big'],
  ['1234*5*6*7', 'address-too-big'],
  ['999999999999', 'address-too-big'],
  ['012*034*056*078', 'address-zeros'],
  ['1*2*3*00', 'address-zeros'],
  ['1**3*4', 'address-gap'],
  ['*1*2*3*4', 'address-gap'],
  ['1*2*3*4*', 'address-gap'],
  ['*', 'address-gap'],
  ['12345678', 'address-stars'],
  ['1985110007', 'address-stars'],
  ['1', 'address-stars'],
  ['0123456789012', 'address-stars'],
];

describe('keys that are no address', () => {
  for (const [keys, prompt] of table) {
    it(`${keys} is answered with ${prompt}`, () => {
      expect(readDialledAddress(keys)).toBeUndefined();
      expect(misdialled(keys)).toBe(prompt);
    });
  }
});
