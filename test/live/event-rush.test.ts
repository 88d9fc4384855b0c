/** More failed logins than a real Asterisk tells of, for a while: the daemon as it runs, the real store and kernel. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rushAt } from '../bench/events';
import { quantile } from '../bench/statistics';
import { describeAsRoot } from '../support/as-root';

const A_SECOND = 2_000;
const SECONDS = 10;
const MOST_MIB = 300;
/** Nobody hears it. */
const TURN_MS = 1_000;

describeAsRoot('2,000 failed logins a second', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'event-rush-'))));
  afterAll(() => rm(folder, { recursive: true }));

  it('are all judged, who guesses is blocked, memory stays small, and calls are answered meanwhile', async () => {
    const outcome = await rushAt(folder, { perSecond: A_SECOND, seconds: SECONDS, quietSeconds: 0 });
    expect(outcome).toMatchObject({ sent: A_SECOND * SECONDS, heard: A_SECOND * SECONDS });
    expect([outcome.attackers, outcome.blocked]).toEqual([60, 60]);
    expect(outcome.most).toBeLessThan(MOST_MIB);
    expect(outcome.results.length).toBeGreaterThan(3);
    expect(new Set(outcome.results)).toEqual(new Set(['opened']));
    expect(quantile(outcome.busy, 1)).toBeLessThan(TURN_MS);
  });
});
