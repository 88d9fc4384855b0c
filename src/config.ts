/** The settings: one TOML file, one table, every problem at once. Pure: text and environment in, `Config` out. */
import { parse as parseToml } from 'smol-toml';
import { z } from 'zod';
import type { Service } from './domain/service';
import { AppError } from './errors';
import {
  count,
  farEnd,
  force,
  mailbox,
  nameServer,
  network,
  optionalSeconds,
  port,
  seconds,
  service,
  serviceName,
} from './setting-types';

const schema = z.strictObject({
  pbx: z
    .strictObject({
      name: z.string().min(1).default('the PBX'),
      number: z.string().default(''),
      time_zone: z.string().default(''),
      own_addresses: z.array(network).default([]),
    })
    .prefault({}),
  store: z
    .strictObject({
      state: z.string().min(1).default('/var/lib/tollgate'),
      database: z.string().default(''),
      pbx: z
        .string()
        .regex(/^[\w.-]{0,64}$/, 'a name of up to 64 letters, digits, dots and dashes')
        .default(''),
    })
    .prefault({}),
  journal: z.strictObject({ keep: seconds.prefault('400d') }).prefault({}),
  agi: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: port.default(4573),
      calls: count.default(500),
    })
    .prefault({}),
  ami: z
    .strictObject({
      enabled: z.boolean().default(true),
      host: z.string().default('127.0.0.1'),
      port: port.default(5038),
      user: z.string().default('tollgate'),
      secret: z.string().default(''),
      tls: z.boolean().default(false),
      check_certificate: z.boolean().default(true),
      run_by: z.array(z.string().min(1)).default(['asterisk']),
    })
    .prefault({}),
  call: z
    .strictObject({
      first_key: seconds.prefault('10s'),
      between_keys: seconds.prefault('5s'),
      address_key: seconds.prefault('8s'),
      whole: seconds.prefault('4m'),
      warning: seconds.prefault('30s'),
      allow_documentation_addresses: z.boolean().default(false),
    })
    .prefault({}),
  pin: z
    .strictObject({
      digits: z.number().int().min(6).max(12).default(8),
      wrong_until_lock: count.default(5),
      first_lock: seconds.prefault('15m'),
      longest_lock: seconds.prefault('24h'),
      caller_failures_an_hour: count.default(10),
      alarm_failures_an_hour: count.default(30),
      alarm_delay: seconds.prefault('5s'),
    })
    .prefault({}),
  lease: z
    .strictObject({
      phone: seconds.prefault('3d'),
      longest: seconds.prefault('30d'),
      warning: seconds.prefault('2h'),
      call_may_outlast: seconds.prefault('1h'),
      open_addresses: count.default(2),
    })
    .prefault({}),
  firewall: z
    .strictObject({
      trial: seconds.prefault('60s'),
      answer_pings: z.boolean().default(false),
      backups: count.default(50),
      ipv6_block_prefix: z.number().int().min(32).max(128).default(64),
      trusted: z.array(z.strictObject({ network, device: z.string().regex(/^[\w.@-]{1,15}$/) })).default([]),
    })
    .prefault({}),
  dns: z
    .strictObject({
      servers: z.array(nameServer).default([]),
      timeout: seconds.prefault('3s'),
      refresh_least: seconds.prefault('30s'),
      refresh_most: seconds.prefault('5m'),
      grace: seconds.prefault('1h'),
      stale_alarm: seconds.prefault('1h'),
    })
    .prefault({}),
  country: z
    .strictObject({
      calls: force.default('off'),
      registrations: force.default('off'),
      fail: z.enum(['open', 'closed']).default('open'),
      exceptions: z.array(farEnd).default([]),
      block: optionalSeconds.prefault(''),
      unknown: z.enum(['stranger', 'permit']).default('stranger'),
      source: z.enum(['auto', 'dbip', 'rir', 'debian', 'maxmind']).default('auto'),
      maxmind_key_file: z.string().default(''),
      url: z
        .string()
        .regex(/^(https:\/\/\S+)?$/, 'an address that begins with https://')
        .default(''),
      max_age: optionalSeconds.prefault(''),
    })
    .prefault({}),
  attacks: z
    .strictObject({
      logins: force.default('enforce'),
      blocks: z.array(seconds).min(1).prefault(['20m', '2h', '12h', '3d']),
      forgiven: seconds.prefault('2w'),
      mail_every: seconds.prefault('1h'),
      asterisk_log: z.string().default('/var/log/asterisk/messages.log'),
    })
    .prefault({}),
  import: z
    .strictObject({
      freepbx: z.enum(['off', 'report', 'auto']).default('report'),
      every: seconds.prefault('1h'),
      freepbx_database: z.string().default(''),
    })
    .prefault({}),
  services: z.record(serviceName, service).default({}),
  mail: z
    .strictObject({
      from: mailbox.default(''),
      admin: mailbox.default(''),
      short: mailbox.default(''),
      tell_admin: z.enum(['nothing', 'alarms', 'everything']).default('alarms'),
      host: z.string().default(''),
      port: port.default(25),
      security: z.enum(['none', 'starttls', 'tls']).default('starttls'),
      user: z.string().default(''),
      secret: z.string().default(''),
      check_certificate: z.boolean().default(true),
    })
    .prefault({}),
});
export type Config = z.infer<typeof schema>;

/** Services that exist without being written down; the file's `[services.NAME]` replaces one whole. */
const SERVICES: Readonly<Record<string, z.input<typeof service>>> = {
  sip: { ports: ['udp/5060', 'tcp/5060', 'tcp/5061'], guarded: true },
  iax: { ports: ['udp/4569'], guarded: true },
  rtp: { ports: ['udp/10000-20000'] },
  web: { ports: ['tcp/80', 'tcp/443'] },
  ssh: { ports: ['tcp/22'] },
  smtp: { ports: ['tcp/25'] },
  tftp: { ports: ['udp/69'] },
  ftp: { ports: ['tcp/21'] },
  provisioning: { ports: ['tcp/84', 'tcp/1443'] },
};
const SIGNALLING = ['sip', 'iax'];

/** Every service by name; sip and iax are always guarded, and `rtp` is for entries alone. */
export function servicesOf(config: Config): readonly Service[] {
  const written = Object.entries(config.services);
  const given = Object.entries(SERVICES).map(([name, input]) => [name, service.parse(input)] as const);
  return [...new Map([...given, ...written])].map(([name, { ports, guarded, policy }]) => ({
    name,
    ports,
    guarded: guarded || SIGNALLING.includes(name),
    signalling: SIGNALLING.includes(name),
    policy,
  }));
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the file's text, then lets `TOLLGATE_<SECTION>_<KEY>` of the environment replace single values
 * (`TOLLGATE_AMI_SECRET`); `TOLLGATE_STATE` and `TOLLGATE_DATABASE` stand for the `[store]` keys.
 * Throws CONFIG_INVALID with every problem found.
 */
export function readConfig(text: string, environment: Environment, file: string): Config {
  const raw = override(tomlOf(text, file), environment);
  const result = schema.safeParse(raw);
  const problems = result.success
    ? problemsOf(result.data)
    : result.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${sentenceOf(issue)}`);
  if (result.success && problems.length === 0) return result.data;
  throw new AppError(
    'CONFIG_INVALID',
    `${file}: ${problems.join(`\n${file}: `)}`,
    'edit it, then run "tollgate config check"',
  );
}

/** A bad key of a table says why in an issue of its own, one level down. */
function sentenceOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_key' ? issue.issues.map(({ message }) => message).join(', ') : issue.message;
}

function tomlOf(text: string, file: string): Record<string, unknown> {
  try {
    return parseToml(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError(
      'CONFIG_INVALID',
      `${file} is not TOML: ${why}`,
      'edit it, then run "tollgate config check"',
      error,
    );
  }
}

const SHORT: Readonly<Record<string, readonly [string, string]>> = {
  TOLLGATE_STATE: ['store', 'state'],
  TOLLGATE_DATABASE: ['store', 'database'],
};

function override(raw: Record<string, unknown>, environment: Environment): Record<string, unknown> {
  const result: Record<string, unknown> = { ...raw };
  for (const [section, shape] of Object.entries(schema.shape)) {
    for (const [key, inner] of keysOf(shape)) {
      const name = `TOLLGATE_${section}_${key}`.toUpperCase();
      const short = Object.keys(SHORT).find((candidate) => SHORT[candidate]?.join() === [section, key].join());
      const value = environment[name] ?? (short && environment[short]);
      if (value !== undefined)
        result[section] = { ...(result[section] as object | undefined), [key]: typed(value, inner) };
    }
  }
  return result;
}

/** An environment variable has no types: what is no text for its key is read as TOML would read it. */
function typed(value: string, key: z.core.$ZodType): unknown {
  if (z.safeParse(key, value).success) return value;
  try {
    return parseToml(`value = ${value}`)['value'];
  } catch {
    return value; // the schema says what is wrong with it
  }
}

function keysOf(shape: unknown): [string, z.core.$ZodType][] {
  const inner = shape instanceof z.ZodPrefault ? (shape.def.innerType as unknown) : shape;
  return inner instanceof z.ZodObject ? Object.entries<z.core.$ZodType>(inner.shape) : [];
}

/** Seconds; another PBX takes a name over that was not looked at for ten minutes. */
const LONGEST_REFRESH = 300;

/** Seconds. The firewall remembers for two hours whose door was closed, and must do so until the last call is over. */
const LONGEST_OUTLAST = 3600;

/** What single keys cannot tell. */
function problemsOf(config: Config): string[] {
  const problems: string[] = [];
  if (config.services['rtp'] && config.services['rtp'].policy !== 'whitelist')
    problems.push('services.rtp.policy: media follows entries and calls, and is never open to the world');
  if (config.services['rtp'] && config.services['rtp'].ports.length !== 1)
    problems.push('services.rtp.ports: one range');
  if (config.lease.phone > config.lease.longest) problems.push('lease.phone: longer than lease.longest');
  if (config.lease.call_may_outlast > LONGEST_OUTLAST) problems.push('lease.call_may_outlast: at most 1h');
  if (config.dns.refresh_most > LONGEST_REFRESH) problems.push('dns.refresh_most: at most 5m');
  if (config.dns.refresh_least > config.dns.refresh_most)
    problems.push('dns.refresh_least: longer than dns.refresh_most');
  if (config.journal.keep < config.attacks.forgiven) problems.push('journal.keep: shorter than attacks.forgiven');
  if (config.call.warning >= config.call.whole) problems.push('call.warning: not shorter than call.whole');
  if (config.mail.host !== '' && config.mail.from === '') problems.push('mail.from: needed when mail.host is set');
  if (config.pbx.time_zone !== '' && !isTimeZone(config.pbx.time_zone)) {
    problems.push(`pbx.time_zone: "${config.pbx.time_zone}" is no time zone like Europe/Berlin`);
  }
  return problems;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // RangeError is how Intl says so
  }
}
