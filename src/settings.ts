/** From the configuration to what each part wants to be told. */
import { hostname } from 'node:os';
import type { Pace } from '../agi/talk';
import type { AmiSettings } from './asterisk/ami-settings';
import { CALL_SETTINGS, type CallSettings } from './asterisk/call-settings';
import { servicesOf, type Config } from './config';
import { mailboxOf } from './domain/mailbox';
import { parseNetwork } from './domain/network';
import type { Ports } from './domain/service';
import type { Rules } from './gate/parts';
import type { MailSettings } from './mail/settings';
import { whenIn } from './mail/when';
import type { ServerSettings } from './names/servers';

export function callSettings({ call }: Config): CallSettings {
  return {
    ...CALL_SETTINGS,
    firstKeySeconds: call.first_key,
    betweenSeconds: call.between_keys,
    callSeconds: call.whole,
    warnSeconds: call.warning,
  };
}

export function paceOf(pace: Pace, { call }: Config): Pace {
  return { ...pace, addressKeySeconds: call.address_key };
}

export function amiSettings({ ami }: Config): AmiSettings | undefined {
  const { host, port, user, secret, run_by: runBy } = ami;
  const tls = ami.tls ? { checkCertificate: ami.check_certificate } : undefined;
  return ami.enabled && secret !== '' ? { host, port, user, secret, runBy, ...(tls && { tls }) } : undefined;
}

/** The name of this PBX in its database; the host's unless told. */
export function pbxNameOf({ store }: Config): string {
  return store.pbx || hostname().slice(0, 64);
}

export function rtpPorts(config: Config): Ports {
  const [range] = servicesOf(config).find((service) => service.name === 'rtp')?.ports ?? [];
  return range ?? { protocol: 'udp', first: 10_000, last: 20_000 };
}

export function serverSettings({ dns }: Config): ServerSettings {
  return { servers: dns.servers, timeoutMs: dns.timeout * 1000 };
}

export function rulesOf(config: Config): Rules {
  const { lease, pin, firewall, call, dns } = config;
  return {
    leaseSeconds: lease.phone,
    longestLeaseSeconds: lease.longest,
    openAddresses: lease.open_addresses,
    endingWarningSeconds: lease.warning,
    outlastSeconds: lease.call_may_outlast,
    pinDigits: pin.digits,
    wrongPinsUntilLock: pin.wrong_until_lock,
    firstLockSeconds: pin.first_lock,
    longestLockSeconds: pin.longest_lock,
    callerFailuresAnHour: pin.caller_failures_an_hour,
    alarmFailuresAnHour: pin.alarm_failures_an_hour,
    alarmDelaySeconds: pin.alarm_delay,
    trialSeconds: firewall.trial,
    ipv6BlockPrefix: firewall.ipv6_block_prefix,
    allowDocumentationAddresses: call.allow_documentation_addresses,
    answerPings: firewall.answer_pings,
    rtp: rtpPorts(config),
    importFreepbx: config.import.freepbx,
    importSeconds: config.import.every,
    countries: {
      calls: config.country.calls,
      registrations: config.country.registrations,
      fail: config.country.fail,
      exceptions: exceptionsOf(config),
      blockSeconds: config.country.block === 0 ? undefined : config.country.block,
      maxAgeDays: config.country.max_age === 0 ? undefined : config.country.max_age / 86_400,
    },
    attacks: {
      logins: config.attacks.logins,
      blockSeconds: config.attacks.blocks,
      forgivenSeconds: config.attacks.forgiven,
      mailSeconds: config.attacks.mail_every,
    },
    journalKeepSeconds: config.journal.keep,
    trusted: firewall.trusted,
    names: {
      leastSeconds: dns.refresh_least,
      mostSeconds: dns.refresh_most,
      graceSeconds: dns.grace,
      staleSeconds: dns.stale_alarm,
    },
  };
}

function exceptionsOf({ country }: Config): Rules['countries']['exceptions'] {
  const networks = country.exceptions.flatMap((each) => parseNetwork(each) ?? []);
  return { networks, names: country.exceptions.filter((each) => parseNetwork(each) === undefined) };
}

/** `folder` takes the letters as .eml files while no relay is set. */
export function mailSettings({ mail, pbx }: Config, folder: string): MailSettings {
  const from = mail.from || (mailboxOf(`tollgate@${hostname()}`) ?? 'tollgate@localhost');
  return {
    from: { name: 'Tollgate', address: from },
    admin: mail.admin || undefined,
    short: mail.short || undefined,
    tellAdmin: mail.tell_admin,
    relay: mail.host
      ? {
          ...{ host: mail.host, port: mail.port, security: mail.security, rejectUnauthorized: mail.check_certificate },
          ...{ user: mail.user || undefined, secret: mail.secret || undefined },
        }
      : undefined,
    folder,
    pbxName: pbx.name,
    when: whenIn(timeZoneOf(pbx.time_zone)),
    numberToDial: pbx.number || undefined,
    hostName: hostname(),
  };
}

/** Empty: the machine's own. */
function timeZoneOf(setting: string): string {
  return setting || Intl.DateTimeFormat().resolvedOptions().timeZone;
}
