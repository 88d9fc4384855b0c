import { countriesOf } from '../../../src/country/judge';
import type { Countries } from '../../../src/domain/country';
import { permittedAtOnce } from '../../../src/domain/stranger-door';
import { memoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const HOME = address('198.51.100.7');
const by = 'root';

let gate: TestGate;
beforeEach(async () => {
  gate = await testGate(memoryFirewall, '[country]\ncalls = "enforce"\n');
  await gate.operations.init({ by });
});
afterEach(() => gate.close());

const permit = () => gate.operations.rangePermit({ by, first: '198.51.100.0', last: '198.51.100.255' });
const deny = () => gate.operations.rangeDeny({ by, first: '198.51.100.7' });

/** Who has another thread's tables: what he judges by, as it came over. */
function elsewhere() {
  const told: Countries[] = [];
  const end = gate.parts.countries.onJudged((judged) => void told.push(countriesOf(structuredClone(judged))));
  const permitted = () => told.map((countries) => permittedAtOnce(countries, HOME)?.reason ?? 'ask');
  return { end, permitted };
}

describe('whoever judges calls in another thread', () => {
  it('is told of each change at once, so that nobody passes who has been denied', async () => {
    await gate.parts.countries.reload();
    const there = elsewhere();
    await permit();
    expect(there.permitted().at(-1)).toBe('permitted');
    await deny();
    expect(there.permitted().at(-1)).toBe('ask');
  });

  it('is told what holds when he begins, where anything was judged yet', async () => {
    await permit();
    expect(elsewhere().permitted()).toEqual(['permitted']);
    const fresh = await testGate(memoryFirewall);
    const told: unknown[] = [];
    fresh.parts.countries.onJudged((judged) => void told.push(judged));
    expect(told).toEqual([]);
    await fresh.close();
  });

  it('hears nothing more when he has gone', async () => {
    await permit();
    const there = elsewhere();
    there.end();
    await deny();
    expect(there.permitted()).toEqual(['permitted']);
  });
});
