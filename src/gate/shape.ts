/** From what is remembered to what is shown. */
import type { Account } from '../domain/account';
import type { Entry, Group } from '../domain/entry';
import type { JournalCheck, JournalLine } from '../domain/journal';
import { kindOf } from '../domain/live';
import { isSingle } from '../domain/network';
import type { AccountShape, EntryShape, JournalCheckShape, JournalShape } from '../domain/shapes';

export function shapeOfEntry(entry: Entry): EntryShape {
  return {
    id: entry.id,
    what: entry.what,
    kind: entry.kind === 'block' ? 'block' : isSingle(entry.network) ? 'address' : 'network',
    addresses: [entry.network],
    services: entry.services,
    account: entry.account ?? null,
    by: entry.by,
    since: entry.since.toISOString(),
    until: entry.until === 'forever' ? null : entry.until.toISOString(),
    name: entry.name ?? null,
    note: entry.note ?? null,
    state: entry.state === 'open' ? 'active' : 'ended',
    primary: entry.isPrimary === true,
    origin: entry.origin ?? null,
    pbx: entry.pbx ?? null,
  };
}

/** `members`: the entries that are part of it now. */
export function shapeOfGroup(group: Group, members: readonly Entry[]): EntryShape {
  return {
    id: group.id,
    what: group.what,
    kind: kindOf(group) === 'block' ? 'block' : group.kind,
    addresses: [...new Set(members.map(({ network }) => network))],
    services: group.services,
    account: null,
    by: group.by,
    since: group.since.toISOString(),
    until: group.until === 'forever' ? null : group.until.toISOString(),
    name: group.name ?? null,
    note: group.note ?? null,
    state: group.state === 'ended' ? 'ended' : group.staleSince ? 'stale' : 'active',
    primary: group.isPrimary === true,
    origin: group.origin ?? null,
    pbx: group.pbx ?? null,
  };
}

export function shapeOfAccount(account: Account, open: readonly Entry[], lockedUntil: Date | undefined): AccountShape {
  const { number, name, email, services, extensions, callers, maxOpen, leaseSeconds } = account;
  return {
    ...{ number, name, email, services, extensions, callers, maxOpen, leaseSeconds },
    disabled: account.disabledAt !== undefined,
    hasPin: account.pinHash !== undefined,
    lockedUntil: lockedUntil?.toISOString() ?? null,
    open: open.map(shapeOfEntry),
  };
}

export function shapeOfLine(line: JournalLine): JournalShape {
  const { id, action, by, what, why } = line;
  return {
    ...{ id, at: line.at.toISOString(), action, by, what, from: line.from ?? null, why, entry: line.entry ?? null },
    pbx: line.pbx ?? null,
  };
}

export function shapeOfCheck(check: JournalCheck): JournalCheckShape {
  const { kind, lines } = check;
  if (kind === 'unbroken') {
    const { head, forgotten } = check;
    const older = forgotten && { forgotten: { lines: forgotten.lines, until: forgotten.until.toISOString() } };
    return { ok: true, lines, head, ...older, broken: null };
  }
  return { ok: false, lines, head: null, broken: { line: check.line, why: check.why } };
}
