/** Loaded into a process under test: whenever its parent asks, throws away what can be thrown away and tells what is left. */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('message', () => {
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    process.send(heapUsed + external);
  });
  process.channel.unref(); // it does not keep the process alive
}
