/** An address, digit by digit, with a pause after each dot; a country, letter by letter. */
import type { CountryCode } from '../src/domain/country';
import type { Network } from '../src/domain/network';
import type { Prompt } from './prompt';

export function spokenAddress(network: Network): Prompt[] {
  return spelled(network);
}

export function spokenCountry(country: CountryCode): Prompt[] {
  return spelled(country.toLowerCase());
}

function spelled(text: string): Prompt[] {
  return Array.from(text, (character) => SPOKEN[character] ?? []).flat();
}

const SPOKEN: Readonly<Partial<Record<string, readonly Prompt[]>>> = {
  '0': ['digits/0'],
  '1': ['digits/1'],
  '2': ['digits/2'],
  '3': ['digits/3'],
  '4': ['digits/4'],
  '5': ['digits/5'],
  '6': ['digits/6'],
  '7': ['digits/7'],
  '8': ['digits/8'],
  '9': ['digits/9'],
  a: ['letters/a'],
  b: ['letters/b'],
  c: ['letters/c'],
  d: ['letters/d'],
  e: ['letters/e'],
  f: ['letters/f'],
  g: ['letters/g'],
  h: ['letters/h'],
  i: ['letters/i'],
  j: ['letters/j'],
  k: ['letters/k'],
  l: ['letters/l'],
  m: ['letters/m'],
  n: ['letters/n'],
  o: ['letters/o'],
  p: ['letters/p'],
  q: ['letters/q'],
  r: ['letters/r'],
  s: ['letters/s'],
  t: ['letters/t'],
  u: ['letters/u'],
  v: ['letters/v'],
  w: ['letters/w'],
  x: ['letters/x'],
  y: ['letters/y'],
  z: ['letters/z'],
  '.': ['letters/dot', 'pause'],
  ':': ['letters/ascii58', 'pause'],
  '/': ['letters/slash'],
};
