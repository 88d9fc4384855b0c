/** The kernel's firewall in memory: the few commands that we and our tests use, in their own text; any other fails. */
import { AppError } from '../../src/errors';
import type { Clock, Run } from '../../src/ports';
import type { SessionChild, SessionListener, SpawnSession } from '../../src/firewall/session-port';

interface FakeSet {
  header: string;
  most: number;
  /** Member -> when it ends; undefined: never. */
  readonly members: Map<string, number | undefined>;
}
type Table = Map<string, string[]>;

export interface FakeKernel {
  readonly run: Run;
  readonly spawnSession: SpawnSession;
  readonly killSession: () => void;
}

class Refused extends Error {}

export function fakeKernel(clock: Clock): FakeKernel {
  const sets = new Map<string, FakeSet>();
  const tables: Record<string, Table> = { iptables: freshTable(), ip6tables: freshTable() };
  const policies: Record<string, Record<string, string>> = { iptables: {}, ip6tables: {} };
  const now = () => clock.now().getTime();
  const monitors = new Set<() => void>();

  function ipset(line: string): string {
    const [verb = '', name = '', ...rest] = line.replace(' -exist', '').split(' ');
    const set = sets.get(name);
    if (verb === 'create') {
      const header = rest.join(' ');
      if (set?.header === header) return ''; // with -exist, which is all that we send
      if (set) throw new Refused('Set cannot be created: set with the same name already exists');
      sets.set(name, { header, most: Number(/maxelem (\d+)/.exec(header)?.[1] ?? 65_536), members: new Map() });
      return '';
    }
    if (!set) throw new Refused('The set with the given name does not exist');
    for (const [member, end] of set.members) if (end !== undefined && end <= now()) set.members.delete(member);
    return inSet(set, name, verb, rest);
  }

  function inSet(set: FakeSet, name: string, verb: string, [member = '', , timeout = '0']: readonly string[]): string {
    switch (verb) {
      case 'add':
        if (!/^[0-9a-f.:/]+(,\w+)?$/.test(member)) throw new Refused(`Syntax error: cannot parse ${member}`);
        if (Number(timeout) > 2_147_483) throw new Refused(`Syntax error: '${timeout}' is out of range 0-2147483`);
        if (!set.members.has(member) && set.members.size >= set.most)
          throw new Refused('Hash is full, cannot add more elements');
        set.members.set(member, timeout === '0' ? undefined : now() + Number(timeout) * 1000);
        return '';
      case 'del':
        if (!/^[0-9a-f.:/]+(,\w+)?$/.test(member)) throw new Refused(`Syntax error: cannot parse ${member}`);
        set.members.delete(member);
        return '';
      case 'test':
        return set.members.has(member) ? `Warning: ${member} is in set ${name}.` : `${member} is NOT in set ${name}.`;
      case 'flush':
        set.members.clear();
        return '';
      case 'destroy':
        if (
          Object.values(tables).some((table) => [...table.values()].flat().some((rule) => rule.includes(` ${name} `)))
        ) {
          throw new Refused('Set cannot be destroyed: it is in use by a kernel component');
        }
        sets.delete(name);
        return '';
      case 'swap':
        swap(name, member);
        return '';
      default:
        throw new Error(`unforeseen: ipset ${verb}`);
    }
  }

  function swap(a: string, b: string): void {
    const [first, second] = [sets.get(a), sets.get(b)];
    if (!first || !second) throw new Refused('The second set does not exist');
    sets.set(a, second).set(b, first);
  }

  function saved(only?: string): string {
    const all = [...sets].filter(([name]) => only === undefined || name === only);
    return all
      .map(([name, { header, members }]) => `create ${name} ${header}\n${savedMembers(name, header, members)}`)
      .join('');
  }

  function savedMembers(name: string, header: string, members: FakeSet['members']): string {
    const timeout = (end: number | undefined) => (end === undefined ? 0 : Math.floor((end - now()) / 1000));
    const live = [...members].filter(([, end]) => end === undefined || end > now());
    const extra = (end: number | undefined) =>
      header.includes('timeout') ? ` timeout ${timeout(end)} packets 0 bytes 0` : '';
    const told = (member: string) => (header.startsWith('bitmap:') ? member.replace(/\/.*/, '') : member);
    return live.map(([member, end]) => `add ${name} ${told(member)}${extra(end)}\n`).join('');
  }

  /** One rule command on a table; throws without having changed anything. */
  function command(tool: string, table: Table, line: string): void {
    const set = /--match-set (\S+)/g;
    for (const [, name = ''] of line.matchAll(set))
      if (!sets.has(name)) throw new Refused(`Set ${name} doesn't exist.`);
    const [verb = '', chain = '', ...rest] = line.split(' ');
    const rules = table.get(chain);
    if (verb === '-P') (policies[tool] ??= {})[chain] = rest.join();
    else if (verb === '-N') table.set(chain, []);
    else if (verb.startsWith(':')) table.set(verb.slice(1), []);
    else if (!rules) throw new Refused(`No chain by the name ${chain}`);
    else if (verb === '-A') rules.push(line);
    else if (verb === '-I') rules.splice(Number(rest[0]) - 1, 0, `-A ${chain} ${rest.slice(1).join(' ')}`);
    else if (verb === '-F') rules.length = 0;
    else if (verb === '-X') table.delete(chain);
    else if (verb === '-D') {
      const at = rules.indexOf(line.replace('-D', '-A'));
      if (at < 0) throw new Refused('Bad rule (does a matching rule exist in that chain?).');
      rules.splice(at, 1);
    } else throw new Error(`unforeseen: ${tool} ${line}`);
  }

  function restoreRules(tool: string, text: string, isTest: boolean): void {
    const copy: Table = new Map([...(tables[tool] ?? [])].map(([chain, rules]) => [chain, [...rules]]));
    const lines = text.trim().split('\n');
    if (lines.shift() !== '*filter' || lines.pop() !== 'COMMIT') throw new Refused('no table');
    for (const line of lines) command(tool, copy, line);
    for (const rule of [...copy.values()].flat()) {
      const target = / -[jg] (TOLLGATE\S*)/.exec(rule)?.[1];
      if (target !== undefined && !copy.has(target)) throw new Refused(`no chain ${target}`);
    }
    if (isTest) return;
    tables[tool] = copy;
    for (const tell of monitors) tell();
  }

  function listed(tool: string, style: 'save' | 'list'): string {
    const chains = [...(tables[tool] ?? [])];
    const policy = (chain: string) => policies[tool]?.[chain] ?? (BASE.includes(chain) ? 'ACCEPT' : '-');
    const head = (chain: string) =>
      style === 'save'
        ? `:${chain} ${policy(chain)} [0:0]`
        : BASE.includes(chain)
          ? `-P ${chain} ${policy(chain)}`
          : `-N ${chain}`;
    const body = [...chains.map(([chain]) => head(chain)), ...chains.flatMap(([, rules]) => rules)].join('\n');
    return style === 'save'
      ? `# Generated by ${tool}-save v1.8.9 (nf_tables) on a day\n*filter\n${body}\nCOMMIT\n`
      : `${body}\n`;
  }

  function counted(): string {
    const size = (members: FakeSet['members']) =>
      [...members.values()].filter((end) => end === undefined || end > now()).length;
    return [...sets]
      .map(
        ([name, { header, members }]) =>
          `Name: ${name}\nType: ${header.split(' ', 1).join()}\nHeader: ${header.slice(header.indexOf(' ') + 1)}\nNumber of entries: ${size(members)}\n`,
      )
      .join('\n');
  }

  function restoreSets(text: string): void {
    text.trim().split('\n').forEach(ipset); // what came before a faulty line stays
  }

  function perform(file: string, args: readonly string[], stdin: string): string {
    const words = args.join(' ');
    const tool = file.replace(/-(save|restore)$/, '');
    if (file === 'ipset' && words === 'save') return saved();
    if (file === 'ipset' && words === 'list -terse') return counted();
    if (file === 'ipset' && words === 'list -n') return [...sets.keys(), ''].join('\n');
    if (file === 'ipset' && words === '-exist restore') return (restoreSets(stdin), '');
    if (file === 'ipset') return args[0] === 'save' ? saved(args[1]) : ipset(words);
    if (file.endsWith('-save')) return listed(tool, 'save');
    if (file.endsWith('-restore')) return (restoreRules(tool, stdin, args.includes('--test')), '');
    if (file === 'ip' || file === 'conntrack') return ''; // no address and no flow
    if (file === 'nft') return '{"nftables": []}'; // no table but those that iptables shows
    if (file.includes('-legacy')) return '';
    if (words === '-S') return listed(tool, 'list');
    command(tool, tables[tool] ?? freshTable(), words);
    for (const tell of monitors) tell();
    return '';
  }

  let endSession: (() => void) | undefined;
  return {
    run: (file, args, { stdin = '' } = {}) =>
      new Promise((resolve, reject) => {
        setImmediate(() => {
          try {
            resolve(perform(file, args, typeof stdin === 'string' ? stdin : [...stdin].join('')));
          } catch (error) {
            if (!(error instanceof Refused)) reject(error instanceof Error ? error : new Error(String(error)));
            else
              reject(
                new AppError(
                  'COMMAND_FAILED',
                  `${file} ${args.join(' ')} failed (1): ${error.message}`,
                  'run "tollgate status"',
                ),
              );
          }
        });
      }),
    spawnSession: (file, _args, listener) => {
      if (file === 'nft') return monitor(listener);
      if (file === 'stdbuf') return lister(listener);
      let isUp = true;
      endSession = () => {
        if (isUp) setImmediate(() => listener.ended('ended with SIGKILL'));
        isUp = false;
      };
      return {
        kill: () => endSession?.(),
        write: (text) =>
          setImmediate(() => {
            for (const line of text.trim().split('\n')) if (isUp) listener.stderr(answer(line));
          }),
      };
    },
    killSession: () => endSession?.(),
  };

  function monitor(listener: SessionListener): SessionChild {
    const tell = () => setImmediate(() => listener.stdout?.('add rule ip filter INPUT jump TOLLGATE\n'));
    monitors.add(tell);
    const kill = () => {
      if (monitors.delete(tell)) setImmediate(() => listener.ended('ended with SIGKILL'));
    };
    return { write: () => undefined, kill };
  }

  /** Another `ipset -`, whose words come line by line. */
  function lister(listener: SessionListener): SessionChild {
    const tell = () => listener.stdout?.(`ipset> ${counted()}ipset> ipset v7.17, protocol version: 7\n`);
    return { write: () => setImmediate(tell), kill: () => setImmediate(() => listener.ended('ended with SIGKILL')) };
  }

  function answer(line: string): string {
    try {
      const said = ipset(line);
      return said === '' ? '' : `${said}\n`;
    } catch (error) {
      return `ipset v7.17: ${(error as Error).message}\n`;
    }
  }
}

const BASE = ['INPUT', 'FORWARD', 'OUTPUT'];

function freshTable(): Table {
  return new Map(BASE.map((chain) => [chain, []]));
}
