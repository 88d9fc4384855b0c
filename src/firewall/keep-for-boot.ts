/** Writes what the kernel has confirmed where a reboot finds it, before any caller hears of it. */
import type { Change } from '../domain/firewall';
import type { Clock, Log } from '../ports';
import type { BootState } from './boot-state';
import type { Call } from './change';
import type { KnownMembers } from './known-members';
import { readSetName } from './names';
import type { Order, Session } from './session';

/** What is known comes from whole seconds that the kernel tells: the same end may seem a little later. */
const FEW_SECONDS = 5;

/** A call that the kernel has carried out, and the orders that would take it back. */
export interface Confirmed {
  readonly call: Call;
  readonly orders: readonly Order[];
  readonly before: readonly Order[];
}

interface Parts {
  readonly boot: BootState;
  readonly known: KnownMembers;
  readonly session: Session;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Each caller hears of its own. When nothing can be written, what opens is put back, because a reboot would close it
 * again; what closes stays closed. All of them hear of the fault. `gaveWay`: what the kernel has dropped besides.
 */
export async function keepForBoot(
  confirmed: readonly Confirmed[],
  gaveWay: readonly Change[],
  parts: Parts,
): Promise<void> {
  const { boot } = parts;
  const gone = boot.remember(gaveWay).lines;
  const each = confirmed.map((one) => ({ ...one, remembered: boot.remember(one.call.changes) }));
  try {
    await boot.write([...gone, ...each.flatMap(({ remembered }) => remembered.lines)]);
  } catch (error) {
    // Backwards, because a later one may have changed the same member.
    for (const { call, orders, before, remembered } of [...each].reverse()) {
      if (opens(orders, before)) {
        remembered.undo();
        await takeBack(before, parts);
      }
      call.failed(error);
    }
    return;
  }
  for (const { call } of each) call.done();
  await boot.fold();
}

/** Does any of these let somebody in, or for longer? Or a block go? */
function opens(orders: readonly Order[], before: readonly Order[]): boolean {
  return orders.some((order, i) => {
    const set = readSetName(order.set)?.set;
    const [now, then] = [secondsOf(order), secondsOf(before[i])];
    if (set === 'was') return false;
    return set === 'block' ? now < then - FEW_SECONDS : now > then + FEW_SECONDS;
  });
}

function secondsOf(order: Order | undefined): number {
  if (order?.timeoutSeconds === undefined) return -Infinity;
  return order.timeoutSeconds === 0 ? Infinity : order.timeoutSeconds;
}

async function takeBack(before: readonly Order[], { session, known, clock, log }: Parts): Promise<void> {
  const answers = await session.send(before);
  const failed = before.filter((_, i) => answers[i]?.kind !== 'done');
  if (failed.length > 0) log('members not put back', { members: failed.map(({ set, member }) => `${set} ${member}`) });
  for (const order of before) known.note(order, clock.now());
}
