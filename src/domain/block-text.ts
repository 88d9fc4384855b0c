/** Networks as text from their numbers, for hundreds of thousands of them: nothing is parsed again to be canonical. */
import { addressOf } from './address-range';
import type { Family, Network } from './network';

const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** Of the network that begins at `first` and has `hosts` bits that may be anything; as `parseNetwork` writes it. */
export function blockText(family: Family, first: bigint, hosts: number): Network {
  const length = hosts === 0 ? '' : `/${BITS[family] - hosts}`;
  return `${family === 4 ? text4(Number(first)) : text6(first, hosts)}${length}` as Network;
}

function text4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function text6(first: bigint, hosts: number): string {
  const high = Number(first >> 96n);
  const next = Number(BigInt.asUintN(32, first >> 64n));
  const front = [high >>> 16, high & 0xffff, next >>> 16, next & 0xffff];
  if (hosts >= 64) {
    // The second half is nothing but zeros, so that is what "::" stands for.
    while (front.at(-1) === 0) front.pop();
    return `${hex(front)}::`;
  }
  const [third, last] = [Number(BigInt.asUintN(32, first >> 32n)), Number(BigInt.asUintN(32, first))];
  const groups = [...front, third >>> 16, third & 0xffff, last >>> 16, last & 0xffff];
  // What holds an IPv4 address has a text of its own.
  if (high === 0 && next === 0 && third === 0xffff) return addressOf(6, first);
  const { from, to } = longestZeros(groups);
  if (to - from < 2) return hex(groups);
  return `${hex(groups.slice(0, from))}::${hex(groups.slice(to))}`;
}

function hex(groups: readonly number[]): string {
  let text = '';
  for (const group of groups) text += `${text === '' ? '' : ':'}${group.toString(16)}`;
  return text;
}

/** The first of the longest runs; `to` is behind it. */
function longestZeros(groups: readonly number[]): { readonly from: number; readonly to: number } {
  let longest = { from: 0, to: 0 };
  let from = 0;
  groups.forEach((group, i) => {
    if (group !== 0) from = i + 1;
    else if (i + 1 - from > longest.to - longest.from) longest = { from, to: i + 1 };
  });
  return longest;
}
