/** The ways without sets: one rule an address, in a chain that is as long as there are addresses. */
import { run } from '../../src/run';
import { addressOf } from './rig';

const CHAIN = 'WITHOUT-SETS';

/** A chain of its own, so that nothing else is in the way. */
export async function fillRuleList(count: number): Promise<void> {
  const rules = Array.from({ length: count }, (_, n) => ruleFor(n));
  await restore(['*filter', `:${CHAIN} - [0:0]`, ...rules, 'COMMIT'], ['--noflush']);
}

/** `iptables -I`. */
export async function insertRule(n: number): Promise<void> {
  await run('iptables', ['-I', CHAIN, '-s', addressOf(n), '-j', 'ACCEPT'], { timeoutMs: 60_000 });
}

/** Travelin' Man 3's way: the whole list is written anew, with the rule in it, and loaded. */
export async function rewriteRuleList(n: number): Promise<void> {
  const lines = (await run('iptables-save', ['-t', 'filter'], { timeoutMs: 60_000 })).split('\n');
  await restore(lines.flatMap((line) => (line === 'COMMIT' ? [ruleFor(n), line] : [line])));
}

function ruleFor(n: number): string {
  return `-A ${CHAIN} -s ${addressOf(n)}/32 -j ACCEPT`;
}

async function restore(lines: readonly string[], options: readonly string[] = []): Promise<void> {
  await run('iptables-restore', options, { stdin: `${lines.join('\n')}\n`, timeoutMs: 120_000 });
}
