/** What it costs that many IPv4 addresses are open: 10, 1,000 and 100,000, each in a kernel and store of its own. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { clock } from '../../src/clock';
import { openStore } from '../../src/store/open';
import { startAsService } from './daemon';
import { fill } from './rig';
import { alternate } from './rounds';
import { compared, figures, number, told, type Row } from './row';
import { startHouse, type House } from './house';
import { median } from './statistics';

const FEW = 10;
const SOME = 1_000;
const MANY = 100_000;
const ROUNDS = 3;
const A_ROUND = 10;
/** Of what takes long. */
const A_FEW = 2;
/** Flat: what many cost against what few do. */
const FLAT = 1.5;
const START_MS = 3_000;
const STARTS = 5;

export async function sets(folder: string): Promise<Row[]> {
  const folders = await Promise.all([FEW, SOME, MANY].map((size) => filled(join(folder, String(size)), size)));
  const [few = '', some = '', many = ''] = folders;
  const starting = await starts(many);
  const houses = [await startHouse(few), await startHouse(some), await startHouse(many)] as const;
  const rows = [...starting, ...(await changes(houses)), ...(await whole(houses[2]))];
  const sizes = [FEW, SOME, MANY];
  for (const [i, house] of houses.entries()) rows.push(...(await others(house, sizes[i] ?? 0)));
  for (const house of houses) house.close();
  return rows;
}

async function filled(folder: string, count: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const store = await openStore({ kind: 'sqlite', file: join(folder, 'tollgate.db'), clock });
  await store.saveModeState({ mode: 'guard', trial: undefined, listening: undefined });
  await fill(store, count);
  await store.close();
  return folder;
}

/** The whole daemon, from its first instruction to the answer on its control socket. */
async function starts(folder: string): Promise<Row[]> {
  const after = { boot: [] as number[], restart: [] as number[] };
  for (let n = 0; n < STARTS; n++) {
    const first = await startAsService(folder);
    after.boot.push(first.readyAfterMs);
    await first.stop();
    const again = await startAsService(folder, first.host);
    after.restart.push(again.readyAfterMs);
    await again.stop();
    first.host.close();
  }
  const row = (what: string, ms: readonly number[]) => {
    const goal = { text: `under ${START_MS / 1000} s`, met: median(ms) < START_MS };
    return told(what, `${ms.map((one) => number(one / 1000)).join(', ')} s`, goal);
  };
  return [
    row(`\`serve\` until ready, ${MANY} entries, kernel empty`, after.boot),
    row(`\`serve\` until ready, ${MANY} entries, kernel holds them`, after.restart),
  ];
}

async function changes([few, some, many]: readonly [House, House, House]): Promise<Row[]> {
  const of = (op: string) => ({
    few: () => few.times(op, A_ROUND),
    some: () => some.times(op, A_ROUND),
    many: () => many.times(op, A_ROUND),
  });
  const against = `the same with ${FEW} open`;
  const rows: Row[] = [];
  for (const [op, what] of [
    ['open', 'opening one by telephone'],
    ['close', 'closing one by telephone'],
    ['allow', 'adding one IPv4 address (`allow` within the service)'],
    ['revoke', 'removing one IPv4 address (`revoke` within the service)'],
  ] as const) {
    const measured = await alternate(of(op), { rounds: ROUNDS });
    const row = { what: `${what}, ${SOME} open`, against, theirs: measured.few };
    rows.push(compared({ ...row, ours: measured.some, mostTimes: FLAT }));
    rows.push(compared({ ...row, what: `${what}, ${MANY} open`, ours: measured.many, mostTimes: FLAT }));
  }
  return rows;
}

/** One more address, in a kernel that has so many, against the ways that an admin has otherwise. */
async function others(house: House, size: number): Promise<Row[]> {
  await house.times('list', size);
  const { ours, ...ways } = await alternate(
    {
      ours: () => house.times('allow', A_FEW),
      ipset: () => house.times('ipset', A_FEW),
      insert: () => house.times('insert', A_FEW),
      rewrite: () => house.times('rewrite', A_FEW),
    },
    { rounds: ROUNDS },
  );
  const what = `adding one IPv4 address (\`allow\` within the service: no command starts), ${size} open: recorded, confirmed, kept for a reboot`;
  return [
    compared({ what, against: 'one `ipset add` process, nothing recorded', ours, theirs: ways.ipset }),
    compared({ what, against: `one \`iptables -I\` process among ${size} rules`, ours, theirs: ways.insert }),
    compared({ what, against: `rewriting and restoring a list of ${size} rules`, ours, theirs: ways.rewrite }),
  ];
}

async function whole(many: House): Promise<Row[]> {
  const loads = await alternate(
    { ours: () => many.times('load', 1), bare: () => many.times('bare', 1) },
    { rounds: 2, warmUp: 0 },
  );
  const nothing = await many.times('reconcile', 3);
  return [
    compared({
      what: `loading ${MANY} entries (4 members each): plan, send, read back by their counts, save for a reboot`,
      ...{ against: 'a bare `ipset restore` of the same', ours: loads.ours, theirs: loads.bare, mostTimes: FLAT },
    }),
    told(`reconcile, ${MANY} entries, nothing to do`, figures(nothing)),
  ];
}
