/** Sends a plan: both families or neither, sets before the rules that name them, and then looks again. */
import { AppError } from '../errors';
import type { Family } from '../domain/network';
import type { Clock, Log, Run } from '../ports';
import type { KernelState } from './kernel-state';
import { FAMILIES } from './names';
import { batchLines, inHalves, isExchanged, linesOf, planFirewall, type Batch } from './plan';
import { readKernel, type Filled } from './read';
import { settled } from './settled';
import type { WholeSets } from './whole-sets';

const RESTORE: Readonly<Record<Family, string>> = { 4: 'iptables-restore', 6: 'ip6tables-restore' };
/** Seconds that another firewall tool may hold the lock. */
const WAIT = ['--wait', '5'];

export interface Kernel {
  readonly run: Run;
  readonly clock: Clock;
  readonly log: Log;
  readonly wholes: WholeSets;
}

export interface Applied {
  /** What was sent; empty: nothing was to be done. */
  readonly lines: readonly string[];
  /** What the kernel was found to hold when it was last looked at, but for seconds, and when that was. */
  readonly has: KernelState;
  readonly at: Date;
}

/** Sending many members takes a while, in which leases run on; a second look sets those right that got too much. */
const MOST_LOOKS = 4;

/**
 * `desired` is asked anew before each look at the kernel, so that what is compared is of the same time. Rejects with
 * FIREWALL_FAILED (nothing changed) or FIREWALL_DRIFT.
 */
export async function applyState(
  desired: (now: Date) => KernelState,
  kernel: Kernel,
  seen?: { readonly at: Date; readonly have: KernelState },
): Promise<Applied> {
  let sent: readonly string[] = [];
  let filled: Filled = new Map();
  for (let looks = 1; ; looks++) {
    const start = looks === 1 && seen ? seen.at : kernel.clock.now();
    const read = looks === 1 && seen ? seen.have : await readKernel(kernel.run, kernel.wholes, filled);
    const wanted = desired(start);
    const have = { ...read, sets: agedSets(read.sets, filled, wanted.sets) };
    const want = looks === 1 ? wanted : settled(wanted, have, 0);
    const batch = await planFirewall(want, have);
    const lines = batchLines(batch);
    // What is wanted, not what was read: it is the same, and holds on to no text of hundreds of thousands of lines.
    if (lines.length === 0) return { lines: sent, has: { sets: want.sets, rules: have.rules }, at: start };
    // A rule that we think is there is not a rule that is there.
    if (looks === MOST_LOOKS) throw notKept(lines);
    if ([...want.sets].some(([name, set]) => isExchanged(set, have.sets.get(name)))) kernel.wholes.forget();
    await sendBatch(batch, start, kernel).catch((error: unknown) => putBack(have, start, kernel, error));
    sent = [...sent, ...lines];
    filled = filledBy(batch);
  }
}

function filledBy({ elements }: Batch): Filled {
  const fillings = elements.flat().flatMap((part) => (typeof part === 'string' ? [] : [part]));
  return new Map(fillings.map(({ set, swappedFor = set, want }) => [swappedFor, want]));
}

/** What is as it was filled has run on since as what is wanted has. */
function agedSets(sets: KernelState['sets'], filled: Filled, wanted: KernelState['sets']): KernelState['sets'] {
  return new Map([...sets].map(([name, set]) => [name, (filled.get(name) === set && wanted.get(name)) || set]));
}

/** Lines that are sent as one: what they take is far less than a second. */
const AT_ONCE = 2_000;

/** `planned`: when the batch's timeouts were right. */
async function sendBatch({ create, elements, rules, destroy }: Batch, planned: Date, kernel: Kernel): Promise<void> {
  const { run } = kernel;
  if (create.length > 0) await restoreSets(text(create), run);
  await Promise.all(FAMILIES.map((family) => restoreRules(family, rules[family], run, ['--test'])));
  if (elements.length > 0) await sendElements(elements, planned, kernel);
  for (const family of FAMILIES) await restoreRules(family, rules[family], run);
  if (destroy.length > 0) await restoreSets(text(destroy), run);
}

/** Reading a line takes ipset three times as long as the kernel to carry it out, so two of them share what is long. */
async function sendElements(elements: Batch['elements'], planned: Date, { run, clock }: Kernel): Promise<void> {
  const sent = inHalves(elements).map((half) => restoreSets(inPieces(half, planned, clock), run));
  await Promise.allSettled(sent); // nobody is at work any more when it is taken back
  await Promise.all(sent);
}

/** ipset asks libc about each address, which would look each time whether its resolvers have changed. */
const ADDRESSES_ALONE = { RES_OPTIONS: 'no-reload' };

async function restoreSets(stdin: string | Iterable<string>, run: Run): Promise<void> {
  await run('ipset', ['-exist', 'restore'], { stdin, env: ADDRESSES_ALONE, timeoutMs: 120_000 });
}

/** Made while the kernel takes what came before. Leases run on meanwhile. */
function* inPieces(elements: Batch['elements'], planned: Date, clock: Clock): Iterable<string> {
  let late = secondsSince(planned, clock);
  let piece: string[] = [];
  for (const part of elements.flat()) {
    for (const line of linesOf(part, () => late)) {
      if (piece.push(line) < AT_ONCE) continue;
      yield text(piece);
      piece = [];
      late = secondsSince(planned, clock);
    }
  }
  if (piece.length > 0) yield text(piece);
}

async function restoreRules(
  family: Family,
  lines: readonly string[],
  run: Run,
  test: readonly string[] = [],
): Promise<void> {
  if (lines.length > 0) await run(RESTORE[family], [...test, '--noflush', ...WAIT], { stdin: text(lines) });
}

/** Nothing half done: makes the kernel as it was before, from whatever it holds now, and rejects with the reason. */
async function putBack(before: KernelState, start: Date, kernel: Kernel, reason: unknown): Promise<never> {
  const what = reason instanceof AppError ? reason.what : String(reason);
  const hint = reason instanceof AppError ? reason.hint : 'run "tollgate status"';
  try {
    const now = await readKernel(kernel.run, kernel.wholes);
    const then = kernel.clock.now();
    const batch = await planFirewall(settled(before, now, secondsSince(start, kernel.clock)), now);
    await sendBatch(batch, then, kernel);
  } catch (error) {
    kernel.log('firewall not put back', { error: String(error) });
    throw new AppError(
      'FIREWALL_DRIFT',
      `${what}; and what was sent before that could not be taken back`,
      hint,
      reason,
    );
  }
  throw new AppError('FIREWALL_FAILED', `the firewall was not changed: ${what}`, hint, reason);
}

function notKept(rest: readonly string[]): AppError {
  return new AppError(
    'FIREWALL_DRIFT',
    `the kernel does not keep what it is given; still to be done:\n${rest.slice(0, 20).join('\n')}`,
    'another firewall manager (firewalld, ufw, Docker) may be at work; run "tollgate status"',
  );
}

function secondsSince(start: Date, clock: Clock): number {
  return Math.floor((clock.now().getTime() - start.getTime()) / 1000);
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
