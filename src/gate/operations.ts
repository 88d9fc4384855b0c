/** Everything that people can ask of Tollgate, in one table. The CLI and the control socket speak it. */
import type {
  CheckShape,
  CountryChangeShape,
  CountryShape,
  LookupShape,
  RangeChangeShape,
  RangeShape,
  RefreshShape,
} from '../domain/country-shapes';
import type { BackupShape, RestoredShape } from '../domain/backup-shapes';
import type {
  AccountShape,
  AllowedShape,
  EntryShape,
  ExplainShape,
  ImportShape,
  JournalCheckShape,
  JournalShape,
  ModeShape,
  StatusShape,
} from '../domain/shapes';
import type * as accounts from './travellers/accounts';
import type { RestoreAsked } from './modes/backups';
import type { CloseAsked, ClosedShape } from './doors/closing';
import type { ConfirmedFrom } from './modes/connection';
import type { AdoptAsked, CountryAsked } from './countries/countries';
import type { RangeAsked, RangeNamed } from './countries/ranges';
import type { ExchangeAsked } from './imports/exchange-watch';
import type * as entries from './doors/entries';
import type { ImportAsked } from './imports/import-plain';
import type { StricterAsked } from './modes/stricter';
import type { LegacySeen } from './modes/neighbours-status';
import type { Undone } from './undo';

type Asked = entries.Asked;

/** Arguments and results are plain JSON: the same call works in the process and over the control socket. */
export type Operations = {
  status(asked: LegacySeen): Promise<StatusShape>;
  /** Lines after `afterId`, or else the newest since `since` (ISO text), oldest first. */
  log(asked: {
    readonly afterId?: number;
    readonly since?: string;
    readonly limit: number;
  }): Promise<readonly JournalShape[]>;
  logVerify(asked: object): Promise<JournalCheckShape>;
  undo(asked: Asked & { readonly id: number }): Promise<Undone>;

  accountAdd(asked: accounts.AccountAsked & accounts.PinAsked): Promise<accounts.WithPin>;
  accountList(asked: object): Promise<readonly AccountShape[]>;
  accountShow(asked: { readonly number: string }): Promise<AccountShape>;
  accountSet(asked: accounts.AccountAsked): Promise<AccountShape>;
  accountPin(asked: accounts.PinAsked): Promise<accounts.WithPin>;
  accountUnlock(asked: Asked & { readonly number: string }): Promise<AccountShape>;
  accountEnable(asked: Asked & { readonly number: string; readonly enabled: boolean }): Promise<AccountShape>;
  accountRemove(asked: Asked & { readonly number: string }): Promise<AccountShape>;

  allow(asked: entries.AllowAsked): Promise<AllowedShape>;
  revoke(asked: CloseAsked): Promise<ClosedShape>;
  block(asked: entries.BlockAsked): Promise<EntryShape>;
  unblock(asked: CloseAsked): Promise<ClosedShape>;
  list(asked: object): Promise<readonly EntryShape[]>;
  explain(asked: LegacySeen & { readonly what: string }): Promise<ExplainShape>;

  importPlain(asked: ImportAsked): Promise<ImportShape>;
  importFreepbx(asked: ExchangeAsked): Promise<ImportShape>;
  importAsterisk(asked: Asked): Promise<ImportShape>;
  importIptables(asked: ImportAsked): Promise<ImportShape>;

  init(asked: Asked): Promise<ModeShape>;
  watch(asked: Asked): Promise<ModeShape>;
  guard(asked: Omit<StricterAsked, 'mode'>): Promise<ModeShape>;
  secure(asked: Omit<StricterAsked, 'mode'>): Promise<ModeShape>;
  confirm(asked: Asked & ConfirmedFrom): Promise<ModeShape>;
  rollback(asked: Asked): Promise<ModeShape>;
  firewallShow(asked: object): Promise<{
    readonly rules: readonly string[];
    readonly members: readonly object[];
  }>;
  firewallApply(asked: Asked): Promise<ModeShape>;
  firewallRestore(asked: Asked): Promise<ModeShape>;
  firewallRemove(asked: Asked): Promise<ModeShape>;
  backupList(asked: object): Promise<readonly BackupShape[]>;
  backupRestore(asked: RestoreAsked): Promise<RestoredShape>;

  countryPermit(asked: CountryAsked): Promise<CountryChangeShape>;
  countryDeny(asked: CountryAsked): Promise<CountryChangeShape>;
  countryForget(asked: CountryAsked): Promise<CountryChangeShape>;
  /** Those of which something was said, or all that the data know. */
  countryList(asked: { readonly all?: boolean }): Promise<readonly CountryShape[]>;
  countryLookup(asked: { readonly what: string }): Promise<LookupShape>;
  /** Puts a table into force that `country refresh` has laid into the state folder. */
  countryAdopt(asked: AdoptAsked): Promise<RefreshShape>;
  rangePermit(asked: RangeAsked): Promise<RangeChangeShape>;
  rangeDeny(asked: RangeAsked): Promise<RangeChangeShape>;
  rangeRemove(asked: RangeAsked): Promise<RangeChangeShape>;
  rangeShow(asked: RangeNamed): Promise<RangeShape>;
  rangeList(asked: object): Promise<readonly RangeShape[]>;
  check(asked: object): Promise<readonly CheckShape[]>;

  mailTest(asked: Asked & { readonly to: string }): Promise<{ readonly to: string; readonly answer: string }>;
};
