/** A world of its own for one command: whatever happens in it, and however it ends, nothing of it remains. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/**
 * Its own processes and mounts; /run and the folder for temporary files live in memory. The process under `unshare` is
 * the shell, not the command: process 1 of a world does not hear signals that it does not handle.
 * A resolver that is configured in /run stays usable. Called `network`, it is in a network of its own.
 */
const ENTER = `set -e
resolv=$(readlink -f /etc/resolv.conf || true)
names=$(cat /etc/resolv.conf 2>/dev/null || true)
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 1777 /run/tmp /run/lock
case $resolv in /run/*) mkdir -p "\${resolv%/*}"; printf '%s\\n' "$names" > "$resolv";; esac
export TMPDIR=/run/tmp
[ "$0" != network ] || ip link set lo up
set +e
env --default-signal=INT,TERM "$@"
exit $?`;

/** Time for a command to end by itself after SIGINT or SIGTERM. */
const GRACE_MS = 10_000;
/** npm and the terminal both hand on one Ctrl-C: a second signal so soon is no second wish. */
const SAME_WISH_MS = 1_000;

export interface WorldOptions {
  /** Gets the command's stdout line by line; our own stdout unless told. */
  readonly onLine?: (line: string) => void;
  /** Put into the command's environment, on top of ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** A network of its own too, with nothing but loopback: for what starts the daemon beside itself. */
  readonly network?: boolean;
}

/**
 * Runs a command there with our stdin, stdout and stderr, and resolves to its exit code, 128 + n for a signal. Needs
 * root. SIGINT and SIGTERM reach the command once; ten seconds later, or at the second one, the world ends. It also ends
 * when this process does, by kill -9 too.
 */
export async function inWorld(
  argv: readonly string[],
  { onLine, env = {}, network = false }: WorldOptions = {},
): Promise<number> {
  const child = spawn(
    'setpriv',
    [
      // `unshare` would die of a signal that is meant for the command, and take the world with it.
      ...['--pdeathsig', 'KILL', 'env', '--ignore-signal=INT,TERM', 'unshare', '--mount', '--propagation', 'private'],
      ...(network ? ['--net'] : []),
      ...[
        '--pid',
        '--fork',
        '--kill-child',
        '--mount-proc',
        '--',
        'sh',
        '-c',
        ENTER,
        network ? 'network' : 'sh',
        ...argv,
      ],
    ],
    // A process group of its own: a terminal's Ctrl-C reaches us alone, and we pass it on.
    { stdio: ['inherit', onLine ? 'pipe' : 'inherit', 'inherit'], detached: true, env: { ...process.env, ...env } },
  );
  if (onLine && child.stdout) createInterface(child.stdout).on('line', onLine);
  const end = () => child.kill('SIGKILL');
  let askedAt: number | undefined;
  const forward = (signal: NodeJS.Signals) => {
    if (askedAt !== undefined && performance.now() - askedAt < SAME_WISH_MS) return;
    if (askedAt !== undefined || child.pid === undefined) return void end();
    askedAt = performance.now();
    process.kill(-child.pid, signal);
    setTimeout(end, GRACE_MS).unref();
  };
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return code ?? (signal === 'SIGKILL' ? 137 : 143);
  } finally {
    process.off('SIGINT', forward);
    process.off('SIGTERM', forward);
  }
}
