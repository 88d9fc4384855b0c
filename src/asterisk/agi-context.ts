/** ding-dong's Contexts, which write commands and read replies. One outlasts the connection that it was made for. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import Context from 'ding-dong/lib/context';
import contextState from 'ding-dong/lib/state';

/** To make one costs more than to answer a short call: so many wait for the next. */
const MOST_FREE = 50;

export interface Talker {
  /** Sends one command; `heard` gets what `hear` is given for it. One at a time. */
  send(command: string, heard: (reply: Context.Reply) => void): void;
  /** A whole reply line that says `result=`. */
  hear(reply: string): void;
  /** No command awaits its reply: another connection may have it. */
  giveBack(): void;
}

export class Contexts {
  readonly #free: Lendable[] = [];

  talkTo(socket: Socket): Talker {
    const lent = this.#free.pop() ?? newContext();
    lent.to = socket;
    return {
      send: (command, heard) => lent.context.send(`${command}\n`, (_, reply) => heard(reply)),
      hear: (reply) => lent.context.readResponse(reply),
      giveBack: () => {
        lent.to = undefined;
        if (this.#free.length < MOST_FREE) this.#free.push(lent);
      },
    };
  }
}

interface Lendable {
  readonly context: Context;
  to: Socket | undefined;
}

function newContext(): Lendable {
  // A few functions, because it copies each that it finds; a real stream has a hundred.
  const stream = Object.assign(new EventEmitter(), {
    write: (text: string) => lent.to?.write(text), // a failed write closes the socket
    pause: () => undefined,
    resume: () => undefined,
  });
  const lent: Lendable = { context: new Context(stream), to: undefined };
  // Its own reading of the environment is wrong (IPv6, colons).
  lent.context.setState(contextState.waiting);
  return lent;
}
