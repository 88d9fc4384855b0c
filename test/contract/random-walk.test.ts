/** Whatever people do, in whatever order: the kernel holds what the list of entries says, and what the plan says. */
import { clock } from '../../src/clock';
import type { Firewall } from '../../src/domain/firewall';
import { expandServices } from '../../src/domain/service';
import { AppError } from '../../src/errors';
import { openFirewall } from '../../src/firewall/open';
import { openGate, type Gate } from '../../src/gate/gate';
import { makeHost } from '../../src/lab/host';
import { describeAsRoot } from '../support/as-root';
import type { FakeClock } from '../support/fake-clock';
import { fakeKernel } from '../support/fake-kernel';
import { firewallOn } from '../support/firewall-host';
import { randomFrom } from '../support/random';
import { testGate, type TestGate } from '../support/test-gate';

const by = 'root';
const OFFICE = 'office.example.com';
const PLACES: readonly [string, ...string[]] = [
  '198.51.100.7',
  ...['198.51.100.8', '198.51.100.0/28', '198.51.100.5-198.51.100.20', '192.0.2.0/24'],
  ...['2001:db8::7', '2001:db8::3-2001:db8::9', '2001:db8:1::/48', OFFICE],
];
const SERVICES = [undefined, ['sip'], ['phone', 'web'], ['rtp'], ['all']] as const;
const TRIAL_SECONDS = 2;
/** More than a trial, and than the shortest lease with what the kernel rounds off. */
const SHORT_MS = 3000;
const LONG_MS = 4_000_000;

/** One kernel, on which one Tollgate after another works. */
interface World {
  open(clock: FakeClock): Firewall;
  /** Lets time pass in the kernel and on this clock. */
  pass(clock: FakeClock, ms: number): Promise<void>;
  close(): void;
}

interface Walk {
  readonly steps: number;
  readonly mostMs: number;
  /** How long it may wait for something. */
  readonly pauses: readonly [number, ...number[]];
}

function describeWalk(makeWorld: () => Promise<World>, { steps, mostMs, pauses }: Walk): void {
  const seed = Number(process.env['TOLLGATE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const random = randomFrom(seed);
  const oneOf = <T>(choices: readonly [T, ...T[]]): T => choices[Math.floor(random() * choices.length)] ?? choices[0];
  let world: World;
  let first: TestGate;
  let gate: Gate;
  let firewall: Firewall;
  beforeEach(async () => {
    world = await makeWorld();
    first = await testGate((fake) => (firewall = world.open(fake)));
    gate = first;
    first.names.set(OFFICE, { A: ['203.0.113.77'], AAAA: ['2001:db8:2::77'] });
    await gate.operations.init({ by });
  });
  afterEach(async () => {
    await firewall.close();
    await first.close();
    world.close();
  });

  const time = async (ms: number) => {
    await world.pass(first.clock, ms);
    await gate.tick();
    await gate.followNames(new AbortController().signal);
  };
  /** The number of an entry; 0, which none has, when there is none. */
  const oneListed = async (isBlock: boolean) => {
    const those = (await gate.operations.list({})).filter(({ kind }) => (kind === 'block') === isBlock);
    return String(oneOf([0, ...those.map(({ id }) => id)]));
  };

  const someTime = () => {
    const seconds = oneOf([undefined, 2, 3600]);
    return seconds === undefined ? {} : { seconds };
  };

  const moves: Readonly<Record<string, () => Promise<unknown>>> = {
    allow: () => {
      const services = oneOf(SERVICES);
      return gate.operations.allow({ by, what: oneOf(PLACES), ...(services && { services }), ...someTime() });
    },
    revoke: async () => gate.operations.revoke({ by, what: await oneListed(false) }),
    block: () => gate.operations.block({ by, what: oneOf(PLACES), ...someTime() }),
    unblock: async () => gate.operations.unblock({ by, what: await oneListed(true) }),
    import: () => {
      const places = PLACES.filter(() => random() < 0.3);
      return gate.operations.importPlain({ by, text: `${places.join('\n')}\n198.51.100.99\n` });
    },
    'a name moves': () => {
      first.names.set(OFFICE, { A: [`203.0.113.${oneOf([7, 8, 9])}`, '198.51.100.7'] });
      return Promise.resolve();
    },
    watch: () => gate.operations.watch({ by }),
    stricter: async () => {
      await gate.operations[oneOf(['guard', 'secure'] as const)]({
        by,
        lose: ['all'],
        here: true,
        withinSeconds: TRIAL_SECONDS,
      });
      if (oneOf([true, false])) await gate.operations.confirm({ by, here: true });
    },
    rollback: () => gate.operations.rollback({ by }),
    wait: () => time(oneOf(pauses)),
    restart: async () => {
      await firewall.close();
      if (oneOf([true, false])) await world.pass(first.clock, oneOf(pauses));
      firewall = world.open(first.clock);
      gate = openGate({ ...first.parts, firewall }, () => Promise.resolve([]));
      await gate.restore();
    },
  };

  /** `sip 192.0.2.1`, by the entries that people see. */
  async function listed(): Promise<readonly string[]> {
    const members = (await gate.operations.list({})).flatMap(({ kind, services, addresses }) => {
      const sets = kind === 'block' ? ['block'] : [...expandServices(services, first.parts.services)];
      return addresses.flatMap((address) => sets.map((set) => `${set} ${address}`));
    });
    return [...new Set(members)].sort();
  }

  async function held(): Promise<readonly string[]> {
    const members = (await firewall.members()).filter(({ set }) => set !== 'was');
    return members.map(({ set, network }) => `${set} ${network}`).sort();
  }

  it(`ends each step of a walk with the kernel as planned (TOLLGATE_TEST_SEED=${seed})`, async () => {
    const began = performance.now();
    const done: string[] = [];
    let left: string[] = [];
    for (let step = 0; step < steps && performance.now() - began < mostMs; step++) {
      if (left.length === 0) left = Object.keys(moves); // each once, in any order, and again
      const name = left[Math.floor(random() * left.length)] ?? '';
      left = left.filter((each) => each !== name);
      const fault = await moves[name]?.().then(
        () => undefined,
        (error: unknown) => refusal(error),
      );
      done.push(fault === undefined ? name : `${name}: ${fault}`);
      await time(0);
      // The kernel ends a lease in whole seconds, never late: up to a second before the list does, and each at its time.
      const isAsListed = async () => (await held()).join() === (await listed()).join();
      for (let waits = 0; waits < 3 && !(await isAsListed()); waits++) await time(1100);
      expect([done, await held()]).toEqual([done, await listed()]);
      const { trial } = await first.parts.store.modeState();
      const found = await gate.reconcile();
      // On a busy machine a trial may let go between two looks: then the next one finds nothing.
      expect([done, trial && found.length > 0 ? await gate.reconcile() : found]).toEqual([done, []]);
    }
    expect(done.length).toBeGreaterThan(5);
  });
}

/** What people are told; everything else is a bug. */
function refusal(error: unknown): string {
  if (error instanceof AppError && ['REFUSED', 'NOT_FOUND', 'MISUSED'].includes(error.code)) return error.code;
  throw error;
}

describe('a walk, on a kernel in memory', () => {
  let kernel: ReturnType<typeof fakeKernel> | undefined;
  const makeWorld = (): Promise<World> =>
    Promise.resolve({
      open: (fake) => {
        const { run, spawnSession } = (kernel ??= fakeKernel(fake));
        return openFirewall({ run, spawnSession, clock: fake, log: () => undefined });
      },
      pass: (fake, ms) => fake.advance(ms),
      close: () => (kernel = undefined),
    });
  describeWalk(makeWorld, { steps: 400, mostMs: 5000, pauses: [1000, SHORT_MS, LONG_MS] });
});

describeAsRoot('a walk, on the real kernel', () => {
  const makeWorld = async (): Promise<World> => {
    const host = await makeHost('pbx');
    let at = performance.now();
    return {
      open: (fake) => firewallOn(host, { clock: { ...clock, now: () => fake.now() } }).firewall,
      pass: async (fake, ms) => {
        await clock.sleep(ms);
        const now = performance.now();
        await fake.advance(now - at);
        at = now;
      },
      close: () => host.close(),
    };
  };
  describeWalk(makeWorld, { steps: 60, mostMs: 9000, pauses: [SHORT_MS] });
});
