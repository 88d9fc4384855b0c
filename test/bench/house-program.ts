/** The process of `house.ts`: reads `{"op", "count"}` lines and answers with the milliseconds of each. */
import { createInterface } from 'node:readline';
import { run } from '../../src/run';
import { fillRuleList, insertRule, rewriteRuleList } from './rule-lists';
import { addressOf, openRig, traveller, type Rig } from './rig';
import { times } from './rounds';

const CALLER = { number: '49301234567', channel: 'PJSIP/carrier-1' };
/** Far from those that fill the house. */
const FIRST = 1_000_000;

async function main(folder: string): Promise<void> {
  const rig = await openRig(folder);
  await rig.gate.restore();
  await run('ipset', ['create', 'bench', 'hash:net', 'family', 'inet', 'timeout', '0', 'counters']);
  const ops = opsOf(rig);
  process.stdout.write('[]\n');
  for await (const line of createInterface(process.stdin)) {
    const { op, count } = JSON.parse(line) as { op: string; count: number };
    const work = ops[op];
    if (!work) throw new Error(`no "${op}" here`);
    process.stdout.write(`${JSON.stringify(await work(count))}\n`);
  }
  await rig.close();
}

function opsOf(rig: Rig): Readonly<Record<string, (count: number) => Promise<number[]>>> {
  let next = FIRST;
  const { doorkeeper, operations } = rig.gate;
  const open = (n: number) => doorkeeper.open({ account: String(n), open: [] }, addressOf(n), CALLER);
  /** So many accounts; with an open address each if wanted. Resolves to the first one's number. */
  const prepare = async (count: number, opened: boolean): Promise<number> => {
    const first = next;
    next += count;
    for (let n = first; n < next; n++) await rig.store.saveAccount(traveller(String(n)));
    for (let n = first; opened && n < next; n++) await open(n);
    return first;
  };
  return {
    open: async (count) => {
      const first = await prepare(count, false);
      return times(count, (i) => open(first + i));
    },
    close: async (count) => {
      const first = await prepare(count, true);
      return times(count, (i) => doorkeeper.closeAll({ account: String(first + i), open: [] }, CALLER));
    },
    allow: (count) => {
      const first = next;
      next += count;
      return times(count, (i) => operations.allow({ what: addressOf(first + i), by: 'root' }));
    },
    revoke: async (count) => {
      const first = next;
      next += count;
      for (let n = first; n < next; n++) await operations.allow({ what: addressOf(n), by: 'root' });
      return times(count, (i) => operations.revoke({ what: addressOf(first + i), by: 'root' }));
    },
    change: (count) => {
      const first = next;
      next += count;
      const until = new Date(Date.now() + 3_600_000);
      const all = ['sip', 'iax', 'rtp', 'was'];
      return times(count, (i) =>
        rig.firewall.change(all.map((set) => ({ set, network: addressOf(first + i), until }))),
      );
    },
    ipset: (count) => times(count, () => run('ipset', ['add', 'bench', addressOf(next++), 'timeout', '3600'])),
    list: async (count) => {
      await fillRuleList(count);
      return [];
    },
    insert: (count) => times(count, () => insertRule(next++)),
    rewrite: (count) => times(count, () => rewriteRuleList(next++)),
    reconcile: (count) => times(count, () => rig.gate.reconcile()),
    load: async () => {
      await rig.firewall.remove();
      return times(1, () => rig.gate.reconcile());
    },
    bare: async () => {
      const saved = await run('ipset', ['save'], { timeoutMs: 60_000 });
      const text = saved.replaceAll(' tg-', ' b-').replaceAll(/ packets \d+ bytes \d+/g, '');
      const all = text.split('\n');
      const lines = all.filter((line) => / b-/.test(line)).join('\n');
      const taken = await times(1, () => run('ipset', ['restore'], { stdin: `${lines}\n`, timeoutMs: 60_000 }));
      const names = all.flatMap((line) => /^create (b-\S+)/.exec(line)?.[1] ?? []);
      for (const name of names) await run('ipset', ['destroy', name]);
      return taken;
    },
  };
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
