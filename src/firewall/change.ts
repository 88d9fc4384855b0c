/** Changes members through the session: all of a call or none, many callers in one go, confirmed by the kernel. */
import { AppError } from '../errors';
import type { Change } from '../domain/firewall';
import { familyOf, parseNetwork } from '../domain/network';
import type { Kernel } from './apply';
import type { BootState } from './boot-state';
import { keepForBoot, type Confirmed } from './keep-for-boot';
import type { KernelSet } from './kernel-state';
import type { KnownMembers } from './known-members';
import { kernelNetworks, readSetName, setName } from './names';
import { readSets, savedMembers } from './read';
import type { Answer, Order, Session } from './session';
import { isNear, leftUntil, timeoutOf } from './time-left';

/** The changes of one caller, and how it hears of their end. */
export interface Call {
  readonly changes: readonly Change[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

interface Parts extends Kernel {
  readonly session: Session;
  readonly known: KnownMembers;
  readonly boot: BootState;
}

/** Carries out several callers' changes at once; each caller hears of its own. Never rejects. */
export async function changeMembers(calls: readonly Call[], parts: Parts): Promise<void> {
  try {
    const { run, clock, known } = parts;
    if (known.isEmpty) known.learn(await readSets(run, parts.wholes), clock.now());
    const now = clock.now();
    const orders = calls.map(({ changes }) => changes.flatMap((change) => ordersFor(change, now)));
    const first = await carryOut(orders.flat(), parts);
    const { answers, gaveWay } = await makeRoomForBlocks(orders.flat(), first, { ...parts, run });
    const confirmed: Confirmed[] = [];
    let from = 0;
    for (const [i, call] of calls.entries()) {
      const mine = orders[i] ?? [];
      const fault = faultIn(mine, answers.slice(from, (from += mine.length)));
      if (fault === undefined) {
        const before = mine.map((order) => known.restoring(order, now));
        for (const order of mine) known.note(order, now);
        confirmed.push({ call, orders: mine, before });
      } else {
        await putBack(mine, orders.slice(i + 1).flat(), parts);
        call.failed(fault);
      }
    }
    await keepForBoot(confirmed, gaveWay, parts);
  } catch (error) {
    for (const call of calls) call.failed(error);
  }
}

/** In the kernel's words. An end that has passed means that it is to go. */
export function ordersFor({ set, network, until }: Change, now: Date): readonly Order[] {
  if (set === 'trust' || set === 'trial') throw new RangeError(`the members of "${set}" come with the policy`);
  const left = until && leftUntil(until, now);
  const timeoutSeconds = left && timeoutOf(left);
  return kernelNetworks(network).map((member) => ({ set: setName(set, familyOf(network)), member, timeoutSeconds }));
}

/** What a session left unanswered is looked up, sent again through a new one, and looked up again. */
async function carryOut(orders: readonly Order[], parts: Parts): Promise<readonly Answer[]> {
  const first = await lookUpUnanswered(orders, await parts.session.send(orders), parts);
  const again = orders.filter((_, i) => first[i]?.kind === 'unanswered');
  if (again.length === 0) return first;
  parts.log('ipset session started again', { unanswered: again.length });
  const second = [...(await lookUpUnanswered(again, await parts.session.send(again), parts))];
  return first.map((answer) => (answer.kind === 'unanswered' ? (second.shift() ?? answer) : answer));
}

async function lookUpUnanswered(
  orders: readonly Order[],
  answers: readonly Answer[],
  parts: Parts,
): Promise<readonly Answer[]> {
  if (!answers.some(({ kind }) => kind === 'unanswered')) return answers;
  const sets = await readSets(parts.run, parts.wholes);
  return answers.map((answer, i) => {
    const order = orders[i];
    return answer.kind === 'unanswered' && order && isCarriedOut(order, sets) ? { kind: 'done' } : answer;
  });
}

function isCarriedOut({ set, member, timeoutSeconds }: Order, sets: ReadonlyMap<string, KernelSet>): boolean {
  const left = sets.get(set)?.members.get(member);
  if (timeoutSeconds === undefined) return sets.has(set) && left === undefined;
  return left !== undefined && isNear(timeoutSeconds === 0 ? 'forever' : timeoutSeconds, left);
}

/** When a block does not fit, the one that ends soonest gives way; one for good never does. */
async function makeRoomForBlocks(
  orders: readonly Order[],
  answers: readonly Answer[],
  parts: Parts,
): Promise<{ readonly answers: readonly Answer[]; readonly gaveWay: readonly Change[] }> {
  const result = [...answers];
  const gaveWay: Change[] = [];
  for (const [i, answer] of answers.entries()) {
    const order = orders[i];
    const full = answer.kind === 'refused' && answer.why.includes('is full');
    if (!order || !full || !order.set.startsWith('tg-block')) continue;
    const soonest = await soonestToEnd(order.set, orders, parts);
    if (!soonest) continue;
    const [, added] = await parts.session.send([{ ...soonest, timeoutSeconds: undefined }, order]);
    parts.known.note({ ...soonest, timeoutSeconds: undefined }, parts.clock.now());
    parts.log('a block gave way because the set is full', { set: order.set, gave: soonest.member, to: order.member });
    if (added) result[i] = added;
    const network = parseNetwork(soonest.member);
    if (network) gaveWay.push({ set: readSetName(order.set)?.set ?? '', network, until: undefined });
  }
  return { answers: result, gaveWay };
}

async function soonestToEnd(set: string, except: readonly Order[], { run }: Parts): Promise<Order | undefined> {
  const kept = new Set(except.filter((order) => order.set === set).map(({ member }) => member));
  const timed = savedMembers(await run('ipset', ['save', set])).flatMap(({ member, left }) =>
    left === 'forever' || kept.has(member) ? [] : [{ set, member, timeoutSeconds: left }],
  );
  return timed.reduce<(typeof timed)[number] | undefined>(
    (soonest, one) => (soonest && soonest.timeoutSeconds <= one.timeoutSeconds ? soonest : one),
    undefined,
  );
}

/** As far as the kernel lets us; what a later caller has changed since stays his. */
async function putBack(orders: readonly Order[], later: readonly Order[], parts: Parts): Promise<void> {
  const mine = orders.filter(({ set, member }) => !later.some((one) => one.set === set && one.member === member));
  const back = mine.map((order) => parts.known.restoring(order, parts.clock.now()));
  const answers = await parts.session.send(back);
  const left = back.filter((order, i) => order.timeoutSeconds !== undefined && answers[i]?.kind !== 'done');
  if (left.length > 0)
    parts.log('members not put back', { members: left.map(({ set, member }) => `${set} ${member}`) });
}

function faultIn(orders: readonly Order[], answers: readonly Answer[]): AppError | undefined {
  const at = answers.findIndex(({ kind }) => kind !== 'done');
  const [order, answer] = [orders[at], answers[at]];
  if (!order || !answer || answer.kind === 'done') return undefined;
  const what = `the kernel did not confirm ${order.timeoutSeconds === undefined ? 'closing' : 'opening'} ${order.member} in ${order.set}: ${answer.why}`;
  const hint = answer.why.includes('does not exist')
    ? 'the set is lost: run "tollgate firewall apply"'
    : 'run "tollgate status"';
  return new AppError('FIREWALL_FAILED', what, hint);
}
