/** One lock on this machine around every apt and debootstrap of ours; whoever dies, even by kill -9, lets go of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../errors';

/** Runs `work` under the lock. `waiting` is called when another process holds it. */
export async function withMachineLock<T>(file: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  // The kernel's lock belongs to the `cat`, and the `cat` ends with our pipe: nothing stale can be left.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(holder, 'exit').then(() =>
    Promise.reject(new AppError('SETUP_FAILED', `flock ${file} ended`, 'can this user write there? run it as root')),
  );
  exited.catch(() => undefined); // after the lock is held, its end is ours
  const timer = setTimeout(waiting, 500);
  try {
    await Promise.race([once(holder.stdout, 'data'), exited]);
    clearTimeout(timer);
    return await work();
  } finally {
    clearTimeout(timer);
    holder.stdin.end();
  }
}
