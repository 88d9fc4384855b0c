/** What the daemon, which is not root, cannot see of iptables-legacy: whoever types a command may. */
import type { LegacySeen } from '../gate/modes/neighbours-status';
import { given } from './given';
import type { Session } from './session';

export async function legacySeen({ world }: Session): Promise<LegacySeen> {
  return given({ legacy: await world.product.legacyTables() });
}
