/** Computes scrypt in a thread that lets every other go first: `scrypt-aside.ts` starts it and posts jobs to it. */
import { scryptSync } from 'node:crypto';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';

// On Linux 0 is the calling thread. Where that is refused the thread is as good as any other.
try {
  setPriority(0, workerData.niceness);
} catch (error) {
  if (error.code !== 'ERR_SYSTEM_ERROR') throw error;
}

parentPort.on('message', ({ secret, salt, bytes, options }) => {
  try {
    parentPort.postMessage({ key: scryptSync(secret, salt, bytes, options) });
  } catch (error) {
    parentPort.postMessage({ error });
  }
});
