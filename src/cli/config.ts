/** tollgate config: checks and shows the settings. It is given nothing that could change anything. */
import type { Command } from 'commander';
import type { Config } from '../config';
import { formatDuration } from '../domain/duration';
import { printable } from '../domain/printable';
import type { Act } from './act';
import type { Outcome } from './outcome';
import { lines } from './say';
import type { Session } from './session';
import { facts, type Cell } from './table';

type ConfigSession = Pick<Session, 'config' | 'configFile' | 'screen'>;

/** Settings that are written as `90m 8h` and kept in seconds. */
const SECONDS: readonly string[] = [
  ...['call.first_key', 'call.between_keys', 'call.address_key', 'call.whole', 'call.warning'],
  ...['pin.first_lock', 'pin.longest_lock', 'pin.alarm_delay'],
  ...['lease.phone', 'lease.longest', 'firewall.trial', 'journal.keep'],
];

export function addConfig(program: Command, act: Act): void {
  const config = program.command('config').description('the settings');
  config.command('check').description('read the settings and name every problem; changes nothing').action(act(check));
  config.command('show').description('every setting as it is now, secrets hidden').action(act(show));
  config
    .command('sample')
    .description('the settings file that ships, every key explained')
    .action(act((session: Session) => sample(session.world.product)));
}

function check(session: ConfigSession): Promise<Outcome> {
  const warnings = warningsOf(session.config());
  const text = lines('The settings are good.', ...warnings.map((warning) => `But ${warning}`));
  return Promise.resolve({ text, json: { ok: true, file: session.configFile ?? null, warnings } });
}

/** What may be meant so, but seldom is. */
function warningsOf({ mail }: Config): string[] {
  const isBare = mail.host !== '' && mail.security === 'none' && mail.user !== '' && mail.secret !== '';
  return isBare ? ['mail.security: "none" sends mail.secret in the clear; write "starttls" or "tls"'] : [];
}

function show(session: ConfigSession): Promise<Outcome> {
  const config = withoutSecrets(session.config());
  const rows = Object.entries(config).flatMap(([section, keys]) =>
    Object.entries(keys).map(([key, value]): [string, Cell] => [
      `${section}.${key}`,
      valueText(`${section}.${key}`, value),
    ]),
  );
  return Promise.resolve({ text: lines(facts(session.screen, rows)), json: config });
}

function sample(product: { sampleConfig(): string }): Promise<Outcome> {
  const text = product.sampleConfig().trimEnd();
  return Promise.resolve({ text: text.split('\n').map(printable).join('\n'), json: { toml: text } });
}

/** Secrets as `***`, also the one inside a database's address. */
function withoutSecrets(config: Config): Config {
  const hide = (secret: string) => (secret === '' ? '' : '***');
  const { ami, mail, store } = config;
  return {
    ...config,
    ami: { ...ami, secret: hide(ami.secret) },
    mail: { ...mail, secret: hide(mail.secret) },
    store: { ...store, database: store.database.replace(/^(\w+:\/\/[^:@/]*):.*@/, '$1:***@') },
  };
}

function valueText(key: string, value: unknown): string {
  if (SECONDS.includes(key)) return formatDuration(Number(value));
  return typeof value === 'string' ? value || '-' : JSON.stringify(value);
}
