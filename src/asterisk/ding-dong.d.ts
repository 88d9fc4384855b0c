/** The slice of ding-dong that we use: its Context over a stream of our own. It ships no types. */
declare module 'ding-dong/lib/context' {
  import type { EventEmitter } from 'node:events';

  class Context extends EventEmitter {
    constructor(stream: Context.Stream);
    setState(state: number): void;
    /** Writes it and keeps `heard` for the next reply; never an error. */
    send(line: string, heard: (error: null, reply: Context.Reply) => void): void;
    /** Tells whoever sent the last line. */
    readResponse(lines: string): void;
  }
  namespace Context {
    interface Reply {
      readonly code: number;
      readonly result: string;
      /** What stood in parentheses. */
      readonly value?: string;
    }
    /** Emits as `data` the bytes that Asterisk answers. */
    interface Stream extends EventEmitter {
      write(text: string): void;
      pause(): void;
      resume(): void;
    }
  }
  export = Context;
}

/** What a Context waits for. */
declare module 'ding-dong/lib/state' {
  const state: { readonly waiting: number };
  export = state;
}
