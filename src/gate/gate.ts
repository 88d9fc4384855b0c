/** What answers people, callers, Asterisk and time: the operations and the rounds, joined. */
import type { Doorkeeper } from '../domain/doorkeeper';
import type { Login } from '../domain/login';
import type { Proof } from '../domain/phones';
import type { StrangerDoor } from '../domain/stranger-door';
import { AppError } from '../errors';
import * as accounts from './travellers/accounts';
import { attackWatch } from './strangers/attack-watch';
import { allow } from './doors/allow';
import { listBackups, restoreBackup } from './modes/backups';
import { block } from './doors/block';
import { revoke, unblock } from './doors/closing';
import { check } from './check';
import { countryOperations } from './countries/country-operations';
import { oldDataWatch } from './countries/old-data';
import { tableChanges, type TableChanges } from './countries/table-changes';
import { doorkeeper } from './travellers/doorkeeper';
import { Doors } from './doors/doors';
import { driftWatch } from './modes/drift';
import { exchangeWatch, type ExchangeWatch } from './imports/exchange-watch';
import * as entries from './doors/entries';
import { openExempt, type Exempt } from './strangers/exempt';
import { explain } from './explain/explain';
import { follower, type Follower } from './follow';
import { nameFollower } from './names/follow-names';
import { outlastedCalls } from './doors/outlasted-calls';
import { foreseeLosses } from './modes/foresee';
import { forgetful } from './forgetful';
import { openEar } from './modes/heard';
import * as modes from './modes/modes';
import type { Parts } from './parts';
import { intruderDesk } from './strangers/intruder-news';
import { importIptables } from './imports/import-iptables';
import { importPlain } from './imports/import-plain';
import { recordProof } from './travellers/proof';
import { keepInSight } from './doors/protected';
import { status, type MoreStatus } from './status';
import { tryToSaveBackup } from './modes/save-backup';
import { shapeOfCheck, shapeOfLine } from './shape';
import { tighten } from './modes/stricter';
import { strangerCalls } from './strangers/stranger-calls';
import { strangerWatch } from './strangers/stranger-watch';
import { undo } from './undo';
import { warnOfEndings } from './doors/warnings';
import type { Operations } from './operations';

type Asked = entries.Asked;

export interface Gate {
  readonly operations: Operations;
  readonly doorkeeper: Doorkeeper;
  readonly strangerDoor: StrangerDoor;
  /** Ends what a process that died had begun to open: nobody was told of it. */
  dropUnconfirmed(): Promise<void>;
  /** The same, and makes the kernel hold what the store says. */
  restore(): Promise<readonly string[]>;
  /** What time brings: ended leases, a lapsed trial, warnings of leases that end soon. Called every second or so. */
  tick(): Promise<void>;
  /** Asterisk saw a good password. Never rejects. */
  proof(proof: Proof): Promise<void>;
  /** Asterisk tells of a login, good or not. Returns at once. */
  login(login: Login): void;
  /** Asterisk answers (again): looks at everybody who is registered. Never rejects. */
  asteriskIsBack(): Promise<void>;
  /** Resolves when all logins that were told have been dealt with. */
  settled(): Promise<void>;
  /** The same, and writes the mail that waits for more news, which only this process remembers. Never rejects. */
  leave(): Promise<void>;
  /** What other PBXs did in a database that they share; called twice a second. */
  follow(): Promise<void>;
  /** Asks Asterisk whom it knows, and remembers it; called every few seconds, and may take a while. */
  hear(): Promise<void>;
  /** Looks up the names, providers and exceptions whose time has come; called every second or so, and may take a while. */
  followNames(stop: AbortSignal): Promise<void>;
  /** Compares FreePBX with what is open when its time has come; called every few seconds, and may take a while. */
  compareExchange(): Promise<void>;
  /** Brings the kernel back to the store's word if somebody changed it; called every minute or so. */
  reconcile(): Promise<readonly string[]>;
  /** Sees within a second or so what others change in the firewall, mends it and tells; until `stop`. */
  watchFirewall(stop: AbortSignal): Promise<void>;
}

export function openGate(parts: Parts, moreStatus: MoreStatus): Gate {
  const doors = new Doors(parts);
  const ear = openEar(parts);
  const desk = intruderDesk(parts);
  const exempt = openExempt(parts);
  const strangers = strangerWatch(parts, doors, desk, exempt);
  const lasting = outlastedCalls(parts, doors);
  const expire = async () => lasting.end((await doors.expire()).length > 0);
  const names = nameFollower(parts, doors);
  const tables = tableChanges(parts, { strangers, tellKernel: () => modes.reconcile(parts, doors) });
  const others = follower(parts, doors, tables);
  const mend = () => (others.away() ? parts.firewall.restore({ dryRun: false }) : modes.reconcile(parts, doors));
  const drift = driftWatch(parts, mend);
  const exchange = exchangeWatch(parts, doors);
  const more: MoreStatus = async () => [...[drift.part() ?? []].flat(), ...exchange.status(), ...(await moreStatus())];
  const old = forgetful(parts);
  const tellOfOldData = oldDataWatch(parts);
  const attacks = attackWatch(parts, doors, desk, exempt);
  const strangerDoor = strangerCalls(parts, exempt, desk);
  const settled = async () => {
    await Promise.all([attacks.settled(), strangers.settled(), strangerDoor.settled()]);
  };
  const dropUnconfirmed = async () => {
    const dropped = await parts.store.transaction((records) => records.dropOpening());
    for (const entry of dropped)
      parts.log('door-never-confirmed', {
        entry: entry.id,
        network: entry.network,
      });
  };
  return {
    operations: operationsOf(parts, doors, others, { exempt, tables, exchange }, more),
    doorkeeper: doorkeeper(parts, doors),
    strangerDoor,
    dropUnconfirmed,
    async restore() {
      await dropUnconfirmed();
      await expire();
      await others.begin();
      await tables.begin();
      await attacks.begin();
      await modes.finishRemoval(parts, doors);
      await modes.forgetLostTrial(parts, doors);
      const why = 'Before Tollgate brought the rules to what it remembers, at its start.';
      return modes.reconcile(parts, doors, (open) => tryToSaveBackup(parts, why, open));
    },
    async tick() {
      if (others.away()) return; // the kernel ends leases by itself
      await expire();
      await modes.forgetLapsedTrial(parts, doors);
      await parts.countries.follow();
      await warnOfEndings(parts);
      await desk.tick();
      await attacks.tick();
      await tellOfOldData();
      await old.tick();
    },
    login: (login) => attacks.see(login),
    asteriskIsBack: () => strangers.catchUp(),
    settled,
    async leave() {
      await settled();
      await desk.flush().catch((error: unknown) => parts.log('news-not-mailed', { error: String(error) }));
    },
    async hear() {
      await keepInSight(parts);
      if (!others.away()) await ear.look();
    },
    async proof(proof) {
      ear.proof(proof);
      strangers.heard(proof);
      await recordProof(parts, proof).catch((error: unknown) => parts.log('proof-lost', { error: String(error) }));
    },
    async followNames(stop) {
      const letGo = async () => {
        if ((await exempt.look()) && !others.away()) await strangers.forgive({ by: 'Tollgate', from: 'DNS' });
      };
      await Promise.all([letGo(), others.away() ? undefined : names.look(stop)]);
    },
    compareExchange: () => (others.away() ? Promise.resolve() : exchange.look()),
    async reconcile() {
      if (others.away() || drift.isResting) return [];
      const lines = await modes.reconcile(parts, doors);
      await tables.finish();
      return lines;
    },
    watchFirewall: (stop) => drift.run(stop),
    follow: () => others.look(() => modes.reconcile(parts, doors)),
  };
}

interface Watching {
  readonly exempt: Exempt;
  readonly tables: TableChanges;
  readonly exchange: ExchangeWatch;
}

function operationsOf(
  parts: Parts,
  doors: Doors,
  others: Follower,
  { exempt, tables, exchange }: Watching,
  moreStatus: MoreStatus,
): Operations {
  return {
    status: (asked) => status(parts, others, { ...asked, more: moreStatus }),
    async log({ afterId, since, limit }) {
      const { store } = parts;
      const from = new Date(since ?? 0);
      const lines = afterId === undefined ? store.journalSince(from, limit) : store.journalAfter(afterId, limit);
      return (await lines).map(shapeOfLine);
    },
    logVerify: async () => shapeOfCheck(await parts.store.checkJournal()),
    undo: (asked) => undo(parts, doors, asked),

    accountAdd: (asked) => accounts.addAccount(parts, asked),
    accountList: () => accounts.listAccounts(parts),
    accountShow: ({ number }) => accounts.showAccount(parts, number),
    accountSet: (asked) => accounts.setAccount(parts, asked),
    accountPin: (asked) => accounts.setPin(parts, asked),
    accountUnlock: (asked) => accounts.unlockAccount(parts, asked),
    accountEnable: (asked) => accounts.enableAccount(parts, doors, asked),
    accountRemove: (asked) => accounts.removeAccount(parts, doors, asked),

    allow: (asked) => allow(parts, doors, asked),
    revoke: (asked) => revoke(parts, doors, asked),
    block: (asked) => block(parts, doors, asked),
    unblock: (asked) => unblock(parts, doors, asked),
    list: () => entries.list(parts),
    explain: ({ what, legacy }) => explain(parts, what, legacy),

    importFreepbx: (asked) => exchange.importFrom('freepbx', asked),
    importAsterisk: (asked) => exchange.importFrom('asterisk', asked),
    importPlain: (asked) => importPlain(parts, doors, asked),
    importIptables: (asked) => importIptables(parts, doors, asked),

    async init(asked) {
      const { mode } = await parts.store.modeState();
      if (mode)
        return {
          mode,
          trial: null,
          lines: [...(await modes.reconcile(parts, doors))],
          lost: [],
        };
      return modes.loosen(parts, doors, { ...asked, mode: 'watch' });
    },
    async watch(asked) {
      const shape = await modes.loosen(parts, doors, { ...asked, mode: 'watch' });
      return { ...shape, wouldLose: await foreseeLosses(parts) };
    },
    guard: (asked) => tighten(parts, doors, { ...asked, mode: 'guard' }),
    secure: (asked) => tighten(parts, doors, { ...asked, mode: 'secure' }),
    confirm: (asked) => modes.confirm(parts, doors, asked),
    rollback: (asked) => modes.rollback(parts, doors, asked),
    async firewallShow() {
      const [rules, members] = await Promise.all([parts.firewall.rules(), parts.firewall.members()]);
      return { rules, members };
    },
    async firewallApply(asked) {
      const { mode } = await parts.store.modeState();
      if (!mode) throw new AppError('REFUSED', 'no mode was ever chosen', 'tollgate init, or tollgate watch');
      const lines = asked.dryRun
        ? await modes.planned(parts, doors)
        : await modes.reconcile(parts, doors, (open) =>
            tryToSaveBackup(parts, 'Before the firewall was applied.', open),
          );
      return { mode, trial: null, lines, lost: [] };
    },
    firewallRestore: (asked) => modes.restoreFirewall(parts, doors, asked),
    firewallRemove: (asked) => modes.removeFirewall(parts, doors, asked),
    backupList: () => listBackups(parts),
    backupRestore: (asked) => restoreBackup(parts, doors, asked),

    ...countryOperations(parts, { exempt, tables }),
    check: () => check(parts, exempt),

    mailTest: (asked) => mailTest(parts, asked),
  };
}

async function mailTest(parts: Parts, { to, dryRun }: Asked & { readonly to: string }) {
  const [letter] = parts.post.lettersFor({ kind: 'test', to });
  if (!letter) throw new AppError('MISUSED', `"${to}" is no e-mail address`, 'write one, as ann@example.com');
  if (dryRun) return { to, answer: `would send: ${letter.subject}` };
  const answer = await parts.post.sendNow(letter);
  return { to, answer };
}
