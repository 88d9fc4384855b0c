/** One rule of iptables, as `iptables-save`, `iptables -S` or a script of such commands has it. Pure. */
import type { Ports } from './service';

export interface RuleWords {
  readonly chain: string;
  /** `ACCEPT`, `DROP`, a chain; '' without one. */
  readonly target: string;
  /** Addresses, networks, ranges or names, as they are written; undefined: whoever. */
  readonly sources: readonly string[] | undefined;
  /** Undefined: every protocol. */
  readonly protocol: string | undefined;
  /** Ports of this machine; undefined: all of the protocol. */
  readonly ports: readonly Pick<Ports, 'first' | 'last'>[] | undefined;
  /** On which it comes in; undefined: any. */
  readonly device: string | undefined;
  readonly comment: string | undefined;
  /** Only of connections in these states; undefined: of all. */
  readonly states: readonly string[] | undefined;
  /** Only of packets that other rules have marked or counted. */
  readonly isMarked: boolean;
  /** What else is demanded that makes it fewer packets, as `--match-set office src`; of each the words. */
  readonly others: readonly string[];
}

/** Undefined: it is no rule that is added to a chain. Never throws. */
export function readRule(line: string): RuleWords | undefined {
  const words = wordsOf(line);
  const start = words.findIndex((word) => ADDS.includes(word));
  if (start < 0 || start > 4 || words[start + 1] === undefined) return undefined;
  const rest = words.slice(start + 2);
  if (/^\d+$/.test(rest[0] ?? '')) rest.shift(); // -I CHAIN 3
  const rule = new Reading();
  while (rest.length > 0) rule.take(rest);
  return rule.words(words[start + 1] ?? '');
}

const ADDS = ['-A', '-I', '--append', '--insert'];
/** Rates and counts, and what says the same of every packet of a flow: a whitelist needs them no more. */
const HARMLESS = [
  '--limit',
  '--limit-burst',
  '--ctdir',
  '--icmp-type',
  '--icmpv6-type',
  '--reject-with',
  '--set-mark',
  '--set-xmark',
  '--log-prefix',
  '--log-level',
  '--nflog-prefix',
  '--nflog-group',
];
const ALONE = ['--syn', '--set', '--rsource', '--rttl', '--log-uid', '--log-ip-options', '--log-tcp-options'];
const RECENT = /^--(hashlimit|recent|connlimit|remove|name|seconds|hitcount|mask|log|to)/;

class Reading {
  #target = '';
  #sources: readonly string[] | undefined;
  #protocol: string | undefined;
  #ports: RuleWords['ports'];
  #device: string | undefined;
  #comment: string | undefined;
  #states: readonly string[] | undefined;
  #isMarked = false;
  readonly #others: string[] = [];

  /** Takes the words of one match off the front. */
  take(rest: string[]): void {
    const not = rest[0] === '!' ? rest.shift() : undefined;
    const word = rest.shift() ?? '';
    if (ALONE.includes(word) || word === '-m' || word === '--match') {
      if (word.startsWith('-m') || word === '--match') rest.shift();
      return;
    }
    const late = rest[0] === '!' ? rest.shift() : undefined; // as old versions write it: -s ! 192.0.2.1
    const value = rest[0]?.startsWith('-') === true && rest[0] !== '-' ? '' : (rest.shift() ?? '');
    if (not !== undefined || late !== undefined) {
      if (!HARMLESS.includes(word)) this.#others.push(`! ${word} ${value}`);
      return;
    }
    this.#read(word, value, rest);
  }

  #read(word: string, value: string, rest: string[]): void {
    switch (word) {
      case '-s':
      case '--src':
      case '--source':
      case '--src-range':
        this.#sources = value.split(',');
        return;
      case '-p':
      case '--protocol':
        this.#protocol = value === 'all' || value === '0' ? undefined : value.toLowerCase();
        return;
      case '--dport':
      case '--dports':
      case '--destination-port':
      case '--destination-ports':
        this.#ports = portsOf(value);
        if (!this.#ports) this.#others.push(`${word} ${value}`);
        return;
      case '-i':
      case '--in-interface':
        this.#device = value;
        return;
      case '--comment':
        this.#comment = value;
        return;
      case '--state':
      case '--ctstate':
        this.#states = value.toUpperCase().split(',');
        return;
      case '-j':
      case '-g':
      case '--jump':
      case '--goto':
        this.#target = value;
        return;
      case '--tcp-flags':
        rest.shift(); // which of them are to be set
        return;
      case '--mark':
      case '--pkt-type':
      case '--rcheck':
      case '--update':
        this.#isMarked = true;
        return;
      case '--match-set':
        this.#others.push(`${word} ${value} ${rest.shift() ?? ''}`);
        return;
      default:
        if (!HARMLESS.includes(word) && !RECENT.test(word)) this.#others.push(`${word} ${value}`.trim());
    }
  }

  words(chain: string): RuleWords {
    const sources = this.#sources?.some((source) => /^(0\.0\.0\.0|::|0)\/0(\.0\.0\.0)?$/.test(source))
      ? undefined
      : this.#sources;
    return {
      ...{ chain, target: this.#target, sources, protocol: this.#protocol, ports: this.#ports },
      ...{
        device: this.#device,
        comment: this.#comment,
        isMarked: this.#isMarked,
        states: this.#states,
        others: this.#others,
      },
    };
  }
}

/** `5060`, `5060:5069`, `sip,4569`; undefined: there is a name in it that we do not know. */
function portsOf(text: string): RuleWords['ports'] {
  const ranges = text.split(',').map((range) => {
    const [first, last = first] = range
      .split(/[:-]/)
      .map((port) => (/^\d{1,5}$/.test(port) ? Number(port) : NAMED[port]));
    return first === undefined || last === undefined || first > last || last > 65_535 ? undefined : { first, last };
  });
  return ranges.includes(undefined) ? undefined : ranges.flatMap((range) => range ?? []);
}

/** What /etc/services calls the ports of a telephone system's neighbourhood. */
const NAMED: Readonly<Record<string, number>> = {
  ...{
    ssh: 22,
    smtp: 25,
    domain: 53,
    tftp: 69,
    http: 80,
    ntp: 123,
    https: 443,
    ftp: 21,
    iax: 4569,
    sip: 5060,
    'sip-tls': 5061,
    sips: 5061,
  },
};

/** As a shell would split it: quotes keep words together, a backslash keeps one character. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_, double?: string, single?: string) =>
      double === undefined ? (single ?? '') : double.replace(/\\(.)/g, '$1'),
    ),
  );
}
