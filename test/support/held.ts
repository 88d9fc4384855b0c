/** What a process under test holds on to: not what it once needed, which a garbage collector gives back when it likes. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkout } from '../../src/lab/checkout';

/** Node's options for a process that can be asked; its stdio needs an `ipc`. */
export const TELLS_HELD = ['--expose-gc', '--import', join(checkout(), 'test/support/tell-held.mjs')];

export interface Held {
  /** Of JavaScript and its buffers. */
  readonly mib: number;
  readonly descriptors: number;
}

const LOOKS = 8;
const BETWEEN_MS = 200;

/** The least that was seen within a second or two: what has just ended may still be on its way out. */
export async function heldBy(child: ChildProcess): Promise<Held> {
  let least = await look(child);
  for (let n = 1; n < LOOKS; n++) {
    await sleep(BETWEEN_MS);
    const now = await look(child);
    least = { mib: Math.min(least.mib, now.mib), descriptors: Math.min(least.descriptors, now.descriptors) };
  }
  return least;
}

async function look(child: ChildProcess): Promise<Held> {
  const told = once(child, 'message');
  child.send('?');
  const [bytes] = (await told) as [number];
  return { mib: bytes / 1024 / 1024, descriptors: readdirSync(`/proc/${child.pid}/fd`).length };
}
