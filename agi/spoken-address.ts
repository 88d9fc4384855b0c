/** An address, digit by digit, with a pause after each dot. */
import type { Network } from '../src/domain/network';
import type { Prompt } from './prompt';

export function spokenAddress(network: Network): Prompt[] {
  return Array.from(network, (character) => SPOKEN[character] ?? []).flat();
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
  '.': ['letters/dot', 'pause'],
  ':': ['letters/ascii58', 'pause'],
  '/': ['letters/slash'],
};
