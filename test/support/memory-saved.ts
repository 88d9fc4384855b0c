/** The saved state in memory, and a disk that can be full. The real one is held to its word under the same suite. */
import type { Saved } from '../../src/firewall/boot-state';

export interface MemorySaved extends Saved {
  /** What a boot would find; undefined: nothing. */
  text(): string | undefined;
  /** How often all of it was written. */
  bases(): number;
  /** From now on nothing can be written, or again. */
  fill(isFull: boolean): void;
}

export function memorySaved(): MemorySaved {
  let text: string | undefined;
  let bases = 0;
  let isFull = false;
  const write = (work: () => void): Promise<void> => {
    if (isFull) return Promise.reject(new Error('ENOSPC: no space left on device'));
    work();
    return Promise.resolve();
  };
  return {
    text: () => text,
    bases: () => bases,
    fill: (full) => void (isFull = full),
    base: async (pieces, ready) => {
      await ready;
      await write(() => {
        text = [...pieces].join('');
        bases++;
      });
    },
    append: (lines) =>
      text === undefined
        ? Promise.reject(new Error('ENOENT: no such file'))
        : write(() => void (text = [text, ...lines, ''].join('\n').replace('\n\n', '\n'))),
    remove: () => Promise.resolve(void (text = undefined)),
  };
}
