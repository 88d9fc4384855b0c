/** A door with one account, 12 with PIN 471147, that remembers what was asked of it. */
import type { Doorkeeper, Reason, Refusal, Traveller } from '../../src/domain/doorkeeper';
import type { Entry } from '../../src/domain/entry';
import { parseAddress, type Network } from '../../src/domain/network';

const NOW = new Date('2030-01-01T12:00:00Z');
const THREE_DAYS_ON = new Date('2030-01-04T11:59:59Z');

export interface FakeDoorOptions {
  /** Addresses that are open already, oldest first. */
  readonly open?: readonly string[];
  /** The reason, with the country behind it where it is known: `denied DE`. */
  readonly refuses?: Readonly<Record<string, Reason | `denied ${string}`>>;
  readonly locked?: boolean;
  readonly maxOpen?: number;
  /** Rejects what has this name. */
  readonly broken?: 'identify' | 'refusalOf' | 'open' | 'closeAll' | 'renewAll' | 'openNow';
}
export interface FakeDoor extends Doorkeeper {
  /** What was changed: `open 198.51.100.7`, `close 192.0.2.1`, … */
  readonly done: readonly string[];
  readonly judged: readonly string[];
}

export function fakeDoor({ open = [], refuses = {}, locked, maxOpen = 2, broken }: FakeDoorOptions = {}): FakeDoor {
  const done: string[] = [];
  const judged: string[] = [];
  let entries = open.map((text) => openEntry(text));
  const answer = async <T>(name: FakeDoorOptions['broken'], work: () => T): Promise<T> => {
    await new Promise(setImmediate); // a real door takes longer than a hang-up
    if (name === broken) throw new Error(`${String(name)} is broken`);
    return work();
  };
  const isTraveller = (traveller: Traveller) => {
    if (traveller.account !== '12') throw new Error('somebody else');
  };
  return {
    done,
    judged,
    now: () => NOW,
    isLocked: () => Promise.resolve(locked === true),
    identify: (account, pin, caller) =>
      answer('identify', () => {
        judged.push(`${account} from ${caller.number ?? 'nobody'}`);
        return !locked && account === '12' && pin === '471147' ? { account, open: entries } : undefined;
      }),
    refusalOf: (address) => answer('refusalOf', () => refusalIn(refuses[address])),
    open: (traveller, address) =>
      answer('open', () => {
        isTraveller(traveller);
        done.push(`open ${address}`);
        const others = entries.filter(({ network }) => network !== address);
        const renewed = others.length < entries.length;
        const closed = others.slice(0, Math.max(0, others.length + 1 - maxOpen));
        const entry = openEntry(address);
        entries = [...others.slice(closed.length), entry];
        return { entry, renewed, closed };
      }),
    closeAll: () =>
      answer('closeAll', () => {
        done.push(...entries.map(({ network }) => `close ${network}`));
        return entries.splice(0);
      }),
    renewAll: () =>
      answer('renewAll', () => {
        done.push(...entries.map(({ network }) => `renew ${network}`));
        return entries;
      }),
    openNow: () => answer('openNow', () => entries),
  };
}

export function openEntry(text: string, services: readonly string[] = ['phone']): Entry {
  const network = parseAddress(text) as Network;
  return {
    id: 1,
    kind: 'allow',
    what: network,
    network,
    services,
    account: '12',
    by: 'account 12',
    since: NOW,
    until: THREE_DAYS_ON,
    name: undefined,
    note: undefined,
    state: 'open',
    provedAt: undefined,
  };
}

function refusalIn(text: string | undefined): Refusal | undefined {
  if (text === undefined) return undefined;
  const [reason, country] = text.split(' ');
  return { reason: reason as Reason, ...(country !== undefined && { country }) };
}
