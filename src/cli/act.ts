/** How a command file hands its work to commander. */
import type { Outcome } from './outcome';
import type { Session } from './session';

/** Turns a command's work into commander's action: the session first, then the arguments and the options. */
export type Act = <A extends readonly unknown[]>(
  work: (session: Session, ...asked: A) => Promise<Outcome>,
) => (...asked: A) => Promise<void>;
