/** What of others' rules matters to us: packets that are handed on, other managers, our own hook into what is handed on. */
import { parseAddress, type Network } from '../domain/network';
import { printable } from '../domain/printable';
import type { Ports } from '../domain/service';
import type { Redirect } from '../domain/surroundings';
import { fromTool } from '../errors';

/** Chains, and tables of nft, that give their managers away. */
const MANAGERS: readonly (readonly [string, RegExp])[] = [
  ['Docker', /^DOCKER/],
  ['firewalld', /^firewalld$|^(IN|FWD)_public|^INPUT_ZONES/],
  ['ufw', /^ufw6?-/],
  ['fail2ban', /^f2b-|^fail2ban/],
  ['CSF', /^(LOCALINPUT|DENYIN|ALLOWIN)$/],
  ['Shorewall', /^(net-fw|net2fw)$/],
  ['FreePBX firewall', /^fpbx/],
  ['CrowdSec', /^crowdsec/i],
  ['libvirt', /^LIBVIRT_/],
  ['Kubernetes', /^KUBE-/],
];

/** From the names of chains and tables. */
export function managersIn(names: Iterable<string>): readonly string[] {
  const all = [...names];
  return MANAGERS.filter(([, pattern]) => all.some((name) => pattern.test(name))).map(([manager]) => manager);
}

/** From `iptables-save` and `ip6tables-save`. `own`: a packet that stays on this machine is not handed on. */
export function readSaved(saved: string, own: ReadonlySet<Network>) {
  const lines = saved.split('\n');
  return {
    names: lines.flatMap((line) => /^:(\S+) /.exec(line)?.[1] ?? []),
    redirects: lines.flatMap((line) => redirectsIn(line, own)).map(shown),
    isForwardHooked: lines.some((line) => /^-A (FORWARD|DOCKER-USER) .*-[jg] TOLLGATE/.test(line)),
  };
}

const shown = (redirect: Redirect): Redirect => ({ ...redirect, to: printable(redirect.to) });

function redirectsIn(rule: string, own: ReadonlySet<Network>): readonly Redirect[] {
  const [, to] = / -j DNAT --to-destination (\S+)/.exec(rule) ?? [];
  const target = parseAddress((/ -d (\S+)/.exec(rule)?.[1] ?? '').replace(/\/(32|128)$/, ''));
  const isPassingBy = target !== undefined && !own.has(target) && !rule.includes(' ! -d ');
  if (to === undefined || isOwn(to, own) || isPassingBy) return [];
  const protocol = / -p (tcp|udp) /.exec(rule)?.[1];
  if (protocol !== 'tcp' && protocol !== 'udp') return [{ ports: undefined, to }];
  const [, ports] = / --dports? ([\d:,]+)/.exec(rule) ?? [];
  if (ports === undefined) return [{ ports: { protocol, first: 1, last: 65_535 }, to }];
  return ports.split(',').map((range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    return { ports: { protocol, first, last }, to };
  });
}

interface NftItem {
  readonly table?: { readonly name?: string };
  readonly chain?: { readonly name?: string };
  readonly rule?: { readonly expr?: readonly NftExpression[] };
}
interface NftExpression {
  readonly match?: { readonly left?: { readonly payload?: NftPayload }; readonly right?: unknown };
  readonly dnat?: { readonly addr?: unknown; readonly port?: unknown };
}
interface NftPayload {
  readonly protocol?: string;
  readonly field?: string;
}

/** From `nft -j -t list ruleset`. What iptables wrote is in it too, but of its DNAT only that it is one. */
export function readNft(json: string, own: ReadonlySet<Network>) {
  return fromTool('nft', () => {
    const { nftables: items = [] } = JSON.parse(json || '{}') as { readonly nftables?: readonly NftItem[] };
    return {
      names: items.flatMap(({ table, chain }) => table?.name ?? chain?.name ?? []),
      redirects: items.flatMap(({ rule }) => nftRedirects(rule?.expr ?? [], own)).map(shown),
    };
  });
}

function nftRedirects(expressions: readonly NftExpression[], own: ReadonlySet<Network>): readonly Redirect[] {
  const dnat = expressions.find((expression) => expression.dnat)?.dnat;
  if (!dnat) return [];
  const to = typeof dnat.addr === 'string' ? dnat.addr : JSON.stringify(dnat.addr ?? 'another port');
  if (dnat.addr === undefined || isOwn(to, own)) return [];
  const ports = expressions.flatMap(({ match }): Ports[] => {
    const { protocol, field } = match?.left?.payload ?? {};
    if (field !== 'dport' || (protocol !== 'tcp' && protocol !== 'udp')) return [];
    return rangesIn(match?.right).map(([first, last]) => ({ protocol, first, last }));
  });
  return ports.length > 0 ? ports.map((range) => ({ ports: range, to })) : [{ ports: undefined, to }];
}

/** `5060`, `{"range":[1,2]}`, `{"set":[…]}`; of a named set nobody knows, so every port. */
function rangesIn(value: unknown): readonly (readonly [number, number])[] {
  if (typeof value === 'number') return [[value, value]];
  const { set, range } = (value ?? {}) as { readonly set?: readonly unknown[]; readonly range?: readonly number[] };
  if (Array.isArray(set)) return set.flatMap(rangesIn);
  if (Array.isArray(range)) return [[range[0] ?? 0, range[1] ?? 65_535]];
  return [[1, 65_535]];
}

/** `192.0.2.1:5060`, `192.0.2.1-192.0.2.5`, `[2001:db8::1]:5060`, `:5060` (this machine). */
function isOwn(to: string, own: ReadonlySet<Network>): boolean {
  const bare = /^\[(.*)\]/.exec(to)?.[1] ?? (/^[0-9a-f:]*:[0-9a-f:]*:/.test(to) ? to : to.replace(/:.*$/, ''));
  const address = parseAddress(bare);
  return bare === '' || (address !== undefined && (own.has(address) || address.startsWith('127.')));
}
