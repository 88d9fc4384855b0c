/** A tree's programs on a host: a writable copy that lives in memory and is gone with this process. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../errors';
import type { Run } from '../ports';
import type { Host } from './host';

/** Ours names folders that the tree has not: with our TMPDIR a database server does not start. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

export interface Room {
  readonly host: Host;
  readonly run: Run;
  /** The child's pid is the program's own; it is killed when this process dies, however that happens. */
  spawn(file: string, args: readonly string[], options?: RoomSpawnOptions): ChildProcess;
  /** `path` as the tree's programs see it. */
  write(path: string, text: string): Promise<void>;
  read(path: string): Promise<string>;
  close(): void;
}

interface RoomSpawnOptions extends SpawnOptions {
  /** User and group of the tree; root unless told. */
  readonly user?: string;
}

/**
 * The tree stays as it is: what is written lies in a tmpfs of this room's own mount namespace, which is mounted over
 * the tree's /mnt there. Arguments: the tree, then folders to be seen read-only at their own path, which every user of
 * the tree may enter: a checkout in /root would have no voice.
 */
const FURNISH = `set -e
tree=$1; root=$1/mnt/root; shift
mount -t tmpfs -o mode=755 tmpfs "$tree/mnt"
mkdir "$tree/mnt/upper" "$tree/mnt/work" "$root"
mount -t overlay -o "lowerdir=$tree,upperdir=$tree/mnt/upper,workdir=$tree/mnt/work" overlay "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
: > "$root/etc/resolv.conf"
echo "127.0.0.1 localhost $(uname -n)" > "$root/etc/hosts"
echo "::1 localhost" >> "$root/etc/hosts"
for folder; do
  mkdir -p "$root$folder"
  above=$folder
  while above=\${above%/*}; [ -n "$above" ]; do chmod a+x "$root$above"; done
  mount --bind "$folder" "$root$folder"
  mount -o remount,bind,ro "$root$folder"
done
echo furnished
exec cat`;

/** `binds`: absolute folders of this machine that the tree's programs see at the same path, read-only. */
export async function inTree(host: Host, tree: string, binds: readonly string[] = []): Promise<Room> {
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', FURNISH, 'sh', tree, ...binds], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  holder.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'exit').then(() => {
      const hint = 'it needs root and a kernel with overlayfs; was the tree removed?';
      throw new AppError('SETUP_FAILED', `no room in ${tree}: ${complaint.trim()}`, hint);
    }),
  ]);
  const pid = holder.pid ?? 0;
  const root = join(tree, 'mnt/root');
  /** As this process reaches it, through the holder's mount namespace. */
  const outside = (path: string) => join(`/proc/${pid}/root`, root, path);
  const enter = (file: string, args: readonly string[], user?: string) => [
    ...[`--mount=/proc/${pid}/ns/mnt`, '--', 'chroot', root, 'setpriv'],
    // Last of all, because a change of user clears it.
    ...(user === undefined ? [] : [`--reuid=${user}`, `--regid=${user}`, '--init-groups']),
    ...['--pdeathsig=KILL', file, ...args],
  ];
  return {
    host,
    run: (file, args, options) => host.run('nsenter', enter(file, args), options),
    spawn: (file, args, { user, ...options } = {}) =>
      host.spawn('nsenter', enter(file, args, user), { env: ENVIRONMENT, ...options }),
    write: async (path, text) => {
      await mkdir(dirname(outside(path)), { recursive: true });
      await writeFile(outside(path), text);
    },
    read: (path) => readFile(outside(path), 'utf8'),
    close: () => void holder.stdin.end(),
  };
}
