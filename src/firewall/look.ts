/** What the kernel held at one moment, for whoever compares it with what it should hold. */
import type { Look } from '../domain/firewall';
import type { Network } from '../domain/network';
import type { KernelState } from './kernel-state';
import { FAMILIES, setName } from './names';

export class KernelLook implements Look {
  readonly at: Date;
  readonly have: KernelState;

  constructor(at: Date, have: KernelState) {
    this.at = at;
    this.have = have;
  }

  *secondsLeft(set: string): Iterable<readonly [Network, number]> {
    for (const family of FAMILIES) {
      for (const [member, left] of this.have.sets.get(setName(set, family))?.members ?? []) {
        yield [member as Network, left === 'forever' ? Infinity : left]; // as read it is canonical
      }
    }
  }
}
