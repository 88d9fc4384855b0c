/** The slice of ding-dong that we use: its Context over a stream of our own. It ships no types. */
declare module 'ding-dong/lib/context' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex } from 'node:stream';

  interface Reply {
    readonly code: number;
    readonly result: string;
    /** What stood in parentheses. */
    readonly value?: string;
  }
  interface Context extends EventEmitter {
    sendCommand(command: string): Promise<Reply>;
  }
  const Context: new (stream: Duplex) => Context;
  export = Context;
}
