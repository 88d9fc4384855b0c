/** What a rule list lets in from outside: followed from INPUT through its chains. Pure. */
import { readRule, type RuleWords } from './rule-words';
import type { Ports } from './service';

/** What one way through the rules does to packets of one source. */
export interface Found {
  readonly verdict: 'accept' | 'drop';
  /** As it is written; undefined: whoever. */
  readonly source: string | undefined;
  /** Undefined: every port of every protocol. */
  readonly ports: readonly Ports[] | undefined;
  readonly comment: string | undefined;
  readonly device: string | undefined;
  /** The rule that decides, as it is written. */
  readonly rule: string;
  /** What else it demands, and cannot be taken over. */
  readonly others: readonly string[];
  /** It is in a chain that fail2ban, Docker or the like writes by itself. */
  readonly isManaged: boolean;
  /** Only of packets that other rules have marked or counted. */
  readonly isMarked: boolean;
}

interface Rule extends RuleWords {
  readonly text: string;
}

/** Chains that others write anew whenever they like, and our own. */
const MANAGED = /^(f2b-|fail2ban-|crowdsec|DOCKER|KUBE-)/i;
const OURS = /^TOLLGATE/;
/** To no address of this machine: multicast, broadcast. */
const TO_MANY = /^-d (22[4-9]|23\d|255\.255\.255\.255|ff)/i;
/** More ways through the rules than any list has. */
const MOST_STEPS = 100_000;
const DEEPEST = 20;

/** Texts of `iptables-save`, `ip6tables-save` and `iptables -S`, and scripts of iptables commands. Never throws. */
export function readRuleList(text: string): { readonly found: readonly Found[]; readonly isCut: boolean } {
  const chains = new Map<string, Rule[]>();
  let table = 'filter';
  let section = 0; // iptables-save and ip6tables-save behind each other have chains of the same names
  for (const line of text.split(/\r?\n/)) {
    const start = /^\*(\w+)/.exec(line)?.[1];
    if (start !== undefined) [table, section] = [start, section + 1];
    const rule = table === 'filter' && !/^\s*#/.test(line) ? readRule(line) : undefined;
    if (!rule || /\s(-t|--table)\s+(?!filter)/.test(line)) continue;
    const key = `${section} ${rule.chain}`;
    const chain = chains.get(key) ?? [];
    chain.push({ ...rule, text: line.trim() });
    chains.set(key, chain);
  }
  const walk = new Walk(chains);
  for (let i = 0; i <= section; i++) walk.from(i);
  return { found: walk.found, isCut: walk.steps > MOST_STEPS };
}

/** What the jumps on the way have demanded already. */
type Way = Omit<RuleWords, 'chain' | 'target'>;
const ANY: Way = {
  ...{ sources: undefined, protocol: undefined, ports: undefined, device: undefined, comment: undefined },
  ...{ states: undefined, others: [], isMarked: false },
};

class Walk {
  readonly found: Found[] = [];
  steps = 0;
  readonly #chains: ReadonlyMap<string, readonly Rule[]>;

  constructor(chains: ReadonlyMap<string, readonly Rule[]>) {
    this.#chains = chains;
  }

  from(section: number): void {
    this.#follow(`${section} INPUT`, ANY, 0);
  }

  #follow(key: string, way: Way, depth: number): void {
    const [section, chain = ''] = key.split(' ');
    if (depth > DEEPEST || OURS.test(chain)) return;
    for (const rule of this.#chains.get(key) ?? []) {
      this.steps += 1 + (rule.sources?.length ?? 0);
      if (this.steps > MOST_STEPS) return;
      const both = narrowed(way, rule);
      if (!both) continue;
      if (rule.target === 'ACCEPT') this.#note(rule, both, 'accept');
      else if (/^(DROP|REJECT|TARPIT)$/.test(rule.target)) this.#note(rule, both, 'drop');
      else this.#follow(`${section} ${rule.target}`, both, depth + 1);
    }
  }

  #note(rule: Rule, way: Way, verdict: Found['verdict']): void {
    if (way.device === 'lo' || (way.states && !way.states.includes('NEW'))) return;
    if (way.protocol !== undefined && way.protocol !== 'udp' && way.protocol !== 'tcp') return;
    if (way.others.some((other) => TO_MANY.test(other))) return;
    const { comment, device, others } = way;
    const told = {
      verdict,
      ports: portsOf(way),
      comment,
      device,
      others,
      rule: rule.text,
      isManaged: MANAGED.test(rule.chain),
      isMarked: way.isMarked,
    };
    for (const source of way.sources ?? [undefined]) this.found.push({ ...told, source });
  }
}

/** Undefined: nothing meets both. */
function narrowed(way: Way, rule: Rule): Way | undefined {
  const { protocol = way.protocol, device = way.device, states = way.states, comment = way.comment } = rule;
  const isOther = (a: unknown, b: unknown) => a !== undefined && b !== undefined && a !== b;
  if (isOther(way.protocol, rule.protocol) || isOther(way.device, rule.device)) return undefined;
  // Two sources, or two sets of ports, behind each other: the later is the narrower one in every list that people write.
  const { sources = way.sources, ports = way.ports } = rule;
  return {
    protocol,
    device,
    states,
    comment,
    sources,
    ports,
    others: [...way.others, ...rule.others],
    isMarked: way.isMarked || rule.isMarked,
  };
}

function portsOf({ protocol, ports }: Way): readonly Ports[] | undefined {
  if (protocol === undefined && ports === undefined) return undefined;
  const protocols: readonly Ports['protocol'][] =
    protocol === 'udp' || protocol === 'tcp' ? [protocol] : ['udp', 'tcp'];
  return protocols.flatMap((each) =>
    (ports ?? [{ first: 1, last: 65_535 }]).map((range) => ({ protocol: each, ...range })),
  );
}
