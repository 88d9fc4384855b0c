/** The conversation's counterpart: judges callers and opens doors for them. */
import type { Account } from '../../domain/account';
import { BY_HAND } from '../../domain/country';
import type { Caller, Doorkeeper, Opened, Refusal, Traveller } from '../../domain/doorkeeper';
import { isAutomatic, type Entry, type NewEntry } from '../../domain/entry';
import { around, covers, familyOf, type Network } from '../../domain/network';
import { reachOf } from '../../domain/reach';
import { AppError } from '../../errors';
import { tell } from '../announce';
import type { Doors } from '../doors/doors';
import { automaticBlocksOver } from '../doors/give-way';
import { closableEntriesOf } from '../doors/outlasting';
import { isLockedFor, judge } from './pin-guard';
import type { Parts } from '../parts';

/** A telephone line behind an IPv6 prefix changes its address within it. */
const IPV6_LEASE_PREFIX = 64;

export function doorkeeper(parts: Parts, doors: Doors): Doorkeeper {
  const openNow = (traveller: Traveller) => parts.store.liveEntriesOf(traveller.account, parts.clock.now());
  return {
    now: () => parts.clock.now(),
    openNow,
    refusalOf: (address) => refusalOf(parts, address),
    async identify(number, pin, caller) {
      const judgement = await judge(parts, number, pin, caller);
      if (judgement.kind !== 'right') return undefined;
      const open = await parts.store.liveEntriesOf(number, parts.clock.now());
      return { account: number, open };
    },
    isLocked: (number, caller) => isLockedFor(parts, number, caller),
    async open(traveller, address, caller) {
      const refusal = await refusalOf(parts, address);
      if (refusal)
        throw new AppError('REFUSED', `${address} may not be opened: ${refusal.reason}`, 'key another address');
      const account = await accountOf(parts, traveller);
      const network = familyOf(address) === 6 ? around(address, IPV6_LEASE_PREFIX) : address;
      return openFor(parts, doors, account, network, caller);
    },
    async closeAll(traveller, caller) {
      const account = await accountOf(parts, traveller);
      const entries = await openNow(traveller);
      const cause = { ...causeOf('revoke', account, caller), why: 'Closed by telephone.' };
      const notice = { kind: 'closed', account, entries, caller: caller.number } as const;
      await doors.close(async () => ({
        entries: await closableEntriesOf(parts.store, account.number, parts.clock.now()),
        cause,
        tell: (records) => tell(parts, records, notice),
      }));
      return entries;
    },
    async renewAll(traveller, caller) {
      const account = await accountOf(parts, traveller);
      const renewed: Entry[] = [];
      for (const { network } of await openNow(traveller)) {
        renewed.push((await openFor(parts, doors, account, network, caller)).entry);
      }
      return renewed;
    },
  };
}

async function openFor(
  parts: Parts,
  doors: Doors,
  account: Account,
  network: Network,
  caller: Caller,
): Promise<Opened> {
  const now = parts.clock.now();
  const seconds = Math.min(account.leaseSeconds, parts.rules.longestLeaseSeconds);
  let renews: Entry | undefined;
  let closing: readonly Entry[] = [];
  const wanted: NewEntry = {
    kind: 'allow',
    what: network,
    network,
    services: account.services,
    account: account.number,
    by: `account ${account.number}`,
    since: now,
    until: new Date(now.getTime() + seconds * 1000),
    name: undefined,
    note: undefined,
    state: 'opening',
  };
  const cause = {
    ...causeOf('allow', account, caller),
    why: `Opened by telephone for ${account.name}.`,
    notice: (entry: Entry) =>
      ({
        kind: 'opened',
        account,
        entry,
        country: parts.countries.now().lookup(network).country,
        renewed: renews !== undefined,
        caller: caller.number,
        closed: closing,
      }) as const,
  };
  const opened = await doors.open(wanted, cause, async (records) => {
    const open = (await records.liveEntriesOf(account.number, now)).filter((entry) => entry.state === 'open');
    const same = open.filter((entry) => entry.network === network);
    // What Tollgate blocked by itself it lets go of for somebody with a PIN, which no password guesser has.
    const blocks = await automaticBlocksOver(records, [network], now);
    const superseded = [...same, ...blocks];
    renews = same[0];
    const others = open.filter((entry) => entry.network !== network);
    closing = others.slice(0, Math.max(0, others.length + 1 - account.maxOpen));
    return { superseded, closing };
  });
  return { entry: opened.entry, renewed: renews !== undefined, closed: opened.closed };
}

/** Changes nothing. Networks cannot come from a telephone, but a block may be wider than the address. */
async function refusalOf(parts: Parts, address: Network): Promise<Refusal | undefined> {
  if (parts.ownAddresses().some((own) => covers(own, address))) return { reason: 'own' };
  const reach = reachOf(address);
  const tolerated = reach === 'documentation' && parts.rules.allowDocumentationAddresses;
  if (reach !== 'public' && !tolerated) return { reason: reach };
  const covering = await parts.store.liveEntriesCovering(address, parts.clock.now());
  if (covering.some((entry) => entry.kind === 'block' && !isAutomatic(entry))) return { reason: 'blocked' };
  const { country, deny } = (await parts.countries.ready()).lookup(address);
  return deny ? { reason: 'denied', ...(country !== undefined && country !== BY_HAND && { country }) } : undefined;
}

async function accountOf(parts: Parts, traveller: Traveller): Promise<Account> {
  const account = await parts.store.account(traveller.account);
  if (account && !account.disabledAt) return account;
  throw new AppError('REFUSED', `account ${traveller.account} was disabled during the call`, 'tollgate account show');
}

function causeOf(action: 'allow' | 'revoke', account: Account, caller: Caller) {
  return { action, by: `account ${account.number}`, from: caller.number ?? caller.channel };
}
