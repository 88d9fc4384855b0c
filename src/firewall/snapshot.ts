/** Everything that the kernel holds, ours and others', for a backup. */
import type { Snapshot } from '../domain/backup';
import type { Clock, Run } from '../ports';
import { listSets, saveMembers } from './read';

/** Changes nothing. Rejects with FIREWALL_FAILED. */
export async function takeSnapshot(run: Run, clock: Clock): Promise<Snapshot> {
  const [iptables, ip6tables, ipset] = await Promise.all([
    run('iptables-save', []),
    run('ip6tables-save', []),
    listSets(run).then((listing) => saveMembers(listing, run)),
  ]);
  return { iptables, ip6tables, ipset: withAbsoluteEnds(ipset, clock.now()) };
}

/** Seconds left mean nothing without the moment at which they were read. */
function withAbsoluteEnds(saved: string, now: Date): string {
  return saved.replace(/^(add \S+ \S+) timeout (\d+)/gm, (_, member: string, seconds: string) =>
    seconds === '0' ? member : `${member} until ${new Date(now.getTime() + Number(seconds) * 1000).toISOString()}`,
  );
}
