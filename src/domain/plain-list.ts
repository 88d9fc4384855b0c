/** The list that people keep and edit: what `tollgate list --plain` prints, and simpler lines. Pure. */
import { isIPv4, isIPv6 } from 'node:net';
import type { EntryKind, Until } from './entry';
import { printable } from './printable';

/** What one line asks for. */
export interface PlainLine {
  /** From 1 on. */
  readonly line: number;
  readonly kind: EntryKind;
  readonly what: string;
  /** Undefined: the line does not say; empty for a block. */
  readonly services: readonly string[] | undefined;
  readonly until: Until;
  readonly name: string | undefined;
  readonly note: string | undefined;
  /** Opened by telephone by this account, which alone renews and ends it. */
  readonly account: string | undefined;
}

interface PlainFault {
  readonly line: number;
  readonly what: string;
}

export interface PlainList {
  readonly lines: readonly PlainLine[];
  readonly faults: readonly PlainFault[];
}

/** What is behind `#`, and lines without anything else, are comments. Never throws. */
export function readPlainList(text: string): PlainList {
  const lines: PlainLine[] = [];
  const faults: PlainFault[] = [];
  text
    .replace(/^\ufeff/, '')
    .split(/\r?\n|\r/)
    .forEach((whole, i) => {
      const line = i + 1;
      if (/^\s*(#|;|$)/.test(whole)) return;
      const read = whole.includes('\t') ? readListed(whole.split('\t')) : readSimple(whole);
      if (typeof read === 'string') faults.push({ line, what: read });
      else lines.push({ line, ...read });
    });
  return { lines, faults };
}

type Read = Omit<PlainLine, 'line'>;

/** `list --plain`: id, what, services, owner, since, until, state, name, note; those from the third on may be missing. */
function readListed(cells: readonly string[]): Read | string {
  const [id = '', what = '', services = '', owner = '', , until = '', state = '', name = '', note = ''] = cells.map(
    (cell) => cell.trim(),
  );
  if (!/^(#?\d+|-|)$/.test(id)) return readSimple(cells.join(' '));
  if (what === '') return 'the second cell says for what, and is empty';
  const end = readEnd(until);
  if (end === undefined) return `"${until}" is no end: write forever, or a moment as 2030-01-31T18:00:00Z`;
  const kind = state === 'blocked' ? 'block' : 'allow';
  return {
    ...{ kind, what, until: end, name: textOf(name), note: textOf(note) },
    services: kind === 'block' ? [] : listOf(services),
    account: /^account (\S+)$/.exec(owner)?.[1],
  };
}

/** An address, network, range, name or provider; behind it why, with or without `#`. */
function readSimple(line: string): Read | string {
  const [said = '', ...comment] = line.split('#');
  const words = said.trim().split(/\s+/);
  const length = wordsOfWhat(words);
  const [what, rest] = [words.slice(0, length).join(' '), words.slice(length).join(' ')];
  if (/^[-–/]|^\d[\d.]*$/.test(rest) || isAddress(rest))
    return `"${said.trim()}" is more than one address, and no range`;
  const note = [rest, comment.join('#').trim()].filter((each) => each !== '').join(', ');
  return {
    kind: 'allow',
    what,
    services: undefined,
    until: 'forever',
    name: undefined,
    note: textOf(note),
    account: undefined,
  };
}

/** `192.0.2.0 255.255.255.0` and `192.0.2.10 - 192.0.2.20` are several. */
function wordsOfWhat([first = '', second = '', third = '']: readonly string[]): number {
  if (!isAddress(first)) return 1;
  if (/^[-–/]$/.test(second) && third !== '') return 3;
  return isIPv4(second) && /^255\./.test(second) ? 2 : 1;
}

function isAddress(text: string): boolean {
  return isIPv4(text) || isIPv6(text);
}

function readEnd(text: string): Until | undefined {
  if (/^(forever|-|)$/.test(text)) return 'forever';
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text)
    ? new Date(text)
    : undefined;
  return at && !Number.isNaN(at.getTime()) ? at : undefined;
}

function listOf(services: string): readonly string[] | undefined {
  const names = services
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== '-');
  return names.length > 0 ? names : undefined;
}

function textOf(text: string): string | undefined {
  return text === '' ? undefined : printable(text);
}
