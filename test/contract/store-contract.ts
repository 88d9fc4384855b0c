/** What every store must do, whichever database is behind it. */
import type { Account } from '../../src/domain/account';
import type { NewEntry, NewGroup } from '../../src/domain/entry';
import type { NewJournalLine } from '../../src/domain/journal';
import type { Letter } from '../../src/domain/letter';
import { parseNetwork, type Network } from '../../src/domain/network';
import type { ModeState, Records, Store } from '../../src/domain/store';

export interface StorePlace {
  /** Opens the same database each time; the first time it is empty. */
  open(): Promise<Store>;
  /** Runs SQL past the program. */
  tamper(statements: string): Promise<void>;
}

const NOW = new Date('2030-06-01T12:00:00.123Z');
const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
const net = (text: string): Network => parseNetwork(text) ?? fail(text);
const fail = (text: string): never => {
  throw new Error(`no network: ${text}`);
};
const STRANGE = `Zoë "Q" O'Hara; -- \\ % _ 日本 🎧\u0000x`.replace('\u0000', '');

const account: Account = {
  number: '12',
  name: STRANGE,
  email: "o'hara+x@example.org",
  pinHash: 'scrypt$15$abc$def',
  services: ['phone', 'ssh'],
  extensions: ['200', '201'],
  callers: ['4915112345'],
  maxOpen: 2,
  leaseSeconds: 259_200,
  disabledAt: undefined,
  createdAt: NOW,
};
const entry: NewEntry = {
  kind: 'allow',
  what: '192.0.2.1',
  network: net('192.0.2.1'),
  services: ['phone'],
  account: '12',
  by: 'account 12',
  since: NOW,
  until: at(60),
  name: undefined,
  note: undefined,
  state: 'open',
};
const line: NewJournalLine = {
  action: 'allow',
  by: 'account 12',
  what: '192.0.2.1',
  from: STRANGE,
  why: 'opened by telephone',
  entry: 7,
  before: '{"until":null}',
};
const letter: Letter = {
  to: { name: STRANGE, address: 'a@example.org' },
  subject: STRANGE,
  text: `${STRANGE}\r\nline two\n`,
  html: `<p>${STRANGE}</p>`.repeat(5000),
};

/** `make` is called once for each test. */
export function storeContract(make: () => Promise<StorePlace>): void {
  let place: StorePlace;
  let stores: Store[];
  let store: Store;
  const openAnother = async () => {
    const another = await place.open();
    stores.push(another);
    return another;
  };
  const reopen = async () => {
    await stores.pop()?.close();
    store = await openAnother();
  };

  beforeEach(async () => {
    stores = [];
    place = await make();
    store = await openAnother();
  });
  afterEach(async () => {
    for (const open of stores) await open.close();
  });

  describe('accounts', () => {
    it('come back as they were saved, after a restart too', async () => {
      const bare = { ...account, number: '0034', pinHash: undefined, disabledAt: at(5), services: [], callers: [] };
      await store.saveAccount(account);
      await store.saveAccount(bare);
      await reopen();
      expect(await store.account('12')).toEqual(account);
      expect(await store.account('0034')).toEqual(bare);
      expect(await store.accounts()).toEqual([bare, account]);
    });
    it('are replaced under the same number', async () => {
      await store.saveAccount(account);
      await store.saveAccount({ ...account, name: 'Zoë', pinHash: undefined });
      expect(await store.accounts()).toEqual([{ ...account, name: 'Zoë', pinHash: undefined }]);
    });
    it('that do not exist are undefined, and 012 is not 12', async () => {
      await store.saveAccount(account);
      expect(await store.account('012')).toBeUndefined();
    });
    it('are gone when removed', async () => {
      await store.saveAccount(account);
      await store.removeAccount('12');
      await store.removeAccount('12');
      expect(await store.accounts()).toEqual([]);
    });
  });

  describe('entries', () => {
    it('come back as they were added, after a restart too', async () => {
      const added = await store.addEntry(entry);
      const block: NewEntry = {
        ...entry,
        ...{ kind: 'block', what: '2001:db8::/255.255.0.0', network: net('2001:db8::/32'), services: [] },
        ...{ account: undefined, by: STRANGE, until: 'forever', name: STRANGE, note: STRANGE },
      };
      const blocked = await store.addEntry(block);
      expect(added).toEqual({ ...entry, id: added.id, provedAt: undefined });
      expect(blocked.id).toBeGreaterThan(added.id);
      await reopen();
      expect(await store.entry(added.id)).toEqual(added);
      expect(await store.entry(blocked.id)).toEqual({ ...block, id: blocked.id, provedAt: undefined });
      expect(await store.entry(blocked.id + 1)).toBeUndefined();
    });
    it('never get the number of another that is over', async () => {
      const first = await store.addEntry(entry);
      await store.changeEntry(first.id, { state: 'ended' });
      expect((await store.addEntry(entry)).id).toBeGreaterThan(first.id);
    });
    it('are over at the very instant of their end', async () => {
      const { id } = await store.addEntry(entry);
      const ids = async (now: Date) => (await store.liveEntries(now)).map((live) => live.id);
      expect(await ids(new Date(at(60).getTime() - 1))).toEqual([id]);
      expect(await ids(at(60))).toEqual([]);
    });
    it('are live only when they are open', async () => {
      await store.addEntry({ ...entry, state: 'opening' });
      await store.addEntry({ ...entry, state: 'ended' });
      const open = await store.addEntry({ ...entry, until: 'forever' });
      const all = [open];
      expect(await store.liveEntries(at(1e9))).toEqual(all);
      expect(await store.liveEntriesOn(entry.network, NOW)).toEqual(all);
      expect(await store.liveEntriesCovering(entry.network, NOW)).toEqual(all);
      expect(await store.liveEntriesOf('12', NOW)).toEqual(all);
    });
    it('are listed oldest first, and by kind', async () => {
      const later = await store.addEntry({ ...entry, since: at(2) });
      const block = await store.addEntry({ ...entry, since: at(1), kind: 'block', account: undefined });
      const sooner = await store.addEntry(entry);
      expect(await store.liveEntries(NOW)).toEqual([sooner, block, later]);
      expect(await store.liveEntries(NOW, 'block')).toEqual([block]);
      expect(await store.liveEntries(NOW, 'allow')).toEqual([sooner, later]);
      expect(await store.liveEntriesOf('12', NOW)).toEqual([sooner, later]);
    });
    it('are found on their network, and by everything that lies in it', async () => {
      const add = (text: string) => store.addEntry({ ...entry, what: text, network: net(text) });
      const single = await add('192.0.2.1');
      const wide = await add('192.0.2.0/24');
      const world = await add('0.0.0.0/0');
      const six = await add('2001:db8:0:1::/64');
      await add('192.0.2.2');
      expect(await store.liveEntriesOn(net('192.0.2.0/24'), NOW)).toEqual([wide]);
      expect(await store.liveEntriesOn(net('192.0.2.9'), NOW)).toEqual([]);
      expect(await store.liveEntriesCovering(net('192.0.2.1'), NOW)).toEqual([single, wide, world]);
      expect(await store.liveEntriesCovering(net('192.0.2.0/25'), NOW)).toEqual([wide, world]);
      expect(await store.liveEntriesCovering(net('2001:db8:0:1:ffff::9'), NOW)).toEqual([six]);
    });
    it('that block are found over each of many networks, once, and nothing else is', async () => {
      const add = (text: string, more: Partial<NewEntry> = {}) =>
        store.addEntry({ ...entry, kind: 'block', account: undefined, what: text, network: net(text), ...more });
      const many = Array.from({ length: 300 }, (_, i) => net(`198.51.${100 + (i >> 8)}.${i & 255}`));
      const [single, wide, six] = [
        await add('198.51.101.7'),
        await add('198.51.100.0/25'),
        await add('2001:db8:0:1::/64'),
      ];
      await add('198.51.100.9', { kind: 'allow' });
      await add('198.51.100.10', { state: 'ended' });
      await add('203.0.113.1');
      const found = await store.liveBlocksOver([...many, net('2001:db8:0:1::7'), net('2001:db8:0:1::8')], NOW);
      expect([...found].sort((a, b) => a.id - b.id)).toEqual([single, wide, six]);
      expect(await store.liveBlocksOver([], NOW)).toEqual([]);
      expect(await store.liveBlocksOver([net('198.51.0.0/16')], NOW)).toEqual([]);
    });
    it('change only in what the patch names', async () => {
      const added = await store.addEntry(entry);
      await store.changeEntry(added.id, {});
      expect(await store.entry(added.id)).toEqual(added);
      await store.changeEntry(added.id, { until: 'forever' });
      await store.changeEntry(added.id, { provedAt: at(3), services: ['sip'], note: STRANGE });
      const changed = { ...added, until: 'forever', provedAt: at(3), services: ['sip'], note: STRANGE };
      expect(await store.entry(added.id)).toEqual(changed);
      await store.changeEntry(added.id, { until: at(9), state: 'ended' });
      expect(await store.entry(added.id)).toEqual({ ...changed, until: at(9), state: 'ended' });
    });
    it('that were still opening when a process died are ended and told', async () => {
      const opening = await store.addEntry({ ...entry, state: 'opening' });
      const open = await store.addEntry(entry);
      await reopen();
      expect(await store.dropOpening()).toEqual([{ ...opening, state: 'ended' }]);
      expect(await store.dropOpening()).toEqual([]);
      expect(await store.entry(opening.id)).toEqual({ ...opening, state: 'ended' });
      expect(await store.entry(open.id)).toEqual(open);
    });
    it('are ended once, when their end has come, however many they are', async () => {
      const due = await store.transaction(async (records) => {
        const added = [];
        for (let i = 0; i < 1100; i++) added.push(await records.addEntry(entry));
        return added;
      });
      await store.addEntry({ ...entry, until: 'forever' });
      await store.addEntry({ ...entry, until: at(61) });
      await store.addEntry({ ...entry, state: 'opening' });
      expect(await store.endDue(new Date(at(60).getTime() - 1))).toEqual([]);
      expect(await store.endDue(at(60))).toEqual(due.map((one) => ({ ...one, state: 'ended' })));
      expect(await store.endDue(at(60))).toEqual([]);
    });
    it('are to be warned of once, when their account’s long enough lease ends soon', async () => {
      const soon = await store.addEntry({ ...entry, until: at(100), since: at(-100) });
      await store.addEntry({ ...entry, until: at(100), since: at(-99) });
      await store.addEntry({ ...entry, until: at(101), since: at(-100) });
      await store.addEntry({ ...entry, until: NOW, since: at(-1000) });
      await store.addEntry({ ...entry, until: 'forever' });
      await store.addEntry({ ...entry, until: at(100), since: at(-100), account: undefined });
      await store.addEntry({ ...entry, until: at(100), since: at(-100), state: 'ended' });
      expect(await store.leasesToWarnOf(NOW, at(100), 200)).toEqual([soon]);
      await store.changeEntry(soon.id, { warnedAt: NOW });
      await reopen();
      expect(await store.leasesToWarnOf(NOW, at(100), 200)).toEqual([]);
    });
    it('that calls outlast are kept until they no longer do', async () => {
      const one = await store.addEntry({ ...entry, state: 'ended' });
      const two = await store.addEntry({ ...entry, state: 'ended' });
      await store.changeEntry(two.id, { mediaUntil: at(99) });
      await store.changeEntry(one.id, { mediaUntil: at(9) });
      await reopen();
      expect(await store.outlastedLeases()).toEqual([one, two]);
      await store.changeEntry(one.id, { mediaUntil: 'over' });
      expect(await store.outlastedLeases()).toEqual([two]);
    });
    it('of the past are listed newest first, the ended ones too', async () => {
      await store.addEntry({ ...entry, since: at(-1) });
      const first = await store.addEntry({ ...entry, state: 'ended' });
      const second = await store.addEntry(entry);
      const third = await store.addEntry({ ...entry, since: at(1) });
      expect(await store.recentEntries(NOW, 10)).toEqual([third, second, first]);
      expect(await store.recentEntries(NOW, 2)).toEqual([third, second]);
    });
    it('are found by number, name, what was asked for, and network', async () => {
      const plain = await store.addEntry({ ...entry, name: 'office', what: '192.0.2.1/32' });
      await store.addEntry({ ...entry, network: net('192.0.2.2'), what: '192.0.2.2' });
      const ended = await store.addEntry({ ...entry, name: 'office', state: 'ended' });
      for (const called of ['office', '192.0.2.1/32', plain.id]) {
        expect(await store.liveEntriesCalled(called, undefined, NOW)).toEqual([plain]);
      }
      expect(await store.liveEntriesCalled('192.0.2.001', net('192.0.2.1'), NOW)).toEqual([plain]);
      expect(await store.liveEntriesCalled(ended.id, undefined, NOW)).toEqual([]);
    });
    it('are counted by what they were blocked for', async () => {
      const block: NewEntry = { ...entry, kind: 'block', services: [], account: undefined, origin: 'attack' };
      await store.addEntry(block);
      await store.addEntry({ ...block, since: at(10), state: 'ended' });
      await store.addEntry({ ...block, since: at(10), origin: 'stranger' });
      await store.addEntry({ ...block, since: at(10), network: net('192.0.2.9') });
      expect(await store.blocksSince(block.network, 'attack', NOW)).toBe(2);
      expect(await store.blocksSince(block.network, 'attack', at(1))).toBe(1);
    });
    it('with an invalid end are refused rather than kept for good', async () => {
      await expect(store.addEntry({ ...entry, until: new Date(NaN) })).rejects.toThrow(RangeError);
    });
  });

  it('finds the wide entries among the many', async () => {
    const networks = [
      '16.0.0.0/8',
      '17.0.0.0/16',
      '18.0.0.0/17',
      '192.0.2.0/24',
      '2001::/16',
      '2001:db8::/32',
      '2001:db8::/33',
    ];
    for (const network of networks) await store.addEntry({ ...entry, network: net(network), account: undefined });
    await store.addEntry({ ...entry, network: net('19.0.0.0/8'), kind: 'block' });
    await store.addEntry({ ...entry, network: net('20.0.0.0/8'), until: at(-1) });
    const wide = ['16.0.0.0/8', '17.0.0.0/16', '2001::/16', '2001:db8::/32'];
    expect((await store.liveWideEntries(NOW)).map(({ network }) => network)).toEqual(wide);
  });

  it('looks back at what ended around an address, the last first', async () => {
    const ended = (network: string, seconds: number) =>
      store.addEntry({ ...entry, network: net(network), state: 'ended', until: at(seconds) });
    const old = await ended('192.0.2.1', -100);
    const wide = await ended('192.0.2.0/24', -10);
    await ended('192.0.2.2', -5);
    await store.addEntry(entry);
    const seen = async (since: number, limit: number) =>
      (await store.endedEntriesCovering(net('192.0.2.1'), at(since), limit)).map(({ id }) => id);
    expect(await seen(-200, 9)).toEqual([wide.id, old.id]);
    expect(await seen(-50, 9)).toEqual([wide.id]);
    expect(await seen(-200, 1)).toEqual([wide.id]);
  });

  describe('groups', () => {
    const group: NewGroup = {
      kind: 'name',
      what: 'office.example.com',
      services: ['phone'],
      by: 'root',
      since: NOW,
      until: at(60),
      name: STRANGE,
      note: undefined,
      state: 'open',
      isPrimary: true,
      origin: 'freepbx',
    };

    it('are remembered, and are no entries', async () => {
      const added = await store.addGroup(group);
      await reopen();
      expect(await store.group(added.id)).toEqual({ ...group, id: added.id, pbx: added.pbx });
      expect(await store.liveGroups(NOW)).toEqual([added]);
      expect(await store.entry(added.id)).toBeUndefined();
      expect(await store.liveEntries(NOW)).toEqual([]);
      expect(await store.recentEntries(at(-1), 10)).toEqual([]);
    });
    it('have entries of their own kind: what is part of one is listed by it', async () => {
      const { id } = await store.addGroup(group);
      const part = await store.addEntry({ ...entry, account: undefined, partOf: id });
      await store.addEntry({ ...entry, account: undefined, partOf: id, state: 'ended' });
      const single = await store.addEntry({ ...entry, isPrimary: true, origin: 'plain' });
      expect(part.partOf).toBe(id);
      expect(await store.liveEntriesIn(id, NOW)).toEqual([part]);
      expect(await store.group(single.id)).toBeUndefined();
      expect(await store.entry(single.id)).toEqual(single);
      expect(single).toMatchObject({ isPrimary: true, origin: 'plain' });
    });
    it('are stale until they are fresh', async () => {
      const { id } = await store.addGroup(group);
      await store.changeGroup(id, { staleSince: at(5), note: 'away' });
      expect(await store.group(id)).toMatchObject({ staleSince: at(5), note: 'away' });
      await store.changeGroup(id, { staleSince: 'fresh' });
      expect(await store.group(id)).not.toHaveProperty('staleSince');
      const refused = ['10.0.0.1' as Network];
      await store.changeGroup(id, { staleToldAt: at(6), refused, checkedAt: at(7) });
      const { pbx } = (await store.group(id)) ?? {};
      expect(await store.group(id)).toMatchObject({ staleToldAt: at(6), refused, checkedAt: at(7) });
      expect((await store.group(id))?.checkedBy ?? '').toBe(pbx ?? '');
      await store.changeGroup(id, { staleToldAt: 'not', refused: [] });
      expect(Object.keys((await store.group(id)) ?? {})).toEqual(
        expect.not.arrayContaining(['staleToldAt', 'refused']),
      );
    });
    it('end with their time, once, and are dropped when they were never opened', async () => {
      const due = await store.addGroup(group);
      await store.addGroup({ ...group, until: 'forever' });
      const opening = await store.addGroup({ ...group, state: 'opening' });
      expect(await store.endDue(at(60))).toEqual([]);
      expect(await store.endDueGroups(at(60))).toEqual([{ ...due, state: 'ended' }]);
      expect(await store.endDueGroups(at(60))).toEqual([]);
      expect(await store.dropOpening()).toEqual([]);
      expect(await store.group(opening.id)).toMatchObject({ state: 'ended' });
      expect(await store.liveGroups(NOW)).toHaveLength(1);
    });
  });

  describe('tries', () => {
    const none = { failures: 0, locks: 0, lockedUntil: undefined };

    it('of somebody unknown are none', async () => {
      expect(await store.tries('account 99')).toEqual({ subject: 'account 99', ...none });
    });
    it('come back as they were saved, after a restart too', async () => {
      const tries = { subject: STRANGE, failures: 4, locks: 1, lockedUntil: at(900) };
      await store.saveTries({ ...tries, failures: 3 }, NOW);
      await store.saveTries(tries, NOW);
      await reopen();
      expect(await store.tries(STRANGE)).toEqual(tries);
      await store.saveTries({ subject: STRANGE, ...none }, NOW);
      expect(await store.tries(STRANGE)).toEqual({ subject: STRANGE, ...none });
    });
    const addOne = async (records: Records) => {
      const tries = await records.tries('account 12');
      await records.saveTries({ ...tries, failures: tries.failures + 1 }, NOW);
    };
    it('are counted one by one by twenty calls at once', async () => {
      await Promise.all(Array.from({ length: 20 }, () => store.transaction(addOne)));
      expect((await store.tries('account 12')).failures).toBe(20);
    });
    it('are counted one by one by two programs at once', async () => {
      const other = await openAnother();
      await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).transaction(addOne)));
      expect((await store.tries('account 12')).failures).toBe(20);
    });
    it('over a time are counted from its first instant on, for each subject', async () => {
      for (const seconds of [0, 10, 10, 20]) await store.addFailure('caller 1', at(seconds));
      await store.addFailure('caller 2', at(10));
      expect(await store.failuresSince('caller 1', at(10))).toBe(3);
      expect(await store.failuresSince('caller 1', new Date(at(10).getTime() + 1))).toBe(1);
      expect(await store.failuresSince('caller 3', at(0))).toBe(0);
    });
    it('that were good are taken back, one failure and no other', async () => {
      for (const seconds of [0, 10, 10]) await store.addFailure('caller 1', at(seconds));
      await store.addFailure('caller 2', at(10));
      await store.takeBackFailure('caller 1', at(10));
      await store.takeBackFailure('caller 1', at(5));
      expect(await store.failuresSince('caller 1', at(0))).toBe(2);
      expect(await store.failuresSince('caller 2', at(0))).toBe(1);
    });
    it('are forgotten after a day', async () => {
      const day = 24 * 3600;
      await store.addFailure('caller 1', at(0));
      await store.addFailure('caller 1', at(day));
      expect(await store.failuresSince('caller 1', at(0))).toBe(2);
      await store.addFailure('caller 2', at(day + 1));
      expect(await store.failuresSince('caller 1', at(0))).toBe(1);
    });
  });

  describe('the journal', () => {
    it('gives lines back as they were written, after a restart too', async () => {
      const written = await store.addJournal(line, NOW);
      const bare = await store.addJournal({ ...line, from: undefined, entry: undefined, before: undefined }, at(1));
      expect(written).toEqual({ ...line, id: written.id, at: NOW });
      await reopen();
      expect(await store.journalLine(written.id)).toEqual(written);
      expect(await store.journalLine(bare.id)).toEqual(bare);
      expect(await store.journalLine(bare.id + 1)).toBeUndefined();
    });
    it('keeps the order in which things happened, also when the clock was set back', async () => {
      const lines = [];
      for (const seconds of [0, 30, 10, 40]) lines.push(await store.addJournal(line, at(seconds)));
      const [first, second, third, fourth] = lines;
      expect(await store.journalAfter(0, 10)).toEqual([first, second, third, fourth]);
      expect(await store.journalAfter(second?.id ?? 0, 1)).toEqual([third]);
      expect(await store.journalSince(at(10), 10)).toEqual([second, third, fourth]);
      expect(await store.journalSince(at(0), 2)).toEqual([second, fourth]);
      expect(await store.journalSince(at(41), 2)).toEqual([]);
    });
  });

  describe('the journal’s chain', () => {
    const ids: number[] = [];
    beforeEach(async () => {
      ids.length = 0;
      const strange = { ...line, from: `${STRANGE}\u0000\u001b[2J`, why: 'half a pair \ud83d', entry: undefined };
      for (let i = 0; i < 6; i++) ids.push((await store.addJournal(i % 2 ? strange : line, at(i))).id);
    });
    const nth = (n: number) => ids[n - 1] ?? 0;

    it('is unbroken, also after a restart, and its head changes with every line', async () => {
      const before = await store.checkJournal();
      expect(before).toEqual({ kind: 'unbroken', lines: 6, head: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
      await reopen();
      expect(await store.checkJournal()).toEqual(before);
      await store.addJournal(line, at(9));
      expect(await store.checkJournal()).toMatchObject({ kind: 'unbroken', lines: 7 });
      expect(await store.checkJournal()).not.toMatchObject({ head: (before as { head: string }).head });
    });
    it('is unbroken while it is empty, and while lines are added', async () => {
      expect(await (await (await make()).open()).checkJournal()).toMatchObject({ kind: 'unbroken', lines: 0 });
      const adding = Promise.all(Array.from({ length: 30 }, (_, i) => store.addJournal(line, at(i))));
      for (let i = 0; i < 5; i++) expect(await store.checkJournal()).toMatchObject({ kind: 'unbroken' });
      await adding;
      expect(await store.checkJournal()).toMatchObject({ kind: 'unbroken', lines: 36 });
    });
    it('does not fork under two programs that write at once', async () => {
      const other = await openAnother();
      const writing = Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).addJournal(line, at(i)));
      await Promise.all(writing);
      expect(await other.checkJournal()).toMatchObject({ kind: 'unbroken', lines: 26 });
    });
    it('goes on without a gap after a transaction that failed', async () => {
      const fault = new Error('no');
      const failing = store.transaction(async (records) => {
        await records.addJournal(line, at(7));
        throw fault;
      });
      await expect(failing).rejects.toBe(fault);
      await store.addJournal(line, at(8));
      expect(await store.checkJournal()).toMatchObject({ kind: 'unbroken', lines: 7 });
    });

    const columns = [
      ...['happened_at = happened_at + 1', "action = 'block'", "done_by = 'x'", "what = 'x'", "done_from = 'x'"],
      ...['done_from = NULL', "why = 'x'", 'entry = 8', 'entry = NULL', "previous = 'x'", "pbx = 'x'", "hash = 'x'"],
    ];
    it.each(columns)('shows a line whose %s', async (change) => {
      await place.tamper(`UPDATE journal SET ${change} WHERE id = ${nth(3)}`);
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', lines: 2, line: nth(3) });
    });
    it('shows a line that was taken out, by the next one', async () => {
      await place.tamper(`DELETE FROM journal WHERE id = ${nth(3)}`);
      const why = expect.stringContaining(`does not follow line ${nth(2)}`) as string;
      expect(await store.checkJournal()).toEqual({ kind: 'broken', lines: 2, line: nth(4), why });
    });
    it('shows a first line that was taken out', async () => {
      await place.tamper(`DELETE FROM journal WHERE id = ${nth(1)}`);
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', lines: 0, line: nth(2) });
    });
    it.each([1, 6])('shows that the newest lines were taken out: %i', async (lines) => {
      await place.tamper(`DELETE FROM journal WHERE id > ${nth(6 - lines)}`);
      const why = expect.stringContaining('newest lines are missing: there were 6') as string;
      expect(await store.checkJournal()).toEqual({ kind: 'broken', lines: 6 - lines, line: nth(6), why });
    });
    it('shows two lines that changed places', async () => {
      await place.tamper(`UPDATE journal SET id = 9000 WHERE id = ${nth(3)};
        UPDATE journal SET id = ${nth(3)} WHERE id = ${nth(4)}; UPDATE journal SET id = ${nth(4)} WHERE id = 9000`);
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', lines: 2, line: nth(3) });
    });
    it('shows a line that was put in, between others or behind them, and goes on', async () => {
      const all = 'happened_at, action, done_by, what, done_from, why, entry, previous, hash';
      const copy = (from: number, to: number) =>
        place.tamper(`INSERT INTO journal (id, ${all}) SELECT ${to}, ${all} FROM journal WHERE id = ${from}`);
      await copy(nth(6), nth(6) + 1);
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', lines: 6, line: nth(6) + 1 });
      expect((await store.addJournal(line, at(9))).id).toBe(nth(6) + 2);
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', lines: 6, line: nth(6) + 1 });
      await place.tamper(`DELETE FROM journal WHERE id = ${nth(3)}`);
      await copy(nth(2), nth(3));
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', lines: 2, line: nth(3) });
    });
    it('shows that its head was taken away', async () => {
      await place.tamper('DELETE FROM journal_head');
      expect(await store.checkJournal()).toMatchObject({
        kind: 'broken',
        why: expect.stringContaining('head') as string,
      });
      await expect(store.addJournal(line, at(9))).rejects.toMatchObject({ code: 'STORE_FAILED' });
    });
    it('takes in the lines of a store from before it', async () => {
      await stores.pop()?.close();
      await place.tamper(`ALTER TABLE journal DROP COLUMN hash; DROP TABLE journal_head;
        DELETE FROM tollgate_migration WHERE name > '0001-z'`);
      store = await openAnother();
      expect(await store.checkJournal()).toMatchObject({ kind: 'unbroken', lines: 6 });
      await place.tamper(`UPDATE journal SET why = 'x' WHERE id = ${nth(2)}`);
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', line: nth(2) });
    });
  });

  describe('what a person revoked of an import', () => {
    const end = { state: 'ended', until: at(5), declinedBy: STRANGE } as const;
    const add = (patch: Partial<NewEntry>) =>
      store.addEntry({ ...entry, account: undefined, until: 'forever', origin: 'freepbx', ...patch });
    const named = { kind: 'name', what: 'sip.example.com', services: ['sip'], by: 'root', since: NOW } as const;
    const group = { ...named, until: 'forever', name: undefined, note: undefined, state: 'open', origin: 'freepbx' };

    it('is remembered until it is open again, however old it is', async () => {
      const { id, what, services } = await add({});
      await add({ what: '192.0.2.88' });
      await store.changeEntry(id, end);
      const other = await store.addGroup(group as NewGroup);
      await store.changeGroup(other.id, end);
      await reopen();
      const both = [
        { what, services, by: STRANGE, at: at(5) },
        { what: 'sip.example.com', services: ['sip'], by: STRANGE, at: at(5) },
      ];
      expect(await store.declined('freepbx')).toEqual(both);
      expect(await store.declined('asterisk')).toEqual([]);
      while ((await store.forget({ journal: at(1e6), letters: at(1e6) }, at(2e6))) > 0);
      expect(await store.declined('freepbx')).toEqual(both);
      await add({ services: ['ssh'] });
      await store.addGroup(group as NewGroup);
      expect(await store.declined('freepbx')).toEqual(both.slice(0, 1));
      await store.changeEntry((await add({})).id, { state: 'ended', until: at(9) });
      expect(await store.declined('freepbx')).toEqual([]);
    });
  });

  describe('what is old', () => {
    const all = { journal: at(1e6), letters: at(1e6) };
    const none = { failures: 1, locks: 0, lockedUntil: undefined };
    const forgetAll = async (older = all) => {
      for (let rows = 1; rows > 0;) rows = await store.forget(older, at(2e6));
    };
    beforeEach(async () => {
      await store.transaction(async (records) => {
        for (let i = 0; i < 6; i++) await records.addJournal(line, at(i));
      });
    });
    const older = (seconds: number) => ({ journal: at(seconds), letters: at(seconds) });

    it('is forgotten up to its day, and the journal that is kept is still held to it', async () => {
      const { head } = (await store.checkJournal()) as { head: string };
      expect(await store.forget(older(4), NOW)).toBe(4);
      expect(await store.forget(older(4), NOW)).toBe(0);
      await reopen();
      const forgotten = { lines: 4, until: at(3) };
      expect(await store.checkJournal()).toEqual({ kind: 'unbroken', lines: 2, head, forgotten });
      const { id } = await store.addJournal(line, at(9));
      expect(await store.checkJournal()).toMatchObject({ kind: 'unbroken', lines: 3, forgotten });
      await place.tamper(`UPDATE journal SET why = 'x' WHERE id = ${id - 1}`);
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', lines: 1, line: id - 1 });
      await place.tamper(`DELETE FROM journal WHERE id < ${id - 1}`);
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', lines: 0 });
    });
    it('may be the whole journal, and the next line still follows', async () => {
      await forgetAll();
      expect(await store.journalAfter(0, 9)).toEqual([]);
      const forgotten = { lines: 6, until: at(5) };
      expect(await store.checkJournal()).toMatchObject({ kind: 'unbroken', lines: 0, forgotten });
      expect((await store.addJournal(line, at(9))).id).toBe(7);
      expect(await store.checkJournal()).toMatchObject({ kind: 'unbroken', lines: 1, forgotten });
    });
    it('is no reason to forget a line that does not fit', async () => {
      await place.tamper("UPDATE journal SET why = 'x' WHERE id = 3");
      await forgetAll();
      expect((await store.journalAfter(0, 9)).map(({ id }) => id)).toEqual([3, 4, 5, 6]);
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', lines: 0, line: 3 });
    });
    it('cannot be put back into the journal', async () => {
      const rest = 'happened_at, action, done_by, what, why, hash';
      await store.forget(older(3), NOW);
      await place.tamper(`INSERT INTO journal (id, ${rest}) SELECT 2, ${rest} FROM journal WHERE id = 5`);
      expect(await store.checkJournal()).toMatchObject({ kind: 'broken', lines: 0, line: 2 });
    });
    it('goes while the journal is checked and written', async () => {
      const work = Promise.all([
        ...Array.from({ length: 10 }, (_, i) => store.addJournal(line, at(10 + i))),
        ...Array.from({ length: 6 }, (_, i) => store.forget(older(i + 1), NOW)),
      ]);
      for (let i = 0; i < 8; i++) expect(await store.checkJournal()).toMatchObject({ kind: 'unbroken' });
      await work;
      expect(await store.checkJournal()).toMatchObject({ kind: 'unbroken', lines: 10, forgotten: { lines: 6 } });
    });
    it('is taken a part at a time', async () => {
      await store.transaction(async (records) => {
        for (let i = 0; i < 600; i++) await records.addJournal(line, at(10));
      });
      expect(await store.forget(all, NOW)).toBe(500);
      expect(await store.forget(all, NOW)).toBe(106);
    });

    it('is every entry and group that had ended, and none that is open or ended later', async () => {
      const add = (patch: Partial<NewEntry>) => store.addEntry({ ...entry, until: at(60), ...patch });
      await add({ state: 'ended' });
      const old = await store.addGroup({
        ...{ kind: 'name', what: 'x.example.com', services: ['sip'], by: 'root', since: NOW, until: at(60) },
        ...{ name: undefined, note: undefined, state: 'ended' },
      });
      await add({ state: 'ended' });
      const kept = [
        await add({ state: 'ended', until: at(100) }),
        await add({ until: 'forever' }),
        await add({ state: 'opening' }),
        await add({ state: 'ended' }),
      ];
      expect(await store.forget({ ...older(100), journal: at(100) }, NOW)).toBe(3 + 6);
      const left = (await store.recentEntries(NOW, 9)).map(({ id }) => id);
      expect(left.sort((a, b) => a - b)).toEqual(kept.map(({ id }) => id)); // the last of all keeps its number taken
      expect(await store.group(old.id)).toBeUndefined();
    });
    it('is every letter that was sent, and much later those that were given up', async () => {
      const queue = (id: string) => store.queueLetter(letter, id, NOW);
      const [sent, failed] = [await queue('<1@x>'), await queue('<2@x>')];
      await queue('<3@x>');
      await store.letterSent(sent.id, at(5));
      await store.letterFailed(failed.id, 'no', undefined);
      await forgetAll({ journal: at(-9), letters: at(5) });
      expect(await store.letterCounts()).toMatchObject({ waiting: 1, failed: 1, sent: 1 });
      await forgetAll({ journal: at(-9), letters: at(6) });
      expect(await store.letterCounts()).toMatchObject({ waiting: 1, failed: 1, sent: 0 });
      await forgetAll(older(6));
      expect(await store.letterCounts()).toMatchObject({ waiting: 1, failed: 0 });
    });
    it('is every count of tries that nobody added to, unless its lock was on by then', async () => {
      await store.saveTries({ subject: 'a', ...none }, at(5));
      await store.saveTries({ subject: 'b', ...none, locks: 1, lockedUntil: at(20) }, at(5));
      await place.tamper("INSERT INTO tries (subject, failures, locks) VALUES ('before', 4, 0)");
      await forgetAll(older(10));
      expect(await store.tries('a')).toMatchObject({ failures: 0 });
      expect(await store.tries('b')).toMatchObject({ locks: 1 });
      await forgetAll(older(21));
      expect(await store.tries('b')).toMatchObject({ locks: 0 });
      expect(await store.tries('before')).toMatchObject({ failures: 4 });
    });
  });

  describe('letters', () => {
    const counts = { waiting: 0, failed: 0, sent: 0, lastError: undefined };

    it('are due at once, oldest first, as they were queued, after a restart too', async () => {
      const first = await store.queueLetter(letter, '<1@example.org>', NOW);
      const second = await store.queueLetter({ ...letter, subject: 'two' }, '<2@example.org>', NOW);
      expect(first).toEqual({ ...letter, id: first.id, messageId: '<1@example.org>', queuedAt: NOW, tries: 0 });
      await reopen();
      expect(await store.dueLetters(NOW, 10)).toEqual([first, second]);
      expect(await store.dueLetters(NOW, 1)).toEqual([first]);
      expect(await store.dueLetters(at(-1), 10)).toEqual([]);
    });
    it('that failed are tried again when their time has come, and sent once', async () => {
      const queued = await store.queueLetter(letter, '<1@example.org>', NOW);
      await store.letterFailed(queued.id, STRANGE, at(60));
      expect(await store.letterCounts()).toEqual({ ...counts, waiting: 1, lastError: STRANGE });
      expect(await store.dueLetters(at(59), 10)).toEqual([]);
      expect(await store.dueLetters(at(60), 10)).toEqual([{ ...queued, tries: 1 }]);
      await store.letterSent(queued.id, at(61));
      expect(await store.dueLetters(at(1e9), 10)).toEqual([]);
      expect(await store.letterCounts()).toEqual({ ...counts, sent: 1 });
    });
    it('that were given up are kept and counted, with the reason', async () => {
      const queued = await store.queueLetter(letter, '<1@example.org>', NOW);
      await store.letterFailed(queued.id, 'mailbox full', at(60));
      await store.letterFailed(queued.id, 'no such mailbox', undefined);
      expect(await store.dueLetters(at(1e9), 10)).toEqual([]);
      expect(await store.letterCounts()).toEqual({ ...counts, failed: 1, lastError: 'no such mailbox' });
    });
    it('are queued once under one Message-ID', async () => {
      await store.queueLetter(letter, '<1@example.org>', NOW);
      await expect(store.queueLetter(letter, '<1@example.org>', NOW)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      expect((await store.letterCounts()).waiting).toBe(1);
    });
  });

  describe('the revision', () => {
    it('counts each transaction that changed an entry for the kernel, and no other', async () => {
      expect(await store.revision()).toBe(0);
      const added = await store.transaction(async (records) => {
        await records.addEntry(entry);
        return records.addEntry(entry);
      });
      expect(await store.revision()).toBe(1);
      const opening = await store.addEntry({ ...entry, state: 'opening' });
      await store.changeEntry(added.id, { provedAt: at(1), note: 'x' });
      await store.addFailure('caller 1', NOW);
      expect(await store.revision()).toBe(1);
      await store.changeEntry(opening.id, { state: 'open' });
      await store.changeEntry(added.id, { until: at(5) });
      expect(await store.revision()).toBe(3);
      await store.endDue(at(60));
      expect(await store.revision()).toBe(4);
      await store.endDue(at(60));
      await reopen();
      expect(await store.revision()).toBe(4);
    });
    it('is not counted by a transaction that fails', async () => {
      const work = store.transaction(async (records) => {
        await records.addEntry(entry);
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(await store.revision()).toBe(0);
    });
    it('shows a program nothing of what it has done itself', async () => {
      await store.addEntry(entry);
      expect(await store.changedElsewhere(0)).toEqual([]);
    });
  });

  describe('the mode', () => {
    const unknown: ModeState = { mode: undefined, trial: undefined, listening: undefined };

    it('is unknown at first, and then what was saved last', async () => {
      expect(await store.modeState()).toEqual(unknown);
      const onTrial: ModeState = {
        mode: 'watch',
        trial: { mode: 'guard', until: at(60), connections: ['198.51.100.7 50000 192.0.2.1 22'] },
        listening: { sip: [{ protocol: 'udp', first: 5060, last: 5061 }], iax: [] },
        links: { trusted: [{ network: '192.168.1.0/24' as Network, device: 'eth1' }], dhcpDevices: [] },
      };
      await store.saveModeState(onTrial);
      await reopen();
      expect(await store.modeState()).toEqual(onTrial);
      await store.saveModeState({ ...unknown, mode: 'guard' });
      expect(await store.modeState()).toEqual({ ...unknown, mode: 'guard' });
      await store.saveModeState(unknown);
      expect(await store.modeState()).toEqual(unknown);
    });
    it('is told apart from one that was taken away', async () => {
      expect(await store.isModeRemoved()).toBe(false);
      await store.saveModeState({ ...unknown, mode: 'guard' });
      expect(await store.isModeRemoved()).toBe(false);
      await store.saveModeState(unknown);
      await reopen();
      expect(await store.isModeRemoved()).toBe(true);
    });
  });

  describe('who was heard', () => {
    const heard = (name: string, address: string) => ({ name, address: address as Network, kind: 'phone' }) as const;

    it('is known for a day, each address once, the latest first', async () => {
      await store.saveHeard([heard('701', '192.0.2.7'), heard('702', '2001:db8::7')], NOW);
      await store.saveHeard([heard('703', '192.0.2.7')], at(60));
      await reopen();
      expect(await store.heardSince(NOW)).toEqual([heard('703', '192.0.2.7'), heard('702', '2001:db8::7')]);
      expect(await store.heardSince(at(1))).toEqual([heard('703', '192.0.2.7')]);
      await store.saveHeard([heard('704', '192.0.2.8')], at(24 * 3600 + 1));
      expect(await store.heardSince(new Date(0))).toEqual([heard('704', '192.0.2.8'), heard('703', '192.0.2.7')]);
    });
  });

  describe('who tried whose password', () => {
    const tried = (account: string, address: string, seconds: number) => ({
      ...{ account, address: address as Network, at: at(seconds) },
    });

    it('is each account and address once, the latest first, until it is too old', async () => {
      const names = ['701', "x'; drop table tried; --", '\u{1f4a3}'.repeat(32)];
      await store.saveTried(
        names.map((name, i) => tried(name, '192.0.2.7', i)),
        NOW,
      );
      await store.saveTried([tried('701', '192.0.2.7', 60), tried('701', '2001:db8::7', 50)], NOW);
      await reopen();
      const [, sly = '', long = ''] = names;
      expect(await store.triedSince(NOW)).toEqual([
        ...[tried('701', '192.0.2.7', 60), tried('701', '2001:db8::7', 50)],
        ...[tried(long, '192.0.2.7', 2), tried(sly, '192.0.2.7', 1)],
      ]);
      expect(await store.triedSince(at(51))).toEqual([tried('701', '192.0.2.7', 60)]);
      await store.saveTried([], at(51));
      expect(await store.triedSince(NOW)).toEqual([tried('701', '192.0.2.7', 60)]);
    });
  });

  describe('what was told', () => {
    it('is not told again, until it was gone and came back', async () => {
      expect(await store.untold('trunks', ['a', "b'; --", 'ä'])).toEqual(['a', "b'; --", 'ä']);
      await store.saveTold('trunks', ["b'; --", 'ä'], NOW);
      await reopen();
      expect(await store.untold('trunks', ['a', "b'; --", 'ä'])).toEqual(['a']);
      expect(await store.untold('phones', ['ä'])).toEqual(['ä']);
      await store.saveTold('trunks', ['a'], NOW);
      expect(await store.untold('trunks', ['a', 'ä'])).toEqual(['ä']);
    });
  });

  describe('a transaction', () => {
    it('resolves to what its work does, and its changes are there for all', async () => {
      const other = await openAnother();
      const added = await store.transaction(async (records) => {
        await records.addJournal(line, NOW);
        return records.addEntry(entry);
      });
      expect(await other.liveEntries(NOW)).toEqual([added]);
      expect(await other.journalAfter(0, 10)).toHaveLength(1);
    });
    it('sees its own changes', async () => {
      const seen = await store.transaction(async (records) => {
        const added = await records.addEntry({ ...entry, state: 'opening' });
        await records.changeEntry(added.id, { state: 'open' });
        await records.addFailure('caller 1', NOW);
        return [
          await records.liveEntries(NOW),
          await records.endDue(at(60)),
          await records.failuresSince('caller 1', NOW),
        ];
      });
      expect(seen).toMatchObject([[{ state: 'open' }], [{ state: 'ended' }], 1]);
    });
    it('that fails leaves nothing, and rejects with the very fault', async () => {
      await store.saveAccount(account);
      const fault = new Error('the kernel refused');
      const work = store.transaction(async (records) => {
        await records.addEntry(entry);
        await records.addJournal(line, NOW);
        await records.removeAccount('12');
        await records.saveTries({ subject: 'account 12', failures: 1, locks: 0, lockedUntil: undefined }, NOW);
        await records.addFailure('account 12', NOW);
        await records.queueLetter(letter, '<1@example.org>', NOW);
        await records.saveModeState({ mode: 'guard', trial: undefined, listening: undefined });
        throw fault;
      });
      await expect(work).rejects.toBe(fault);
      await reopen();
      expect(await store.liveEntries(NOW)).toEqual([]);
      expect(await store.journalAfter(0, 10)).toEqual([]);
      expect(await store.accounts()).toEqual([account]);
      expect((await store.tries('account 12')).failures).toBe(0);
      expect(await store.failuresSince('account 12', NOW)).toBe(0);
      expect((await store.letterCounts()).waiting).toBe(0);
      expect((await store.modeState()).mode).toBeUndefined();
    });
    it('whose query fails leaves nothing', async () => {
      await store.queueLetter(letter, '<1@example.org>', NOW);
      const work = store.transaction(async (records) => {
        await records.addEntry(entry);
        await records.queueLetter(letter, '<1@example.org>', NOW);
      });
      await expect(work).rejects.toMatchObject({ code: 'STORE_FAILED' });
      expect(await store.liveEntries(NOW)).toEqual([]);
    });
    it('comes after those that were asked for before it', async () => {
      const order: string[] = [];
      const slow = store.transaction(async (records) => {
        await records.tries('a');
        await records.tries('b');
        order.push('first');
      });
      const quick = store.transaction(() => Promise.resolve(order.push('second')));
      await Promise.all([slow, quick]);
      expect(order).toEqual(['first', 'second']);
    });
  });
}
