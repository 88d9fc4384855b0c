/** tollgate account: the travellers on file. */
import type { Command } from 'commander';
import type { AccountShape } from '../domain/shapes';
import type { WithPin } from '../gate/travellers/accounts';
import { addCard } from './account-card';
import { accountFacts, accountTable } from './account-page';
import type { Act } from './act';
import { given } from './given';
import { amount, changing, duration, list, type DryRun } from './options';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';
import { undoHint } from './undo-hint';

interface Settings extends DryRun {
  readonly name?: string;
  readonly email?: string;
  readonly extension?: readonly string[];
  readonly service?: readonly string[];
  readonly for?: number;
  readonly max?: number;
  readonly caller?: readonly string[];
}
interface PinOption extends DryRun {
  readonly pinStdin?: boolean;
}

const NUMBER = 'account number, 2 to 12 digits';

export function addAccount(program: Command, act: Act): void {
  const account = program.command('account').description('the travellers who may open a door by telephone');
  const add = account.command('add').description('put a traveller on file').argument('<number>', NUMBER);
  changing(pinOption(settings(add))).action(act(addOne));
  account.command('list').description('every account').action(act(listAll));
  account.command('show').description('one account').argument('<number>', NUMBER).action(act(show));
  const set = account.command('set').description('change what is on file').argument('<number>', NUMBER);
  changing(settings(set)).action(act(change));
  const pin = account.command('pin').description('give an account another PIN').argument('<number>', NUMBER);
  changing(pinOption(pin)).action(act(newPin));
  addCard(account, act);
  const simple = (name: keyof typeof SIMPLE, description: string) =>
    changing(account.command(name).description(description).argument('<number>', NUMBER)).action(
      act((session, number: string, options: DryRun) => simpleChange(session, name, number, options)),
    );
  simple('unlock', 'forget the wrong PINs of an account');
  simple('disable', 'let an account open nothing more, and close what it has open');
  simple('enable', 'let it open doors again');
  simple('remove', 'take an account off file, and close what it has open');
}

function settings(command: Command): Command {
  return command
    .option('--name <name>', 'who it is')
    .option('--email <address>', 'where mail about its doors goes')
    .option(
      '--extension <numbers>',
      'its extensions, with commas or repeated; a registration of one is its proof',
      list,
    )
    .option('--service <names>', 'what its addresses are opened for, with commas (phone)', list)
    .option('--for <duration>', 'how long a door stays open: 90m, 8h, 3d, 2w', duration)
    .option('--max <doors>', 'how many addresses it may have open at once', amount)
    .option('--caller <numbers>', 'telephone numbers of its own, with commas or repeated', list);
}

function pinOption(command: Command): Command {
  return command.option(
    '--pin-stdin',
    'read the PIN from stdin; at a terminal it is asked twice, unseen (one is generated)',
  );
}

function settingsOf(options: Settings) {
  const { name, email, extension, service, caller } = options;
  return given({
    ...{ name, email, extensions: extension, services: service, callers: caller },
    ...{ maxOpen: options.max, leaseSeconds: options.for, dryRun: options.dryRun },
  });
}

async function addOne(session: Session, number: string, options: Settings & PinOption): Promise<Outcome> {
  const pin = options.pinStdin ? await session.readPin() : undefined;
  const operations = await session.operations();
  const account = await operations.accountAdd({ number, by: session.by, ...settingsOf(options), ...given({ pin }) });
  const done = say`Account ${number} (${account.name}) ${options.dryRun ? 'would be' : 'is'} on file.`;
  const card = `What the traveller needs: tollgate account card ${number}`;
  return { text: lines(done, pinText(account, options), options.dryRun ? '' : say`${card}`), json: account };
}

async function newPin(session: Session, number: string, options: PinOption): Promise<Outcome> {
  const pin = options.pinStdin ? await session.readPin() : undefined;
  const operations = await session.operations();
  const account = await operations.accountPin({ number, by: session.by, ...given({ pin, dryRun: options.dryRun }) });
  const done = say`Account ${number} ${options.dryRun ? 'would have' : 'has'} another PIN.`;
  return { text: lines(done, pinText(account, options)), json: account };
}

/** The only place where a PIN is ever shown: one that was generated, once. */
function pinText({ pin }: WithPin, { dryRun }: DryRun): string {
  if (dryRun) return 'Nothing was changed.';
  return pin === null ? '' : say`PIN: ${pin} (shown this once, kept nowhere; not for e-mail)`;
}

async function listAll(session: Session): Promise<Outcome> {
  const accounts = await (await session.operations()).accountList({});
  const text =
    accounts.length > 0 ? accountTable(session, accounts) : 'No account is on file.\n  → tollgate account add NUMBER';
  return { text, json: accounts };
}

async function show(session: Session, number: string): Promise<Outcome> {
  const account = await (await session.operations()).accountShow({ number });
  return { text: accountFacts(session, account), json: account };
}

async function change(session: Session, number: string, options: Settings): Promise<Outcome> {
  const operations = await session.operations();
  const account = await operations.accountSet({ number, by: session.by, ...settingsOf(options) });
  return changed(
    session,
    account,
    say`Account ${number} ${options.dryRun ? 'would be' : 'is'} changed:`,
    options,
    true,
  );
}

const SIMPLE = { unlock: 'unlocked', disable: 'disabled', enable: 'enabled', remove: 'removed' } as const;

async function simpleChange(
  session: Session,
  name: keyof typeof SIMPLE,
  number: string,
  options: DryRun,
): Promise<Outcome> {
  const operations = await session.operations();
  const asked = { number, by: session.by, ...given({ dryRun: options.dryRun }) };
  const account = await {
    unlock: () => operations.accountUnlock(asked),
    disable: () => operations.accountEnable({ ...asked, enabled: false }),
    enable: () => operations.accountEnable({ ...asked, enabled: true }),
    remove: () => operations.accountRemove(asked),
  }[name]();
  return changed(
    session,
    account,
    say`Account ${number} ${options.dryRun ? 'would be' : 'is'} ${SIMPLE[name]}.`,
    options,
  );
}

async function changed(
  session: Session,
  account: AccountShape,
  done: string,
  { dryRun }: DryRun,
  full = false,
): Promise<Outcome> {
  const undoable = ['account-set', 'account-disable', 'account-enable', 'account-remove'];
  const about = `account ${account.number}`;
  const hint = dryRun
    ? 'Nothing was changed.'
    : await undoHint(session, (line) => line.what === about && undoable.includes(line.action));
  return { text: lines(done, full ? accountFacts(session, account) : '', hint), json: account };
}
