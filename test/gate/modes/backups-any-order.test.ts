/** Whatever is let in, blocked and taken away after a backup was made: restoring it brings back what was, and no more. */
import fc from 'fast-check';
import type { Operations } from '../../../src/gate/operations';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const WHATS = ['198.51.100.1', '198.51.100.2', '198.51.100.0/30', '192.0.2.5-192.0.2.7', '2001:db8:7::/64'];

const what = fc.constantFrom(...WHATS);
const seconds = fc.constantFrom(undefined, 1800, 7200);
const change = fc.oneof(
  fc.record({
    do: fc.constant('allow' as const),
    what,
    seconds,
    services: fc.constantFrom(['sip'], ['iax'], ['phone']),
  }),
  fc.record({ do: fc.constant('block' as const), what, seconds }),
  fc.record({ do: fc.constantFrom('revoke' as const, 'unblock' as const), what }),
  fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 40, 150) }),
);
type Change = typeof change extends fc.Arbitrary<infer C> ? C : never;

let gate: TestGate;
let firewall: MemoryFirewall;
let operations: Operations;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  operations = gate.operations;
  await operations.init({ by });
  firewall.changesRules = () => true; // each look saves what is now
});
afterEach(() => gate.close());

async function happen(changed: Change): Promise<unknown> {
  switch (changed.do) {
    case 'wait':
      await gate.clock.advance(changed.minutes * 60_000);
      return gate.tick();
    case 'allow':
    case 'block': {
      const { do: does, seconds: lasts, ...asked } = changed;
      return operations[does]({ by, ...asked, ...(lasts !== undefined && { seconds: lasts }) });
    }
    default:
      return operations[changed.do]({ by, what: changed.what }).catch(() => undefined); // there may be none
  }
}

/** What decides about packets from now on, with its end; `was` remembers what was open. */
async function held(): Promise<readonly string[]> {
  const members = await firewall.members();
  const now = gate.clock.now().getTime();
  return members
    .filter(({ set, secondsLeft = 1 }) => set !== 'was' && secondsLeft > 0)
    .map(({ set, network, secondsLeft }) =>
      [set, network, secondsLeft === undefined ? 'forever' : new Date(now + secondsLeft * 1000).toISOString()].join(
        ' ',
      ),
    )
    .sort();
}

it('what was, but for what is over, is again what is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 8 }), fc.array(change, { maxLength: 8 }), async (before, after) => {
      for (const each of before) await happen(each);
      await operations.firewallApply({ by });
      const [{ id } = { id: '' }] = await operations.backupList({});
      const then = await held();
      for (const each of after) await happen(each);
      const planned = await operations.backupRestore({ by, id, dryRun: true });
      const restored = await operations.backupRestore({ by, id });
      const now = gate.clock.now().toISOString();
      expect(await held()).toEqual(then.filter((line) => (line.split(' ')[2] ?? '') > now));
      const whats = ({ opened, closed, over }: typeof planned) =>
        [opened, closed].map((each) => each.map((entry) => `${entry.kind} ${entry.what}`).sort()).concat([[`${over}`]]);
      expect(whats(planned)).toEqual(whats(restored));
      expect(await operations.backupRestore({ by, id })).toMatchObject({ opened: [], closed: [] });
    }),
    { numRuns: 30 },
  );
});
