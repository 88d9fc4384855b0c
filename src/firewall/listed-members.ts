/** The members of one set in the words of `ipset save`; hundreds of thousands of lines are walked through, not kept. */
import { parseNetwork } from '../domain/network';
import type { Members } from './kernel-state';
import type { Left } from './time-left';

/** `text`: lines `add NAME MEMBER[ timeout SECONDS]…`. */
export function listedMembers(text: string, name: string): Members {
  const added = `add ${name} `;
  let all: ReadonlyMap<string, Left> | undefined;
  /** For whoever asks for single ones. */
  const map = () => (all ??= new Map(walk(text, added)));
  return {
    get size() {
      return map().size;
    },
    get: (member) => map().get(member),
    has: (member) => map().has(member),
    forEach(visit) {
      for (const [member, left] of walk(text, added)) visit(left, member);
    },
    [Symbol.iterator]: () => walk(text, added),
  };
}

function* walk(text: string, added: string): MapIterator<[string, Left]> {
  for (let from = 0, to = 0; from < text.length; from = to + 1) {
    to = endOf(text, '\n', from);
    if (!text.startsWith(added, from)) continue;
    const first = from + added.length;
    const end = Math.min(endOf(text, ' ', first), to);
    const seconds = text.startsWith(TIMEOUT, end) ? numberAt(text, end + TIMEOUT.length, to) : 0;
    yield [canonicalMember(text.slice(first, end)), seconds === 0 ? 'forever' : seconds];
  }
}

const TIMEOUT = ' timeout ';
const ZERO = 48;

function numberAt(text: string, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  return number;
}

/** Where this mark is next, or the text's end. */
export function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at;
}

/** ipset writes what lies in ::/96 as `::1.2.3.4`, we as `::102:304`. */
export function canonicalMember(member: string): string {
  if (!member.startsWith('::') && !member.includes(',')) return parseNetwork(member) ?? member;
  const [network = '', ...device] = member.split(',');
  const undotted = network.replace(/^::(\d+)\.(\d+)\.(\d+)\.(\d+)/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `::${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  return [parseNetwork(undotted) ?? network, ...device].join();
}
