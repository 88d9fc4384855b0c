/** Loaded into a daemon under test: whenever its parent asks, throws away what can be thrown away and tells what is left. */
import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads';

const answersCalls = workerData?.mostCalls !== undefined;
const threads = isMainThread || answersCalls ? new BroadcastChannel('held') : undefined;
threads?.unref(); // it does not keep the process alive

function held() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage(); // this thread's own
  return heapUsed + external;
}

if (answersCalls) {
  threads.onmessage = ({ data }) => data === 'tell' && threads.postMessage(held());
}
if (isMainThread) {
  process.on('message', () => {
    threads.onmessage = ({ data }) => process.send(held() + data);
    threads.postMessage('tell');
  });
  process.channel.unref();
}
