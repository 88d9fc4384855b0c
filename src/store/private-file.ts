/** Files that only their owner may read: they hold PIN hashes and addresses. */
import { closeSync, constants, fchmodSync, fchownSync, openSync } from 'node:fs';

/** The service's user, for files made by root. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Makes `file`, empty, when it is not there: mode 0600 whatever the umask, and the owner's when we are root. A file that
 * is there is not even opened: closing it would free the locks that this process holds on it (POSIX), and
 * giving away a file that somebody else put there would give away any file.
 */
export function createPrivate(file: string, owner: Owner | undefined): void {
  const fd = create(file);
  if (fd === undefined) return;
  try {
    fchmodSync(fd, 0o600);
    if (owner && process.geteuid?.() === 0) fchownSync(fd, owner.uid, owner.gid);
  } finally {
    closeSync(fd);
  }
}

function create(file: string): number | undefined {
  try {
    return openSync(file, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}
