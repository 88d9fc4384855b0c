/** The firewall of `src/domain/firewall.ts` over iptables, ip6tables and ipset. */
import type { Change, Elements, Firewall, Look, Member, Policy } from '../domain/firewall';
import { parseNetwork } from '../domain/network';
import type { Clock, Log, Run } from '../ports';
import { applyState, type Kernel } from './apply';
import { NOWHERE, openBootState, type Saved, type SavedWhole } from './boot-state';
import { changeMembers, ordersFor, type Call } from './change';
import { desiredState, desiredStates, MOST_MEMBERS } from './desired-state';
import { driftWatch } from './drift';
import { foretell } from './foretell';
import { forgetFlows } from './forget-flows';
import { NOTHING } from './kernel-state';
import { KernelLook } from './look';
import { knownMembers } from './known-members';
import { FAMILIES, HOOK, isOurChain, readSetName, setName } from './names';
import { readNeighbours } from './neighbours';
import { oneAtATime } from '../domain/one-at-a-time';
import { batchLines, planBothRules, planFirewall } from './plan';
import { listSets, readKernel, readRules, saveMembers, savedMembers } from './read';
import { openSession } from './session';
import type { SpawnSession } from './session-port';
import { takeSnapshot } from './snapshot';
import { terseList } from './terse-list';
import { withFirewallFaults } from './tool-faults';
import { wholeSets } from './whole-sets';

export interface FirewallPorts {
  readonly run: Run;
  readonly spawnSession: SpawnSession;
  readonly clock: Clock;
  readonly log: Log;
  /** Where what a reboot brings back is kept; left out: nothing comes back. */
  readonly saved?: Saved;
  /** Where the permitted countries are kept for it: they are too many to be written again with each change. */
  readonly savedCountries?: SavedWhole;
  /** The program that brings it back, and its arguments, the last of them being where it is. */
  readonly restoring?: readonly string[];
  /** Members that each set may have. */
  readonly mostMembers?: number;
}

/** Touches nothing until it is asked. Only one of these may work on one kernel. */
export function openFirewall({
  spawnSession,
  clock,
  log,
  saved = NOWHERE,
  savedCountries = NOWHERE,
  restoring = [],
  mostMembers = MOST_MEMBERS,
  ...ports
}: FirewallPorts): Firewall {
  const run = withFirewallFaults(ports.run);
  const wholes = wholeSets();
  const kernel: Kernel = { run, clock, log, wholes };
  const session = openSession(spawnSession, clock);
  const known = knownMembers();
  const boot = openBootState({ saved, savedCountries, clock, log, mostMembers });
  const sets = terseList({ run, spawnSession, clock });
  const drift = driftWatch({ run, spawnSession, clock, log, known, sets });
  const inTurn = oneAtATime();
  let waiting: Call[] = [];

  /** Callers that come while one batch is on its way make up the next. */
  function change(changes: readonly Change[]): Promise<void> {
    return new Promise((done, failed) => {
      for (const each of changes) ordersFor(each, clock.now()); // a bad one must not spoil what others wait for
      waiting.push({ changes, done, failed });
      if (waiting.length > 1) return;
      void inTurn(() => {
        const calls = waiting;
        waiting = [];
        return changeMembers(calls, { ...kernel, session, known, boot });
      });
    });
  }

  async function look(): Promise<KernelLook> {
    const at = clock.now();
    return new KernelLook(at, await readKernel(run, wholes));
  }

  async function apply(policy: Policy, elements: Elements, seen?: Look): Promise<readonly string[]> {
    const desired = desiredStates(policy, elements, mostMembers);
    const look = seen && seenBy(seen);
    const applied = applyState(desired, kernel, look);
    const kept = boot.keep(policy, elements, applied);
    await Promise.allSettled([applied, kept]);
    const { lines, has, at } = await applied;
    if (look && lines.length > 0) drift.compare(look.have.sets, look.at);
    known.learn(has.sets, at);
    drift.learn(has.rules, at);
    if (lines.length > 0)
      log('firewall changed', { mode: policy.mode, trial: policy.trial?.mode, lines: lines.length });
    await forgetFlows(policy, lines, kernel);
    await kept;
    return lines;
  }

  async function plan(policy: Policy, elements: Elements, seen?: Look): Promise<readonly string[]> {
    const { at, have } = seen ? seenBy(seen) : await look();
    return batchLines(await planFirewall(desiredState(policy, elements, at, mostMembers), have));
  }

  function changesRules(policy: Policy, seen: Look): boolean {
    const want = desiredState(policy, new Map(), clock.now(), mostMembers);
    const rules = planBothRules(want, seenBy(seen).have);
    return FAMILIES.some((family) => rules[family].length > 0);
  }

  async function remove(remembered?: () => Promise<void>): Promise<void> {
    const { lines, has, at } = await applyState(() => NOTHING, kernel);
    known.learn(has.sets, at);
    drift.learn(has.rules, at);
    if (lines.length > 0) log('firewall removed', { lines: lines.length });
    await remembered?.();
    await boot.remove();
  }

  async function restore({ dryRun }: { readonly dryRun: boolean }): Promise<readonly string[]> {
    const [file = '', ...args] = restoring;
    known.learn(new Map(), clock.now()); // looked at again before the next change
    wholes.forget();
    const said = await run(file, [...args.slice(0, -1), ...(dryRun ? ['--print'] : []), ...args.slice(-1)], {
      timeoutMs: 60_000,
    });
    if (!dryRun) drift.learn(await readRules(run), clock.now());
    return said.trimEnd().split('\n');
  }

  return {
    change,
    look,
    apply: (policy, elements, seen) => inTurn(() => apply(policy, elements, seen)),
    plan: (policy, elements, seen) => inTurn(() => plan(policy, elements, seen)),
    changesRules,
    foretell: (policy, elements, packets) => foretell(policy, elements, packets, clock.now()),
    remove: (remembered) => inTurn(() => remove(remembered)),
    restore: (how) => inTurn(() => restore(how)),
    members: (set) => readMembers(run, set),
    rules: () => listRules(run),
    trialSecondsLeft: () => readTrial(run),
    neighbours: (guarded = [], legacy = {}) => readNeighbours(run, guarded, legacy),
    snapshot: () => inTurn(() => takeSnapshot(run, clock)),
    drift: () => inTurn(() => drift.look()),
    listen: (heard) => drift.listen(heard),
    close: () =>
      inTurn(() => {
        session.close();
        sets.close();
        return Promise.resolve();
      }),
  };
}

/** Rejects what another firewall has seen. */
function seenBy(look: Look): KernelLook {
  if (look instanceof KernelLook) return look;
  throw new TypeError('a look of another firewall');
}

async function readMembers(run: Run, only?: string): Promise<readonly Member[]> {
  const listing = only === undefined ? await saveMembers(await listSets(run), run) : await saveSet(run, only);
  return savedMembers(listing).flatMap(({ name, member, left, packets }) => {
    const set = readSetName(name)?.set;
    const network = parseNetwork(member);
    if (set === undefined || set === 'trial' || network === undefined) return [];
    return [{ set, network, secondsLeft: left === 'forever' ? undefined : left, packets }];
  });
}

/** Both families' set of this name, as far as they are there. */
async function saveSet(run: Run, set: string): Promise<string> {
  const there = (await run('ipset', ['list', '-n'])).split('\n');
  const names = FAMILIES.map((family) => setName(set, family)).filter((name) => there.includes(name));
  return (await Promise.all(names.map((name) => run('ipset', ['save', name], { timeoutMs: 60_000 })))).join('\n');
}

async function listRules(run: Run): Promise<readonly string[]> {
  const listings = await Promise.all([run('iptables', ['-S']), run('ip6tables', ['-S'])]);
  if (!listings.some((listing) => listing.split('\n').includes(HOOK))) return [];
  return listings.flatMap((listing) =>
    listing.split('\n').filter((line) => line === HOOK || isOurChain(/^-[AN] (\S+)/.exec(line)?.[1] ?? '')),
  );
}

/** The trial lasts as long as the first of its members. */
async function readTrial(run: Run): Promise<number | undefined> {
  const members = savedMembers(await saveSet(run, 'trial'));
  const left = members.flatMap((one) =>
    readSetName(one.name)?.set === 'trial' && one.left !== 'forever' ? [one.left] : [],
  );
  return left.length > 0 ? Math.min(...left) : undefined;
}
