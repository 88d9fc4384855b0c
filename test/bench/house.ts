/** A gate in a process and network namespace of its own, as full as its folder says, that measures what it is told to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkout } from '../../src/lab/checkout';

export interface House {
  /** Does `op` so often, one after the other, and resolves to the milliseconds of each. */
  times(op: string, count: number): Promise<readonly number[]>;
  close(): void;
}

/** Resolves when its kernel holds what its store says. */
export async function startHouse(folder: string): Promise<House> {
  const program = [process.execPath, '-r', join(checkout(), 'test/support/typescript.js')];
  const child = spawn('unshare', ['--net', ...program, join(__dirname, 'house-program.ts'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
  const next = async (): Promise<readonly number[]> => {
    const { done, value } = await answers.next();
    if (done === true) throw new Error(`the process over ${folder} has ended`);
    return JSON.parse(value) as number[];
  };
  child.stdin.on('error', () => undefined); // its end is told by the lines that stop
  await Promise.race([next(), once(child, 'error')]);
  return {
    times: (op, count) => {
      child.stdin.write(`${JSON.stringify({ op, count })}\n`);
      return next();
    },
    close: () => void child.stdin.end(),
  };
}
