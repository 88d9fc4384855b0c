/** Runs our own programs as the service runs: a user without rights, but for the two that the firewall needs. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import type { Run } from '../ports';
import { checkout } from './checkout';
import type { Host } from './host';

export interface Unprivileged {
  /** Node runs `script`, a path inside the checkout. */
  readonly run: (script: string, args: readonly string[], options?: Parameters<Run>[2]) => Promise<string>;
  spawn(script: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
}

/** Nobody's on any machine. */
export const SERVICE_ID = 64_042;
const CAPABILITIES = '+net_admin,+net_raw';

/** Arguments of `setpriv` that make what follows them run with the service's rights. */
export const SERVICE_RIGHTS: readonly string[] = [
  ...['--reuid', String(SERVICE_ID), '--regid', String(SERVICE_ID), '--clear-groups'],
  ...['--inh-caps', CAPABILITIES, '--ambient-caps', CAPABILITIES, '--bounding-set', `-all,${CAPABILITIES}`],
  '--no-new-privs',
];

/**
 * Arguments: the checkout, Node's folder, the folders above them that other users may not enter, `--`, the command.
 * Those folders are covered, in a mount namespace of their own, by empty ones in which only the two are seen. Real time
 * is allowed as the unit allows it, unless we may not allow it ourselves, as in many containers.
 */
const REACH = `set -e
checkout=$1; node=$2; shift 2
exec 3< "$checkout" 4< "$node"
covered=
while [ "$1" != -- ]; do mount -t tmpfs -o mode=755 tmpfs "$1"; covered=yes; shift; done
shift
if [ -n "$covered" ]; then
  mkdir -p "$checkout" "$node"
  mount -c --bind /proc/self/fd/3 "$checkout"
  mount -c --bind /proc/self/fd/4 "$node"
fi
exec 3<&- 4<&-
cd "$checkout"
prlimit --pid $$ --rtprio=1 2> /dev/null || :
exec "$@"`;

export function asService(host: Host): Unprivileged {
  const folders = [checkout(), dirname(process.execPath)];
  const closed = [...new Set(folders.flatMap((folder) => closedAbove(folder) ?? []))];
  const command = (script: string, args: readonly string[]): [string, string[]] => [
    'unshare',
    [
      ...['--mount', '--propagation', 'private', 'sh', '-c', REACH, 'sh', ...folders, ...closed, '--'],
      ...['setpriv', ...SERVICE_RIGHTS, '--pdeathsig', 'KILL', process.execPath, script, ...args],
    ],
  ];
  return {
    run: (script, args, options) => host.run(...command(script, args), options),
    spawn: (script, args, options) => host.spawn(...command(script, args), options),
  };
}

/** The first folder on the way that others may not enter. */
function closedAbove(folder: string): string | undefined {
  const above = dirname(folder);
  const further = above === folder ? undefined : closedAbove(above);
  return further ?? ((statSync(folder).mode & 0o001) === 0 ? folder : undefined);
}
