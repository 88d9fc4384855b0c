/** A long-lived child of the firewall, `ipset -` or `nft monitor`, as a port. */
import type { ChildProcess } from 'node:child_process';

export interface SessionChild {
  write(text: string): void;
  /** At once; `ended` is heard afterwards. */
  kill(): void;
}

export interface SessionListener {
  /** Raw text from stderr, cut anywhere. */
  stderr(text: string): void;
  /** The same from stdout; left out: what it writes there is thrown away. */
  stdout?(text: string): void;
  /** Once: it has ended, or never started. */
  ended(reason: string): void;
}

/** Starts a program without a shell, with a fixed PATH and LC_ALL=C. Never throws: a failure is heard as `ended`, later. */
export type SpawnSession = (file: string, args: readonly string[], listener: SessionListener) => SessionChild;

/** A child process as the port wants it: `(file, args, on) => overChild(spawn(file, args, { env }), on)`. */
export function overChild(child: ChildProcess, listener: SessionListener): SessionChild {
  child.stdout?.setEncoding('utf8').on('data', (text: string) => listener.stdout?.(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => listener.stderr(text));
  child.stdin?.on('error', () => undefined); // its end tells; EPIPE adds nothing
  child.once('error', (error) => listener.ended(error.message));
  child.once('close', (code, signal) => listener.ended(`ended with ${signal ?? String(code)}`));
  return {
    write: (text) => void child.stdin?.write(text),
    kill: () => void child.kill('SIGKILL'),
  };
}
