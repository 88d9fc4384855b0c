/** The real firewall on a host of its own: the tools run in its network namespace, the machine's is never touched. */
import { openFirewall, type FirewallPorts } from '../../src/firewall/open';
import { overChild } from '../../src/firewall/session-port';
import type { Firewall, Policy } from '../../src/domain/firewall';
import { AppError } from '../../src/errors';
import type { Clock, Log, Run } from '../../src/ports';
import { clock as realClock } from '../../src/clock';
import { makeHost, type Host } from '../../src/lab/host';
import { fakeKernel } from './fake-kernel';
import type { ChildProcess } from 'node:child_process';

type Boot = 'saved' | 'savedCountries' | 'restoring' | 'mostMembers';

export interface HostFirewall {
  readonly firewall: Firewall;
  /** What it logged, oldest first. */
  readonly logged: readonly string[];
  /** The ipset children that were started, oldest first. */
  readonly children: readonly ChildProcess[];
}

export function firewallOn(
  host: Host,
  { clock = realClock, mostMembers, ...boot }: Pick<FirewallPorts, Boot> & { clock?: Clock } = {},
): HostFirewall {
  const logged: string[] = [];
  const children: ChildProcess[] = [];
  const log: Log = (event) => void logged.push(event);
  const firewall = openFirewall({
    run: host.run,
    spawnSession: (file, args, listener) => {
      const child = host.spawn(file, args);
      if (file === 'ipset') children.push(child);
      return overChild(child, listener);
    },
    clock,
    log,
    ...boot,
    ...(mostMembers !== undefined && { mostMembers }),
  });
  return { firewall, logged, children };
}

/** A firewall and the ways to disturb it. */
export interface FirewallUnderTest {
  readonly firewall: Firewall;
  readonly run: Run;
  readonly clock: Clock;
  readonly logged: readonly string[];
  /** From now on these commands of the firewall's fail, with these words. */
  readonly failAt: (which: Which, words?: string) => void;
  /** From now on these commands of the firewall's do nothing and say that all is well. */
  readonly swallowAt: (which: Which) => void;
  readonly killSession: () => void;
  end(): Promise<void>;
}
type Which = (file: string, args: readonly string[]) => boolean;

/** A `Run` over another that fails or does nothing when it is told to. */
function disturbable(run: Run): Pick<FirewallUnderTest, 'run' | 'failAt' | 'swallowAt'> {
  let fails: Which = () => false;
  let said = '';
  let swallows: Which = () => false;
  return {
    failAt: (which, words = '') => {
      fails = which;
      said = words;
    },
    swallowAt: (which) => void (swallows = which),
    run: (file, args, options) => {
      if (fails(file, args))
        return Promise.reject(new AppError('COMMAND_FAILED', `${file} failed: ${said}`, 'try again'));
      return swallows(file, args) ? Promise.resolve('') : run(file, args, options);
    },
  };
}

/** So few that a test can fill a set. */
const MOST_MEMBERS = 50;

/** The real kernel's, in a namespace of its own. */
export async function realFirewall(boot: Pick<FirewallPorts, Boot> = {}): Promise<FirewallUnderTest> {
  const host = await makeHost('pbx');
  const { failAt, swallowAt, run } = disturbable(host.run);
  const { firewall, logged, children } = firewallOn({ ...host, run }, { mostMembers: MOST_MEMBERS, ...boot });
  return {
    firewall,
    run: host.run,
    clock: realClock,
    logged,
    failAt,
    swallowAt,
    killSession: () => void children.at(-1)?.kill('SIGKILL'),
    end: async () => {
      await firewall.close();
      host.close();
    },
  };
}

/** The same over a kernel in memory. */
export function fakeFirewall(boot: Pick<FirewallPorts, Boot> = {}): Promise<FirewallUnderTest> {
  const kernel = fakeKernel(realClock);
  const { failAt, swallowAt, run } = disturbable(kernel.run);
  const logged: string[] = [];
  const log: Log = (event) => void logged.push(event);
  const { spawnSession, killSession } = kernel;
  const firewall = openFirewall({ run, spawnSession, clock: realClock, log, mostMembers: MOST_MEMBERS, ...boot });
  const end = () => firewall.close();
  return Promise.resolve({ firewall, run: kernel.run, clock: realClock, logged, failAt, swallowAt, killSession, end });
}

/** A PBX: SIP on two ports, IAX, media, a web page and SSH that are not guarded. */
export const PBX: Policy = {
  mode: 'watch',
  trial: undefined,
  services: [
    {
      name: 'sip',
      ports: [
        { protocol: 'udp', first: 5060, last: 5060 },
        { protocol: 'tcp', first: 5060, last: 5061 },
      ],
      guarded: true,
      signalling: true,
      policy: 'whitelist',
    },
    {
      name: 'iax',
      ports: [{ protocol: 'udp', first: 4569, last: 4569 }],
      guarded: true,
      signalling: true,
      policy: 'whitelist',
    },
    {
      name: 'rtp',
      ports: [{ protocol: 'udp', first: 10000, last: 20000 }],
      guarded: false,
      signalling: false,
      policy: 'whitelist',
    },
    {
      name: 'web',
      ports: [{ protocol: 'tcp', first: 443, last: 443 }],
      guarded: false,
      signalling: false,
      policy: 'open',
    },
    {
      name: 'ssh',
      ports: [{ protocol: 'tcp', first: 22, last: 22 }],
      guarded: false,
      signalling: false,
      policy: 'whitelist',
    },
  ],
  rtp: { protocol: 'udp', first: 10000, last: 20000 },
  trusted: [],
  answerPings: true,
};
