/** A terminal, a clock and a product for one command; what it asked for and printed is kept. */
import { runMain } from '../../src/cli/run-main';
import type { Product, Terminal, World } from '../../src/cli/product';
import { readConfig } from '../../src/config';
import type {
  AccountShape,
  AllowedShape,
  EntryShape,
  ImportShape,
  JournalShape,
  ModeShape,
} from '../../src/domain/shapes';
import { countryAnswers } from './country-answers';
import type { Operations } from '../../src/gate/operations';

const NOW = new Date('2026-11-22T10:00:00Z');
const SINCE = '2026-11-22T09:30:00.000Z';
const TOMORROW = '2026-11-23T12:00:00.000Z';

export function allowed(more: Partial<AllowedShape> = {}): AllowedShape {
  return { ...entry(more), unblocked: [], stillBlockedBy: [], ...more };
}

export function entry(more: Partial<EntryShape> = {}): EntryShape {
  return {
    ...{ id: 7, what: '198.51.100.7', kind: 'address', addresses: ['198.51.100.7'], services: ['phone'] },
    ...{ account: null, by: 'root', since: SINCE, until: TOMORROW, name: null, note: null, state: 'active' },
    ...{ primary: false, origin: null, pbx: null },
    ...more,
  };
}

export function account(more: Partial<AccountShape> = {}): AccountShape {
  return {
    ...{ number: '12', name: 'Night desk', email: 'desk@example.com', services: ['phone'], extensions: ['1001'] },
    ...{ callers: [], maxOpen: 2, leaseSeconds: 259_200, disabled: false, hasPin: true, lockedUntil: null, open: [] },
    ...more,
  };
}

export function line(more: Partial<JournalShape> = {}): JournalShape {
  return {
    ...{ id: 41, at: SINCE, action: 'allow', by: 'root', what: '198.51.100.7', from: 'command' },
    ...{ why: 'Allowed for phone.', entry: 7, pbx: null },
    ...more,
  };
}

export function mode(more: Partial<ModeShape> = {}): ModeShape {
  return { mode: 'watch', trial: null, lines: ['-A TOLLGATE -j DROP'], lost: [], ...more };
}

function imported(more: Partial<ImportShape> = {}): ImportShape {
  const line = { services: ['phone'], name: null, hint: null, entry: null };
  return {
    origin: 'plain',
    applied: false,
    proposals: [
      { ...line, state: 'new', what: '192.0.2.7', name: 'office', why: 'line 1' },
      { ...line, state: 'same', what: '192.0.2.8', why: 'line 2', entry: 8 },
      { ...line, state: 'gone', what: '192.0.2.9', why: 'import plain brought it and no longer has it', entry: 9 },
    ],
    ...more,
  };
}

const BACKUP = { id: '20261122-093000', at: SINCE, why: 'Before: Mode watch.', mode: 'guard', open: 3 } as const;

/** Every operation answers with something plausible. */
export function operations(more: Partial<Operations> = {}): Operations {
  const withPin = (pin: string | undefined) => ({ ...account(), pin: pin === undefined ? '83710465' : null });
  const closed = { closed: [entry({ state: 'ended' })], callsHungUp: ['PJSIP/1001-00000001'], stillOpenBy: [] };
  const done = <T>(value: T) => Promise.resolve(value);
  return {
    status: () =>
      done({
        ok: true,
        mode: 'guard',
        parts: [
          { name: 'firewall', state: 'ok', since: null, detail: 'mode guard, 40 rules', hint: null },
          { name: 'asterisk', state: 'ok', since: SINCE, detail: 'Asterisk 22', hint: null },
          { name: 'doors', state: 'ok', since: null, detail: '1 open, 0 blocked', hint: null },
          { name: 'mail', state: 'ok', since: null, detail: '0 waiting', hint: null },
        ],
      }),
    log: () => done([line()]),
    logVerify: () => done({ ok: true, lines: 41, head: 'ab12', broken: null }),
    undo: () => done({ undid: 'Line 41 (allow 198.51.100.7) was undone.', opened: [], closed: [entry()] }),
    accountAdd: ({ pin }) => done(withPin(pin)),
    accountList: () => done([account({ open: [entry({ account: '12' })] })]),
    accountShow: () => done(account({ open: [entry({ account: '12' })] })),
    accountSet: () => done(account()),
    accountPin: ({ pin }) => done(withPin(pin)),
    accountUnlock: () => done(account()),
    accountEnable: ({ enabled }) => done(account({ disabled: !enabled })),
    accountRemove: () => done(account()),
    allow: ({ what, services }) => done(allowed({ what, services: services ?? ['phone'] })),
    revoke: () => done(closed),
    block: ({ what }) => done(entry({ what, addresses: [what], kind: 'block', services: [], until: null })),
    unblock: () => done(closed),
    list: () => done([entry(), entry({ id: 8, kind: 'block', services: [], until: null, what: '203.0.113.0/24' })]),
    explain: ({ what }) =>
      done({
        address: what,
        country: null,
        verdict: { sip: 'accept', ssh: 'drop' },
        because: [
          { step: '6 entry', text: 'sip: open.', entry: 7, since: SINCE, by: 'root', packets: 3, hint: null },
          { ...{ step: '9 no entry', text: 'ssh: no entry lets this address in.', entry: null, since: null } },
        ].map((reason) => ({ by: null, packets: null, hint: 'tollgate allow 198.51.100.7 --service ssh', ...reason })),
      }),
    importIptables: ({ dryRun }) => done(imported({ origin: 'iptables', applied: dryRun !== true })),
    importFreepbx: ({ dryRun }) => done(imported({ origin: 'freepbx', applied: dryRun !== true })),
    importAsterisk: ({ dryRun }) => done(imported({ origin: 'asterisk', applied: dryRun !== true })),
    importPlain: ({ dryRun }) => done(imported({ applied: dryRun !== true })),
    init: () => done(mode()),
    watch: () => done(mode()),
    guard: () => done(mode({ trial: { mode: 'guard', until: '2026-11-22T10:01:00.000Z' } })),
    secure: () => done(mode({ trial: { mode: 'secure', until: '2026-11-22T10:01:00.000Z' } })),
    confirm: () => done(mode({ mode: 'guard' })),
    rollback: () => done(mode()),
    firewallShow: () =>
      done({
        rules: ['-A INPUT -j TOLLGATE'],
        members: [{ set: 'sip', network: '198.51.100.7', secondsLeft: 7200, packets: 5 }],
      }),
    firewallApply: () => done(mode({ lines: [] })),
    firewallRestore: () => done(mode({ lines: ['tollgate: the firewall is restored: 40 rules, 3 members'] })),
    firewallRemove: () => done(mode({ mode: null, lines: ['gone'] })),
    backupList: () => done([BACKUP]),
    backupRestore: () =>
      done({
        ...{
          backup: BACKUP,
          mode: 'guard',
          lines: ['-A TOLLGATE -j DROP'],
          over: 1,
          kept: [],
          left: ['Rules are made from the settings.'],
        },
        ...{ opened: [entry()], closed: [entry({ id: 8, what: '203.0.113.5', addresses: ['203.0.113.5'] })] },
      }),
    ...countryAnswers(),
    mailTest: ({ to }) => done({ to, answer: '250 OK' }),
    ...more,
  };
}

export interface Scene {
  readonly operations?: Partial<Operations>;
  readonly product?: Partial<Product>;
  readonly terminal?: Partial<Terminal>;
  readonly world?: Partial<World>;
  /** Text of the settings file. */
  readonly settings?: string;
  readonly stdin?: string;
  /** What is typed, unseen, at each question. */
  readonly typed?: readonly string[];
}
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What the product was asked, in order. */
  readonly asked: readonly (readonly [string, unknown])[];
  readonly closed: boolean;
}

export async function tollgate(argv: readonly string[], scene: Scene = {}): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const asked: [string, unknown][] = [];
  const typed = [...(scene.typed ?? [])];
  let closed = false;
  const table = operations(scene.operations);
  const names = Object.keys(table) as (keyof Operations)[];
  const recorded = Object.fromEntries(
    names.map((name) => [
      name,
      (given: never) => {
        asked.push([name, given]);
        return table[name](given);
      },
    ]),
  ) as unknown as Operations;
  const product: Product = {
    version: '0.0.0',
    loadConfig: () => readConfig(scene.settings ?? '[pbx]\ntime_zone = "Europe/Berlin"\n', {}, 'test.toml'),
    connect: () =>
      Promise.resolve({ operations: recorded, daemon: true, close: () => Promise.resolve(void (closed = true)) }),
    serve: () => Promise.resolve(),
    init: ({ undo, config }) =>
      Promise.resolve({
        steps: [
          {
            what: `the state in ${config().store.state}`,
            outcome: undo ? 'stays' : 'made',
            note: undo ? 'kept' : null,
          },
        ],
        next: ['tollgate guard'],
      }),
    moveStore: (_config, { to }) =>
      Promise.resolve({
        ...{ from: 'the database old', to: `the database ${to}`, next: ['tollgate status'] },
        tables: [{ name: 'entries', rows: 7, sha256: 'ab'.repeat(32) }],
      }),
    storePepper: (_config, { ours = false, dryRun = false }) =>
      Promise.resolve({
        file: '/var/lib/tollgate/pepper',
        ours: false,
        pbx: 'north',
        since: NOW.toISOString(),
        changed: ours || dryRun,
      }),
    fetchCountries: (_config, { tell }) => {
      tell('download', 0.5);
      return Promise.resolve({ table: 'incoming-0011223344556677', tried: [] });
    },
    ruleLists: () => Promise.resolve('-A INPUT -j ACCEPT'),
    legacyTables: () => Promise.resolve(undefined),
    sampleConfig: () => '[pbx]\n',
    demo: () => Promise.resolve({ ok: true, steps: [], call: { keys: '12#', seconds: 9 }, door: { openedAfterMs: 4 } }),
    ...scene.product,
  };
  const terminal: Terminal = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    progress: () => undefined,
    watched: false,
    columns: 80,
    interactive: scene.typed !== undefined,
    ask: (question) => (err.push(question), Promise.resolve(typed.shift() ?? '')),
    askHidden: () => Promise.resolve(typed.shift() ?? ''),
    readStdin: () => Promise.resolve(scene.stdin ?? ''),
    stopSignal: () => new AbortController().signal,
    ...scene.terminal,
  };
  const world: World = {
    ...{ terminal, product, environment: {}, user: 'root', timeZone: 'UTC' },
    ssh: () => undefined,
    now: () => NOW,
    sleep: () => Promise.resolve(),
    ...scene.world,
  };
  const code = await runMain(argv, world);
  return { code, out: out.join('\n'), err: err.join('\n'), asked, closed };
}
