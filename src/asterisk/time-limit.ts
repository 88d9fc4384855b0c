/** How long a call may last: a warning, once, and an end. */
import type { Clock } from '../ports';
import type { CallSettings } from './call-settings';

export class TimeLimit {
  readonly #clock: Clock;
  readonly #end: number;
  readonly #warning: number;
  #warned = false;

  constructor(clock: Clock, { callSeconds, warnSeconds }: Pick<CallSettings, 'callSeconds' | 'warnSeconds'>) {
    this.#clock = clock;
    this.#end = clock.now().getTime() + callSeconds * 1000;
    this.#warning = this.#end - warnSeconds * 1000;
  }

  /** Milliseconds until `due` will have something to say; 0: it has. */
  msToNextMark(): number {
    return Math.max(0, (this.#warned ? this.#end : this.#warning) - this.#clock.now().getTime());
  }

  /** `warning` is told once. */
  due(): 'warning' | 'end' | undefined {
    const now = this.#clock.now().getTime();
    if (now >= this.#end) return 'end';
    if (this.#warned || now < this.#warning) return undefined;
    this.#warned = true;
    return 'warning';
  }
}
