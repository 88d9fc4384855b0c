/** What would happen to a packet under a policy: our own rules, read as the kernel reads them. */
import type { Elements, Fate, Packet, Policy } from '../domain/firewall';
import { covering, covers, familyOf, parseNetwork, type Family, type Network } from '../domain/network';
import { desiredState } from './desired-state';
import type { KernelSet, KernelState } from './kernel-state';
import { DISPATCHER, isOurChain } from './names';

/**
 * What each packet would meet, with a trial that is running already in force. It evaluates the very text that the kernel
 * is sent, so that it cannot say anything else than the rules do. Throws RangeError on a rule with a word it does not
 * know. Changes nothing.
 */
export function foretell(policy: Policy, elements: Elements, packets: readonly Packet[], now: Date): readonly Fate[] {
  const mode = policy.trial && policy.trial.until > now ? policy.trial.mode : policy.mode;
  const state = desiredState({ ...policy, mode, trial: undefined }, elements, now);
  const members: Members = { sets: state.sets, covering: remembering(covering) };
  const families = { 4: chainsOf(state, 4, members), 6: chainsOf(state, 6, members) };
  return packets.map((packet) => fateIn(families[familyOf(packet.from)], DISPATCHER, packet) ?? 'return');
}

type Test = (packet: Packet) => boolean;
interface Rule {
  readonly tests: readonly Test[];
  /** `-g`: what the target leaves undecided is left so. */
  readonly isGoto: boolean;
  readonly target: string;
}
type Chains = ReadonlyMap<string, readonly Rule[]>;
interface Members {
  readonly sets: ReadonlyMap<string, KernelSet>;
  /** Every network that an address lies in. */
  readonly covering: (address: Network) => readonly Network[];
}

/** Many packets come from one address, and many sets are asked for each. */
function remembering(find: Members['covering']): Members['covering'] {
  const found = new Map<Network, readonly Network[]>();
  return (address) => {
    const known = found.get(address) ?? find(address);
    found.set(address, known);
    return known;
  };
}

function chainsOf(state: KernelState, family: Family, members: Members): Chains {
  const { chains } = state.rules[family];
  return new Map([...chains].map(([name, rules]) => [name, rules.map((rule) => readRule(rule, members))]));
}

/** Undefined: it came to the chain's end, or to RETURN. */
function fateIn(chains: Chains, chain: string, packet: Packet): Fate | undefined {
  for (const { tests, isGoto, target } of chains.get(chain) ?? []) {
    if (!tests.every((test) => test(packet))) continue;
    if (target === 'ACCEPT') return 'accept';
    if (target === 'DROP') return 'drop';
    if (target === 'RETURN') return undefined;
    const fate = isOurChain(target) ? fateIn(chains, target, packet) : undefined; // NFLOG decides nothing
    if (fate !== undefined || isGoto) return fate;
  }
  return undefined;
}

function readRule(rule: string, members: Members): Rule {
  const [, , ...words] = rule.split(' '); // -A CHAIN
  const tests: Test[] = [];
  let isNot = false;
  while (words.length > 0) {
    const word = words.shift() ?? '';
    if (word === '-j' || word === '-g') return { tests, isGoto: word === '-g', target: words[0] ?? '' };
    if (word === '!') {
      isNot = true;
      continue;
    }
    const make = WORDS[word];
    if (!make) throw new RangeError(`nobody has said what "${word}" does to a packet: ${rule}`);
    const test = make(words.shift() ?? '', members);
    tests.push(isNot ? (packet) => !test(packet) : test);
    if (word === '--match-set') words.shift(); // src, or src,src: the set's own kind tells
    isNot = false;
  }
  throw new RangeError(`a rule without an end: ${rule}`);
}

const always: Test = () => true;

/** What each word of a rule asks of a packet. */
const WORDS: Readonly<Record<string, (value: string, members: Members) => Test>> = {
  '-m': () => always,
  '-i': (device) => (packet) => packet.device === device,
  '-p': (protocol) => (packet) => packet.protocol === protocol,
  '-s': (network) => (packet) => covers(known(network), packet.from),
  '--src-type': () => (packet) => packet.isOwn,
  '--sport': (ports) => (packet) => packet.fromPort !== undefined && isWithin(packet.fromPort, ports),
  '--dport': (ports) => (packet) => isWithin(packet.port, ports),
  '--dports': (ports) => (packet) => ports.split(',').some((range) => isWithin(packet.port, range)),
  '--match-set': (name, { sets, covering: coveringOf }) => {
    const set = sets.get(name);
    let whole: ReadonlySet<string> | undefined; // made when the first packet comes to this rule
    return ({ from, device }) => {
      if (set?.whole) whole ??= new Set(set.whole.networks);
      const members = whole ?? set?.members;
      return (
        members !== undefined &&
        coveringOf(from).some((network) => members.has(network) || members.has(`${network},${device}`))
      );
    };
  },
  '--ctdir': () => (packet) => packet.isReply,
  '--ctstate': () => (packet) => packet.isReply,
  // of ICMP, which is no packet of ours
  '--icmp-type': () => always,
  '--icmpv6-type': () => always,
  '--hl-eq': () => always,
  // how often, not whether
  ...Object.fromEntries(
    [
      ...['--limit', '--limit-burst', '--hashlimit-upto', '--hashlimit-burst', '--hashlimit-mode'],
      ...['--hashlimit-name', '--hashlimit-srcmask'],
    ].map((word) => [word, () => always]),
  ),
};

function known(text: string): Network {
  const network = parseNetwork(text);
  if (!network) throw new RangeError(`no network: ${text}`);
  return network;
}

/** `5060`, or `10000:20000`. */
function isWithin(port: number, range: string): boolean {
  const [first, last = first] = range.split(':').map(Number);
  return first !== undefined && last !== undefined && first <= port && port <= last;
}
