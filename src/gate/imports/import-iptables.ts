/** Import iptables: proposes what an existing rule list lets in, so that its people lose nothing when they move. */
import { covers, parseNetwork } from '../../domain/network';
import { printable } from '../../domain/printable';
import { readRuleList, type Found } from '../../domain/rule-list';
import { ALL, type Ports, type Service } from '../../domain/service';
import type { ImportShape } from '../../domain/shapes';
import type { Doors } from '../doors/doors';
import { propose, type Proposal, type Wish } from './import';
import { applyProposals } from './import-apply';
import type { ImportAsked } from './import-plain';
import { openToAll, opens } from './open-to-all';
import type { Parts } from '../parts';

const ORIGIN = 'iptables';

/**
 * With `dryRun` only proposed. What the rules no longer have stays: people take the old rules away once they have moved.
 */
export async function importIptables(parts: Parts, doors: Doors, asked: ImportAsked): Promise<ImportShape> {
  const { found, isCut } = readRuleList(asked.text);
  const { wishes, told } = wishesOf(found, parts.services);
  const cut = isCut
    ? [refused('the rules', 'there are more ways through them than we follow', 'look at the rest yourself')]
    : [];
  const proposals = (await propose(parts, ORIGIN, wishes)).filter(({ state }) => state !== 'gone');
  return applyProposals(parts, doors, asked, { origin: ORIGIN, proposals: [...proposals, ...told, ...cut] });
}

interface Wishes {
  readonly wishes: readonly Wish[];
  /** What is not taken over, and what to do about it. */
  readonly told: readonly Proposal[];
}

/** One wish for each source, with all that its rules open. */
function wishesOf(found: readonly Found[], services: readonly Service[]): Wishes {
  const told = new Map<string, Proposal>();
  const bySource = new Map<string, Found[]>();
  for (const each of found) {
    if (isLoopback(each) || isOfNoMatter(each)) continue;
    const proposal = toldOf(each, services) ?? (each.verdict === 'drop' ? toldOfException(each, found) : undefined);
    if (proposal) told.set(`${proposal.what} ${proposal.why}`, proposal);
    else if (each.source !== undefined) {
      const key = `${each.verdict} ${each.source}`;
      bySource.set(key, [...(bySource.get(key) ?? []), each]);
    }
    const world = openToAll(each, services);
    if (world) told.set(`${world.who} ${world.why}`, refused(world.who, world.why, world.hint));
  }
  const names = [...bySource.values()].flatMap(([first]) => first?.comment ?? []);
  const isOnly = (name: string) => names.filter((each) => each === name).length === 1;
  const wishes = [...bySource.values()].flatMap((rules) => wishOf(rules, services, isOnly) ?? []);
  return { wishes, told: [...told.values()] };
}

function wishOf(
  rules: readonly Found[],
  services: readonly Service[],
  isOnly: (name: string) => boolean,
): Wish | undefined {
  const [first] = rules;
  if (first?.source === undefined) return undefined;
  const { comment, verdict } = first;
  const what = printable(first.source);
  const more = rules.length > 1 ? ` and ${rules.length - 1} more` : '';
  const why = `${printable(first.rule).slice(0, LONGEST_RULE)}${more}`;
  const text = comment === undefined ? undefined : printable(comment).slice(0, LONGEST_NAME);
  const called = text === undefined || text === '' ? {} : isOnly(comment ?? '') ? { name: text } : { note: text };
  if (verdict === 'drop') return { kind: 'block', what, services: [], until: 'forever', ...called, why };
  return { kind: 'allow', what, services: servicesFor(rules, services), until: 'forever', ...called, why };
}

/** In characters. */
const LONGEST_RULE = 160;
const LONGEST_NAME = 100;
const LONGEST_HINT = 1_000;
/** What `phone` stands for. */
const PHONE = ['sip', 'iax', 'rtp'];

function servicesFor(rules: readonly Found[], services: readonly Service[]): readonly string[] {
  if (rules.some(({ ports, isMarked }) => ports === undefined && !isMarked)) return [ALL];
  // what FreePBX marks as signalling or media; which ports, its other rules say
  const marked = rules.some(({ ports }) => ports === undefined) ? PHONE : [];
  const isOpen = (service: Service) =>
    marked.includes(service.name) || rules.some(({ ports = [] }) => opens(ports, service));
  const names = services.filter(isOpen).map(({ name }) => name);
  if (!PHONE.every((name) => names.includes(name))) return names;
  return ['phone', ...names.filter((name) => !PHONE.includes(name))];
}

/** Why a rule is not taken over; undefined: it is, or it is of no matter. */
function toldOf(found: Found, services: readonly Service[]): Proposal | undefined {
  const { verdict, source, ports, device, others, rule, isMarked } = found;
  const guarded = services.filter((service) => service.guarded && (ports === undefined || opens(ports, service)));
  if (verdict === 'drop') return toldOfDrop(found);
  const set = others.find((other) => other.startsWith('--match-set'));
  if (set !== undefined) {
    return refused(rule, `its addresses are in a set (${set})`, 'list it with "ipset list", and import those as plain');
  }
  if (others.length > 0 && (source !== undefined || guarded.length > 0)) {
    return refused(source ?? rule, `${rule} demands more than an address: ${others.join(', ')}`, ALLOW_IT);
  }
  if (source === undefined) {
    if (guarded.length === 0 || isMarked) return undefined;
    const opened = `${rule} opens ${guarded.map(({ name }) => name).join(', ')} to the world`;
    return device === undefined
      ? refused('everybody', opened, WORLD)
      : refused(`everybody on ${device}`, opened, `${WORLD}. If it is your own network: firewall.trusted`);
  }
  if (ports !== undefined && !services.some((service) => opens(ports, service))) {
    return refused(
      source,
      `${rule}: no service has ${ports.map(portText).join(', ')}`,
      'name one in [services] and import again',
    );
  }
  return undefined;
}

const ALLOW_IT = 'let in what you need of it with tollgate allow';
const WORLD = 'Tollgate decides before it as soon as the mode is guard; let in by tollgate allow who needs it';

/** Only what is dropped wholly, and from everywhere, is a block. */
function toldOfDrop({ source, ports, device, others, rule }: Found): Proposal | undefined {
  if (ports === undefined && device === undefined && others.length === 0) return undefined;
  return refused(source ?? '', `${rule} drops only some of it`, 'it stays as it is, behind what Tollgate decides');
}

/** A block comes before every entry; in a rule list somebody of them may have been let in first. */
function toldOfException({ source = '', rule }: Found, found: readonly Found[]): Proposal | undefined {
  const dropped = parseNetwork(source);
  const isWithin = (text = '') => {
    const network = parseNetwork(text);
    return dropped && network && (covers(dropped, network) || covers(network, dropped));
  };
  const exception = found.find((each) => each.verdict === 'accept' && isWithin(each.source));
  if (!exception) return undefined;
  return refused(
    source,
    `${rule}, but another rule lets in ${exception.source ?? ''}`,
    'tollgate block what you mean of it',
  );
}

/** What others write anew by themselves, and the drop at the end of a list. */
function isOfNoMatter({ verdict, source, isManaged }: Found): boolean {
  return verdict === 'drop' && (isManaged || source === undefined);
}

function isLoopback({ source }: Found): boolean {
  return source !== undefined && /^(127\.|::1(\/|$))/.test(source);
}

function refused(what: string, why: string, hint: string): Proposal {
  const cut = (text: string, most = 2 * LONGEST_RULE) => printable(text).slice(0, most);
  return {
    state: 'refused',
    what: cut(what),
    services: [],
    name: undefined,
    why: cut(why),
    hint: cut(hint, LONGEST_HINT),
  };
}

function portText({ protocol, first, last }: Ports): string {
  return `${protocol} ${first === last ? first : `${first} to ${last}`}`;
}
