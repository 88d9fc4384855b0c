/** Finds the SSH connection that the admin's own shell came by, also from behind sudo, which hides it. */
import { readFileSync } from 'node:fs';

/** More parents than any shell has. */
const MOST_PARENTS = 64;

/** `SSH_CONNECTION` of this process or of the nearest parent that has one; undefined: a console. */
export function sshConnection(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): string | undefined {
  const own = environment['SSH_CONNECTION'];
  if (own) return own;
  let parent = parentOf(pid);
  for (let i = 0; i < MOST_PARENTS && parent > 1; i++) {
    const theirs = read(`/proc/${parent}/environ`)
      .split('\0')
      .find((pair) => pair.startsWith('SSH_CONNECTION='));
    const connection = theirs?.slice('SSH_CONNECTION='.length);
    if (connection) return connection;
    parent = parentOf(parent);
  }
  return undefined;
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** '' for a process that has ended or is another user's: then it is not where the admin comes from. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
