/** Once, when `secure` comes into force: forgets the media flows that others began, or calls that are up would go deaf. */
import { AppError } from '../errors';
import type { Policy } from '../domain/firewall';
import type { Run } from '../ports';
import type { Kernel } from './apply';
import { DISPATCHER, FAMILIES } from './names';
import { VERDICTS } from './verdicts';

/** One UDP flow to this machine; `from` and `fromPort` are of the far end, who sent its first packet. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
}

/**
 * Of an address that nobody listed `secure` lets in only answers, and which side began is remembered from before. What
 * is forgotten begins anew with Asterisk's next packet, and then the far end answers. Elsewhere nothing depends on it:
 * `guard` leaves media to the admin's own rules. Never rejects: without it the doors are right all the same.
 */
export async function forgetFlows(policy: Policy, sent: readonly string[], { run, log }: Kernel): Promise<void> {
  const modes = policy.trial ? [policy.mode, policy.trial.mode] : [policy.mode];
  const isHooked = sent.some((line) => line.startsWith(`-A ${DISPATCHER} `));
  if (!isHooked || !modes.some((mode) => VERDICTS[mode].reach === 'everything')) return;
  try {
    const own = ownAddresses(await run('ip', ['-oneline', 'address', 'show']));
    for (const family of FAMILIES) {
      const name = family === 4 ? 'ipv4' : 'ipv6';
      const flows = flowsOfOthers(await run('conntrack', ['-L', '-f', name, '-p', 'udp']), own, policy);
      for (let first = 0; first < flows.length; first += AT_ONCE)
        await Promise.all(flows.slice(first, first + AT_ONCE).map((flow) => forget(flow, name, run)));
      if (flows.length > 0) log('flows forgotten', { family, flows: flows.length });
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log('calls that are up may have gone deaf', { error: error.what, hint: error.hint });
  }
}

/** A process each: conntrack takes several orders from a file only. */
const AT_ONCE = 8;

async function forget({ from, to, fromPort, toPort }: Flow, family: string, run: Run): Promise<void> {
  const flow = ['-s', from, '-d', to, '--sport', `${fromPort}`, '--dport', `${toPort}`];
  await run('conntrack', ['-D', '-f', family, '-p', 'udp', ...flow]).catch((error: unknown) => {
    if (!(error instanceof AppError && error.what.includes('0 flow entries have been deleted'))) throw error; // it has ended
  });
}

/** From `ip -oneline address`, without the network's length. */
export function ownAddresses(listing: string): ReadonlySet<string> {
  return new Set([...listing.matchAll(/ inet6? ([0-9a-f.:]+)/g)].map(([, address = '']) => address));
}

/** From `conntrack -L`: those to an own address that is not translated, on ports that no service but `rtp` names. */
export function flowsOfOthers(
  listing: string,
  own: ReadonlySet<string>,
  { services }: Pick<Policy, 'services'>,
): readonly Flow[] {
  const named = services.filter(({ name }) => name !== 'rtp').flatMap(({ ports }) => ports);
  return listing.split('\n').flatMap((line) => {
    const [, from = '', to = '', fromPort, toPort, answering] = FLOW.exec(line) ?? [];
    const flow = { from, to, fromPort: Number(fromPort), toPort: Number(toPort) };
    const isNamed = named.some(
      ({ protocol, first, last }) => protocol === 'udp' && first <= flow.toPort && flow.toPort <= last,
    );
    return own.has(to) && !own.has(from) && answering === to && !isNamed ? [flow] : [];
  });
}

const FLOW =
  /^udp .*? src=([0-9a-f.:]+) dst=([0-9a-f.:]+) sport=(\d+) dport=(\d+) (?:packets=\d+ bytes=\d+ )?(?:\[UNREPLIED\] )?src=([0-9a-f.:]+) /;
