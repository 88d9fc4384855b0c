/** The order of the firewall, written as iptables-save prints it: what is compared with the kernel is this very text. */
import type { Mode, Policy } from '../domain/firewall';
import type { Family } from '../domain/network';
import type { Service } from '../domain/service';
import { kernelDevice, modeChain, setName } from './names';
import { portGroups, portMatches, portText, type PortGroup } from './port-groups';
import { VERDICTS } from './verdicts';

/** The NFLOG group that copies of knocks go to; no other program's by default. */
const KNOCK_GROUP = 5060;
/** Enough to see who knocks and as whom, from each source, whatever the others send. */
const KNOCKS_OF_A_SOURCE = '--hashlimit-upto 1/sec --hashlimit-burst 5 --hashlimit-mode srcip';
/** For answers to ping, and for copies of knocks where nothing is dropped. */
const FEW = '-m limit --limit 10/sec --limit-burst 20';

/** One mode's chains, name -> rules: the mode's own first, then one for each group of guarded ports. */
export function modeRules(mode: Mode, policy: Policy, family: Family): ReadonlyMap<string, readonly string[]> {
  const groups = guardedGroups(mode, policy.services);
  const names = groups.map((group, i) => groupChain(mode, group, i));
  const dispatch = groups.flatMap(({ ports }, i) => portMatches(ports).map((match) => `${match} -g ${names[i] ?? ''}`));
  const rules = [
    ...ownTraffic(mode, groups), //                  1
    ...neighbourDiscovery(mode, family), //          2
    ...blocks(mode, family), //                      3
    ...errorsAndLeases(mode, policy, family), //     4
    ...trusted(mode, groups, family), //             5
    ...dispatch, //                                  6
    ...openForAll(mode, family),
    ...media(mode, policy, family), //               7
    ...closedPhones(mode, policy, family),
    ...repliesAndOpen(mode, policy), //              8
    ...(VERDICTS[mode].reach === 'everything' ? ['-j DROP'] : []), // 9
  ];
  const written = (chain: string, lines: readonly string[]) => lines.map((line) => `-A ${chain} ${line}`);
  return new Map([
    [modeChain(mode), written(modeChain(mode), rules)],
    ...groups.map(
      (group, i) => [names[i] ?? '', written(names[i] ?? '', onlySetsDecide(mode, group, family))] as const,
    ),
    ...(groups.some(({ hasCountries }) => hasCountries) && hasCountryChain(mode)
      ? [[countryChain(mode), written(countryChain(mode), withinBounds(mode, family))] as const]
      : []),
  ]);
}

/** 1. Loopback is open; from an own address but not on loopback is forged. */
function ownTraffic(mode: Mode, groups: readonly PortGroup[]): string[] {
  const { reach, welcome, unwelcome } = VERDICTS[mode];
  return [
    ...within(mode, groups).map((ports) => `-i lo ${ports}-j ${welcome}`),
    ...(reach === 'guarded' ? ['-i lo -j RETURN'] : []),
    ...within(mode, groups).map((ports) => `${ports}-m addrtype --src-type LOCAL -j ${unwelcome}`),
  ];
}

/** 2. Before blocks, or a blocked router's address cuts IPv6 for everybody. Hop limit 255: from this very link. */
function neighbourDiscovery(mode: Mode, family: Family): string[] {
  if (family === 4) return [];
  const verdict = VERDICTS[mode].needed;
  return [
    ...[133, 134, 135, 136].map((type) => `${icmp6(type)} -m hl --hl-eq 255 -j ${verdict}`),
    ...[130, 131, 132, 143].map((type) => `-s fe80::/10 ${icmp6(type)} -j ${verdict}`),
  ];
}

/** 3. */
function blocks(mode: Mode, family: Family): string[] {
  return [`${from('block', family)} -j ${VERDICTS[mode].blocked}`];
}

/** 4. Errors about connections that others began would be lost by step 8: path MTU. DHCP's answers match no connection. */
function errorsAndLeases(mode: Mode, policy: Policy, family: Family): string[] {
  const { needed, reach } = VERDICTS[mode];
  if (reach === 'guarded') return [];
  const errors = family === 4 ? [3, 11, 12].map(icmp4) : [1, 2, 3, 4].map(icmp6);
  const ping = family === 4 ? icmp4(8) : icmp6(128);
  const dhcp =
    family === 4
      ? (policy.dhcpDevices?.map((device) => `-i ${kernelDevice(device)} `) ?? ['']).map(
          (device) => `${device}-p udp -m udp --sport 67 --dport 68`,
        )
      : ['-s fe80::/10 -p udp -m udp --sport 547 --dport 546'];
  return [...errors, ...(policy.answerPings ? [`${ping} ${FEW}`] : []), ...dhcp].map(
    (match) => `${match} -j ${needed}`,
  );
}

/** 5. Network and interface together: an address alone can be forged. */
function trusted(mode: Mode, groups: readonly PortGroup[], family: Family): string[] {
  const match = `-m set --match-set ${setName('trust', family)} src,src`;
  return within(mode, groups).map((ports) => `${ports}${match} -j ${VERDICTS[mode].welcome}`);
}

/** 6. A guarded port never reaches "established": closed is closed at the very next packet. 9. What is left is a knock. */
function onlySetsDecide(mode: Mode, group: PortGroup, family: Family): string[] {
  const { welcome, unwelcome } = VERDICTS[mode];
  return [
    ...group.services.map((service) => `${from(service, family)} -j ${welcome}`),
    ...(group.hasCountries ? permittedCountries(mode, family) : []), // last: there is the most to look through
    ...(group.services.includes('sip') ? [`${knockLimit(mode, family)} -j NFLOG --nflog-group ${KNOCK_GROUP}`] : []),
    `-j ${unwelcome}`,
  ];
}

/** Most strangers are not within the outer bound, and most phones are within the inner one: the large set is asked last. */
function permittedCountries(mode: Mode, family: Family): string[] {
  return hasCountryChain(mode)
    ? [`${from('country-outer', family)} -j ${countryChain(mode)}`]
    : [`${from('country', family)} -j ${VERDICTS[mode].welcome}`];
}

/** RETURN in a chain of its own would only lead back to the knocks. */
function hasCountryChain(mode: Mode): boolean {
  return VERDICTS[mode].welcome !== 'RETURN';
}

function withinBounds(mode: Mode, family: Family): string[] {
  const { welcome } = VERDICTS[mode];
  return [...(family === 4 ? ['country-inner'] : []), 'country'].map((set) => `${from(set, family)} -j ${welcome}`);
}

/**
 * Per source, because under a limit for all one flooder hides every traveller. But hashlimit drops packets when its
 * table is full, so where nothing may be dropped it is one limit for all.
 */
function knockLimit(mode: Mode, family: Family): string {
  if (VERDICTS[mode].unwelcome !== 'DROP') return FEW;
  const name = `--hashlimit-name tg-knock${family}`;
  return `-m hashlimit ${KNOCKS_OF_A_SOURCE} ${name}${family === 6 ? ' --hashlimit-srcmask 64' : ''}`;
}

/** An entry for `all` opens every port in `secure`; elsewhere it is in each service's set. */
function openForAll(mode: Mode, family: Family): string[] {
  const { reach, welcome } = VERDICTS[mode];
  return reach === 'everything' ? [`${from('all', family)} -j ${welcome}`] : [];
}

/** 7. Media from the set, before replies are cut: a call may outlast its lease, and Asterisk sent first in most. */
function media(mode: Mode, { rtp }: Policy, family: Family): string[] {
  return [`-p udp -m udp --dport ${portText(rtp)} ${from('rtp', family)} -j ${VERDICTS[mode].needed}`];
}

/**
 * A phone may have made Asterisk itself dial out to it; through that flow's replies, and through media that Asterisk
 * sent first, a closed phone went on. Replies only: everything from there would cut an admin's own SSH.
 */
function closedPhones(mode: Mode, { services, rtp }: Policy, family: Family): string[] {
  const { unwelcome } = VERDICTS[mode];
  const signalling = services.filter((service) => service.signalling).map(({ name }) => notFrom(name, family));
  if (signalling.length === 0) return [];
  // who may signal by his country alone is no closed phone
  const byCountry = services.some((service) => service.signalling && service.policy === 'countries');
  const was = [from('was', family), ...(byCountry ? [notFrom('country', family)] : [])].join(' ');
  return [
    [was, ...signalling, '-m conntrack --ctdir REPLY', `-j ${unwelcome}`].join(' '),
    `-p udp -m udp --dport ${portText(rtp)} ${was} -j ${unwelcome}`,
  ];
}

/** 8. Replies to what this machine began, and what the admin has opened to the world. */
function repliesAndOpen(mode: Mode, { services }: Policy): string[] {
  const { needed, reach } = VERDICTS[mode];
  if (reach === 'guarded') return [];
  const open = services.filter((service) => service.policy === 'open' && service.name !== 'rtp');
  return [
    `-m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ${needed}`,
    ...portMatches(open.flatMap(({ ports }) => ports)).map((ports) => `${ports} -j ${needed}`),
  ];
}

/** Matches for what a mode reaches: nothing to match for everything, or its guarded ports. */
function within(mode: Mode, groups: readonly PortGroup[]): string[] {
  if (VERDICTS[mode].reach === 'everything') return [''];
  return portMatches(groups.flatMap(({ ports }) => ports)).map((match) => `${match} `);
}

/** Ports where sets decide. A port that is guarded for one service is guarded, even if another has opened it. */
function guardedGroups(mode: Mode, services: readonly Service[]): readonly PortGroup[] {
  const closed = services.filter((service) => service.policy !== 'open' && service.name !== 'rtp');
  const guarded = closed.filter(
    (service) => VERDICTS[mode].reach === 'everything' || service.guarded || service.signalling,
  );
  return portGroups(closed).filter((group) => guarded.some(({ name }) => group.services.includes(name)));
}

/** No service may be called so. */
function countryChain(mode: Mode): string {
  return `${modeChain(mode)}-COUNTRY`;
}

/** At most 28 characters, as the kernel wants: `TOLLGATE-GUARD-SIP`, and `TOLLGATE-GUARD-SIP+2` for a group of several. */
function groupChain(mode: Mode, { services }: PortGroup, index: number): string {
  const [first = '', ...others] = services;
  const plain = others.length === 0 && first.length <= 12;
  return `${modeChain(mode)}-${plain ? first.toUpperCase() : `${first.slice(0, 9).toUpperCase()}+${index}`}`;
}

function from(set: string, family: Family): string {
  return `-m set --match-set ${setName(set, family)} src`;
}

function notFrom(set: string, family: Family): string {
  return `-m set ! --match-set ${setName(set, family)} src`;
}

function icmp4(type: number): string {
  return `-p icmp -m icmp --icmp-type ${type}`;
}

function icmp6(type: number): string {
  return `-p ipv6-icmp -m icmp6 --icmpv6-type ${type}`;
}
