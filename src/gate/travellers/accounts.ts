/** The travellers on file. */
import { ACCOUNT_NUMBER, PIN, type Account } from '../../domain/account';
import { mailboxOf } from '../../domain/mailbox';
import { serviceNames } from '../../domain/service';
import type { AccountShape } from '../../domain/shapes';
import type { Action } from '../../domain/journal';
import type { Records } from '../../domain/store';
import { AppError } from '../../errors';
import { tell, tellOwners, write } from '../announce';
import type { Doors } from '../doors/doors';
import { closableEntriesOf } from '../doors/outlasting';
import type { Asked } from '../doors/entries';
import { lockedUntil, unlock } from './pin-guard';
import type { Parts } from '../parts';
import { shapeOfAccount } from '../shape';
import { refuseTooLong, refuseUnknown } from '../doors/terms';

export interface AccountAsked extends Asked {
  readonly number: string;
  readonly name?: string;
  readonly email?: string;
  readonly services?: readonly string[];
  readonly extensions?: readonly string[];
  readonly callers?: readonly string[];
  readonly maxOpen?: number;
  readonly leaseSeconds?: number;
}
export interface PinAsked extends Asked {
  readonly number: string;
  /** Undefined: one is generated and returned, once. */
  readonly pin?: string;
}
/** `pin` only when it was generated: it is shown once and kept nowhere. */
export type WithPin = AccountShape & { readonly pin: string | null };

export async function addAccount(parts: Parts, asked: AccountAsked & PinAsked): Promise<WithPin> {
  if (await parts.store.account(asked.number)) {
    throw new AppError('REFUSED', `account ${asked.number} exists`, `tollgate account set ${asked.number} …`);
  }
  const blank: Account = {
    number: asked.number,
    name: `account ${asked.number}`,
    email: '',
    pinHash: undefined,
    services: ['phone'],
    extensions: [],
    callers: [],
    maxOpen: parts.rules.openAddresses,
    leaseSeconds: parts.rules.leaseSeconds,
    disabledAt: undefined,
    createdAt: parts.clock.now(),
  };
  const account = changed(parts, blank, asked);
  const { pin, pinHash } = await newPin(parts, account, asked.pin);
  const added = { ...account, pinHash };
  if (!asked.dryRun) await save(parts, added, 'account-add', asked.by, 'Added.');
  return { ...shapeOfAccount(added, [], undefined), pin: asked.pin === undefined ? pin : null };
}

export async function setAccount(parts: Parts, asked: AccountAsked): Promise<AccountShape> {
  const before = await accountNamed(parts, asked.number);
  const account = changed(parts, before, asked);
  if (!asked.dryRun) await save(parts, account, 'account-set', asked.by, 'Changed.', before);
  return shaped(parts, account);
}

export async function setPin(parts: Parts, asked: PinAsked): Promise<WithPin> {
  const account = await accountNamed(parts, asked.number);
  const { pin, pinHash } = await newPin(parts, account, asked.pin);
  if (!asked.dryRun) {
    await parts.store.transaction(async (records) => {
      await records.saveAccount({ ...account, pinHash });
      await note(parts, records, account, 'account-pin', asked.by, 'A new PIN was set.');
      await tell(parts, records, { kind: 'pin-changed', account, by: asked.by });
    });
    parts.post.poke();
  }
  return { ...(await shaped(parts, account)), pin: asked.pin === undefined ? pin : null };
}

export async function unlockAccount(parts: Parts, asked: Asked & { readonly number: string }): Promise<AccountShape> {
  const account = await accountNamed(parts, asked.number);
  if (!asked.dryRun) {
    await parts.store.transaction(async (records) => {
      await unlock(records, parts, account);
      await note(parts, records, account, 'unlock', asked.by, 'Unlocked by the admin.');
    });
  }
  return shaped(parts, account);
}

/** Disabling closes every open address of the account. */
export async function enableAccount(
  parts: Parts,
  doors: Doors,
  asked: Asked & { readonly number: string; readonly enabled: boolean },
): Promise<AccountShape> {
  const account = await accountNamed(parts, asked.number);
  const next = { ...account, disabledAt: asked.enabled ? undefined : (account.disabledAt ?? parts.clock.now()) };
  if (asked.dryRun) return shaped(parts, next);
  const [action, why] = asked.enabled
    ? (['account-enable', 'Enabled.'] as const)
    : (['account-disable', 'Disabled.'] as const);
  await save(parts, next, action, asked.by, why, account);
  if (!asked.enabled) await closeAll(parts, doors, account, asked.by, 'Its account was disabled.');
  return shaped(parts, next);
}

export async function removeAccount(
  parts: Parts,
  doors: Doors,
  asked: Asked & { readonly number: string },
): Promise<AccountShape> {
  const account = await accountNamed(parts, asked.number);
  if (asked.dryRun) return shaped(parts, account);
  await parts.store.transaction(async (records) => {
    await records.removeAccount(account.number);
    await unlock(records, parts, account);
    await note(parts, records, account, 'account-remove', asked.by, 'Removed.', account);
  });
  await closeAll(parts, doors, account, asked.by, 'Its account was removed.');
  return shapeOfAccount(account, [], undefined);
}

export async function showAccount(parts: Parts, number: string): Promise<AccountShape> {
  return shaped(parts, await accountNamed(parts, number));
}

export async function listAccounts(parts: Parts): Promise<AccountShape[]> {
  return Promise.all((await parts.store.accounts()).map((account) => shaped(parts, account)));
}

async function shaped(parts: Parts, account: Account): Promise<AccountShape> {
  const open = await parts.store.liveEntriesOf(account.number, parts.clock.now());
  return shapeOfAccount(account, open, await lockedUntil(parts, account));
}

export async function accountNamed(parts: Parts, number: string): Promise<Account> {
  const account = await parts.store.account(number);
  if (account) return account;
  throw new AppError('NOT_FOUND', `there is no account ${number}`, 'tollgate account list shows every account');
}

/** The account with what was asked for put in, or MISUSED that names what is wrong with it. */
function changed(parts: Parts, account: Account, asked: AccountAsked): Account {
  const next: Account = {
    ...account,
    name: asked.name ?? account.name,
    email: asked.email ?? account.email,
    services: asked.services ?? account.services,
    extensions: asked.extensions ?? account.extensions,
    callers: (asked.callers ?? account.callers).map((number) => number.replace(/[^\d]/g, '')),
    maxOpen: asked.maxOpen ?? account.maxOpen,
    leaseSeconds: asked.leaseSeconds ?? account.leaseSeconds,
  };
  refuseUnknown(next.services, serviceNames(parts.services));
  refuseTooLong('name', next.name);
  for (const text of [...next.extensions, ...next.callers]) refuseTooLong('number', text);
  const wrong: (readonly [boolean, string, string])[] = [
    [!ACCOUNT_NUMBER.test(next.number), `"${next.number}" is no account number`, 'write 2 to 12 digits'],
    [
      next.email !== '' && !mailboxOf(next.email),
      `"${next.email}" is no e-mail address`,
      'write one, as ann@example.com',
    ],
    [next.maxOpen < 1 || !Number.isInteger(next.maxOpen), `--max ${next.maxOpen} opens nothing`, 'write 1 or more'],
    [
      next.leaseSeconds > parts.rules.longestLeaseSeconds,
      'the lease is longer than lease.longest allows',
      'write a shorter --for, or change the setting',
    ],
    [next.callers.includes(''), 'a --caller without digits', 'write the number as it is shown'],
  ];
  const problem = wrong.find(([is]) => is);
  if (problem) throw new AppError('MISUSED', problem[1], problem[2]);
  return next;
}

async function newPin(parts: Parts, account: Account, asked: string | undefined) {
  const pin = asked ?? generatePin(parts);
  if (!PIN.test(pin)) throw new AppError('MISUSED', 'a PIN has 6 to 12 digits', 'leave it out, and one is generated');
  if (isGuessable(pin, account)) {
    throw new AppError(
      'MISUSED',
      'that PIN is among the first that a thief tries',
      'leave it out, and one is generated',
    );
  }
  return { pin, pinHash: await parts.vault.hash(pin) };
}

/** Every digit equally likely: bytes above the last multiple of ten are thrown away. */
function generatePin(parts: Parts): string {
  for (;;) {
    const digits = [...parts.random(4 * parts.rules.pinDigits)].filter((byte) => byte < 250).map((byte) => byte % 10);
    const pin = digits.slice(0, parts.rules.pinDigits).join('');
    if (pin.length === parts.rules.pinDigits && !isGuessable(pin, undefined)) return pin;
  }
}

function isGuessable(pin: string, account: Account | undefined): boolean {
  const steps = new Set(Array.from(pin.slice(1), (digit, i) => (Number(digit) - Number(pin[i]) + 10) % 10));
  const own = account ? [account.number, ...account.extensions, ...account.callers] : [];
  return (steps.size === 1 && !steps.has(NaN)) || own.some((number) => number === pin);
}

async function save(parts: Parts, account: Account, action: Action, by: string, why: string, before?: Account) {
  await parts.store.transaction(async (records) => {
    await records.saveAccount(account);
    await note(parts, records, account, action, by, why, before);
  });
}

/** `before` goes into the journal for `undo`, without the PIN's hash. */
async function note(
  parts: Parts,
  records: Records,
  { number }: Account,
  action: Action,
  by: string,
  why: string,
  before?: Account,
): Promise<void> {
  const kept = before && JSON.stringify({ ...before, pinHash: undefined });
  await write(parts, records, {
    action,
    by,
    what: `account ${number}`,
    from: 'command',
    why,
    ...(kept && { before: kept }),
  });
}

async function closeAll(parts: Parts, doors: Doors, account: Account, by: string, why: string): Promise<void> {
  const cause = { action: 'revoke', by, from: 'command', why } as const;
  await doors.close(async () => {
    const entries = await closableEntriesOf(parts.store, account.number, parts.clock.now());
    return { entries, cause, tell: (records) => tellOwners(parts, records, entries, cause, account) };
  });
}
