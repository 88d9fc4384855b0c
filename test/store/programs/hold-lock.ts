/** Takes the lock named by its argument, says whether it has it, and keeps it until it is killed or a minute is over. */
import { lockState } from '../../../src/store/lock';

const lock = lockState(process.argv[2] ?? '');
console.log(lock ? 'held' : 'refused');
setTimeout(() => lock, 60_000);
