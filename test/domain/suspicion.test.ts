import type { Login } from '../../src/domain/login';
import { heldBytes } from '../support/heap';
import { parseNetwork, type Network } from '../../src/domain/network';
import { SUSPICION, Suspicion, WEIGHTS, type Judgement, type Rule } from '../../src/domain/suspicion';

const NOW = new Date('2026-11-22T13:00:00Z');
const net = (text: string) => parseNetwork(text) as Network;
const THIEF = net('198.51.100.9');
const login = (more: Partial<Login> = {}): Login => ({
  ...{ driver: 'PJSIP', address: THIEF, account: '701', outcome: 'wrong-password', wayBack: 'connection' },
  ...more,
});

/** Every rule that some sample below has exercised. */
const seen = new Set<Rule>();
afterAll(() => expect([...seen].sort()).toEqual(Object.keys(WEIGHTS).sort()));

class Watch {
  readonly suspicion: Suspicion;
  at = NOW.getTime();
  constructor(terms = {}) {
    this.suspicion = new Suspicion({ ...SUSPICION, ...terms });
  }
  see(logins: readonly Login[], seconds = 1): Judgement[] {
    return logins.flatMap((each) => {
      this.at += seconds * 1000;
      const { rule, judgements } = this.suspicion.judge(each, new Date(this.at));
      if (rule) seen.add(rule);
      return judgements;
    });
  }
}
const times = (count: number, one: (i: number) => Login) => Array.from({ length: count }, (_, i) => one(i));
const kinds = (judgements: readonly Judgement[]) => judgements.map(({ kind }) => kind);

it('who tries the password of one account again and again is an attacker at the tenth try', () => {
  const watch = new Watch();
  expect(
    watch.see(
      times(9, () => login()),
      0.01,
    ),
  ).toEqual([]);
  const judged = watch.see([login(), login()], 0.01);
  expect(judged).toEqual([{ kind: 'attack', address: THIEF, tries: 10, accounts: ['701'], mayBeForged: false }]);
});

it('who answers over UDP may be forged, until all is forgiven', () => {
  const watch = new Watch();
  const tenth = (more: Partial<Login>, apart = 0.01) =>
    watch.see(
      times(10, () => login(more)),
      apart,
    );
  expect(tenth({ wayBack: 'answer' })).toMatchObject([{ mayBeForged: true }]);
  watch.see([login({ wayBack: 'answer' })]);
  watch.see([login()], 3600);
  expect(tenth({ wayBack: 'connection' })).toMatchObject([{ mayBeForged: false }]);
});

it('one phone that repeats its old password every minute is never an attacker', () => {
  expect(
    new Watch().see(
      times(2_000, () => login()),
      60,
    ),
  ).toEqual([]);
});

it('a phone whose extension was removed is none either: three events a minute', () => {
  const round = [
    login({ outcome: 'unknown-account', account: '709' }),
    login({ outcome: 'unknown-account', account: '709' }),
    login({ account: undefined }),
  ];
  expect(
    new Watch().see(
      times(600, (i) => round[i % 3] as Login),
      20,
    ),
  ).toEqual([]);
});

it('who tries several accounts is an attacker at the fourth', () => {
  const judged = new Watch().see(times(4, (i) => login({ account: `${700 + i}` })));
  expect(judged).toMatchObject([{ kind: 'attack', tries: 4, accounts: ['700', '701', '702', '703'] }]);
});

it('who looks for accounts over TCP is an attacker at the fourth', () => {
  const judged = new Watch().see(times(4, (i) => login({ account: `${100 + i}`, outcome: 'unknown-account' })));
  expect(kinds(judged)).toEqual(['attack']);
});

it('who looks for accounts over UDP and answers each challenge is an attacker at the fourth', () => {
  const tries = times(8, (i) =>
    i % 2 === 0
      ? login({ account: `${100 + i}`, outcome: 'unknown-account', wayBack: 'no' })
      : login({ account: undefined, wayBack: 'answer' }),
  );
  expect(kinds(new Watch().see(tries)).filter((kind) => kind === 'attack')).toHaveLength(1);
});

it('a list that refuses five times in a row makes an attacker', () => {
  expect(
    kinds(
      new Watch().see(
        times(6, () => login({ outcome: 'refused' })),
        0.1,
      ),
    ),
  ).toEqual(['attack']);
});

it('single packets that anybody may have forged are only told, once an hour', () => {
  const forged = (i: number) => login({ account: `${100 + i}`, outcome: 'unknown-account', wayBack: 'no' });
  const judged = new Watch().see(times(3_600, forged));
  expect(judged).toEqual([{ kind: 'perhaps', address: THIEF, tries: 4, why: 'udp' }]);
  const acl = new Watch().see(times(20, () => login({ outcome: 'refused', wayBack: 'no' })));
  expect(kinds(acl)).toEqual(['perhaps']);
});

it('an office from which good passwords come is not cut off by one phone with a wrong one', () => {
  const watch = new Watch();
  watch.see([login({ outcome: 'good', account: '702' })]);
  expect(watch.see(times(30, () => login()))).toEqual([]);
  expect(
    kinds(
      watch.see(
        times(300, () => login()),
        0.1,
      ),
    ),
  ).toContain('attack');
});

it('an office is not cut off by one phone that tries an old password every ten seconds, all day', () => {
  const watch = new Watch();
  watch.see([login({ outcome: 'good', account: '702' })]);
  const tries = times(8_000, () => login());
  expect(watch.see(tries, 10)).toEqual([]);
});

it('nobody can have it cut off by forged answers over UDP', () => {
  const watch = new Watch();
  watch.see([login({ outcome: 'good' })]);
  const judged = watch.see(times(3_000, (i) => login({ wayBack: 'answer', account: `${i}` })));
  expect(judged.filter(({ kind }) => kind === 'attack')).toEqual([]);
  expect(judged).toContainEqual({ kind: 'perhaps', address: THIEF, tries: 4, why: 'known' });
});

it('a good password is forgotten after a day', () => {
  const watch = new Watch();
  watch.see([login({ outcome: 'good' })]);
  expect(watch.suspicion.isKnown(THIEF, new Date(watch.at))).toBe(true);
  watch.at += 24 * 3_600_000;
  expect(watch.suspicion.isKnown(THIEF, new Date(watch.at))).toBe(false);
});

it('many addresses that each try one account once or twice, over days, are noticed, once a day', () => {
  const watch = new Watch();
  const from = (i: number) => login({ address: net(`198.51.100.${i}`) });
  const judged = watch.see(times(12, from), 6 * 3600);
  expect(judged).toEqual([{ kind: 'many', account: '701', addresses: 10 }]);
});

it('ten addresses in a month are none of it', () => {
  expect(
    new Watch().see(
      times(12, (i) => login({ address: net(`198.51.100.${i}`) })),
      3 * 24 * 3600,
    ),
  ).toEqual([]);
});

it('begins anew after an attack was told', () => {
  const watch = new Watch();
  expect(
    kinds(
      watch.see(
        times(20, () => login()),
        0.01,
      ),
    ),
  ).toEqual(['attack', 'attack']);
});

it('remembers no more than it may, whatever is sent', () => {
  const watch = new Watch({ most: 100 });
  const before = heldBytes();
  for (let i = 0; i < 200_000; i++) {
    watch.see([login({ address: net(`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`), account: `${i}` })], 0);
  }
  const held = heldBytes() - before;
  expect(watch.see([])).toEqual([]); // so that it was not thrown away before it was weighed
  expect(held).toBeLessThan(8 * 1024 * 1024);
});
