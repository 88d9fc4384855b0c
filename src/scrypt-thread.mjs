/** Computes scrypt in a thread that lets every other go first: `scrypt-aside.ts` starts it and posts jobs to it. */
import { execFileSync } from 'node:child_process';
import { scryptSync } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';

/** Little, so that a telephone call goes first; enough to get on while Asterisk keeps the machine busy. */
const NICENESS = 5;

// Each concerns the calling thread alone. Where it is refused the thread is as good as any other.
try {
  setPriority(0, NICENESS);
  const [thread] = /\d+$/.exec(readlinkSync('/proc/thread-self'));
  if (workerData.idle) execFileSync('chrt', ['--idle', '--pid', '0', thread], { stdio: 'ignore' });
} catch (error) {
  if (error.syscall === undefined && error.status === undefined) throw error;
}

parentPort.on('message', ({ secret, salt, bytes, options }) => {
  try {
    parentPort.postMessage({ key: scryptSync(secret, salt, bytes, options) });
  } catch (error) {
    parentPort.postMessage({ error });
  }
});
