/** Takes the lock named by its argument, says whether it has it, and keeps it until it is killed. */
import { lockState } from '../../../src/store/lock';

const lock = lockState(process.argv[2] ?? '');
console.log(lock ? 'held' : 'refused');
setInterval(() => lock, 1000);
