/** What Tollgate can be doing when it stops dead, where, and what holds then. */
import type { Door, Regime } from './crash-site';
import type { Place } from '../live/programs/crashes';
import type { ModeStep, Step } from '../live/programs/crashing-gate';

/** Seconds. */
export const SHORT = 1000;
const LONG = 5000;

/** One of ten addresses that no other crash uses. */
export type Address = (n: number) => string;
/** What is told of a door or of the mode. */
export type News = Partial<Regime> & { readonly doors?: readonly (readonly [n: number, door: Door])[] };

/** One operation: what was done before it, and what was told before and after it. */
export interface Operation {
  readonly name: string;
  readonly steps: (ip: Address, account: string) => readonly Step[];
  readonly before: News;
  readonly after: News;
  /** `before` in a kernel that has let its trial go; `before` itself unless told. */
  readonly letGo?: News;
  /** Places where it may die, what holds when the next one has begun, and what a boot alone brings back. */
  readonly places: readonly (readonly [Place, number, 'before' | 'after' | 'letGo', 'before' | 'after' | 'between'])[];
}

const OPENING = [
  ['store', 1, 'before', 'before'],
  ['sent', 1, 'before', 'before'],
  ['half a line', 1, 'before', 'between'],
  ['kernel', 1, 'before', 'after'],
  ['store', 2, 'after', 'after'],
] as const;
const CLOSING = [
  ['store', 1, 'before', 'before'], // what had ended by then is put away first
  ['store', 2, 'after', 'before'],
  ['sent', 1, 'after', 'before'],
  ['half a line', 1, 'after', 'between'],
  ['kernel', 1, 'after', 'after'],
] as const;
export const open = (account: string, address: string, leaseSeconds = SHORT): Step => ({
  do: 'open',
  account,
  address,
  leaseSeconds,
});

export const DOORS: readonly Operation[] = [
  {
    name: 'opening',
    steps: (ip, account) => [open(account, ip(1))],
    before: {},
    after: { doors: [[1, SHORT]] },
    places: OPENING,
  },
  {
    name: 'renewing',
    steps: (ip, account) => [open(account, ip(1)), open(account, ip(1), LONG)],
    before: { doors: [[1, SHORT]] },
    after: { doors: [[1, LONG]] },
    places: OPENING,
  },
  {
    name: 'opening one more than allowed',
    steps: (ip, account) => [1, 2, 3].map((n) => open(account, ip(n))),
    before: {
      doors: [
        [1, SHORT],
        [2, SHORT],
      ],
    },
    after: {
      doors: [
        [2, SHORT],
        [3, SHORT],
      ],
    },
    places: OPENING.filter(([place]) => place !== 'sent'),
  },
  {
    name: 'revoking',
    steps: (ip) => [
      { do: 'allow', address: ip(1) },
      { do: 'revoke', address: ip(1) },
    ],
    before: { doors: [[1, 'for good']] },
    after: {},
    places: CLOSING,
  },
  {
    name: 'blocking, when others were revoked and renewed before',
    steps: (ip, account) => [
      { do: 'allow', address: ip(1) },
      { do: 'revoke', address: ip(1) },
      open(account, ip(2)),
      open(account, ip(2), LONG),
      { do: 'block', address: ip(3) },
    ],
    before: { doors: [[2, LONG]] },
    after: {
      doors: [
        [2, LONG],
        [3, 'blocked'],
      ],
    },
    places: OPENING.slice(2),
  },
  {
    name: 'folding the boot file',
    steps: (ip, account) => [open(account, ip(1)), { do: 'fold' }],
    before: { doors: [[1, SHORT]] },
    after: { doors: [[1, SHORT]] },
    places: [
      ['half a base', 1, 'after', 'before'],
      ['aside', 1, 'after', 'before'],
      ['renamed', 1, 'after', 'after'],
    ],
  },
];

const trialOf = (mode: 'guard' | 'secure', withinSeconds = SHORT): ModeStep => ({ do: mode, withinSeconds });
/** From watch with a door that is open, whatever was before. */
const after =
  (...steps: readonly ModeStep[]): Operation['steps'] =>
  (ip, account) => [{ do: 'watch' }, open(account, ip(1)), ...steps];
const inMode = (mode: string, trial = ''): News => ({ mode, trial, doors: [[1, SHORT]] });

export const MODES: readonly Operation[] = [
  {
    name: 'putting guard on trial',
    steps: after(trialOf('guard')),
    before: inMode('watch'),
    after: inMode('watch', 'guard'),
    places: [
      ['sets', 1, 'before', 'before'],
      ['rules', 1, 'before', 'before'],
      ['store', 1, 'after', 'after'],
    ],
  },
  {
    name: 'putting secure on trial',
    steps: after(trialOf('secure')),
    before: inMode('watch'),
    after: inMode('watch', 'secure'),
    places: [['rules', 2, 'before', 'before']],
  },
  {
    name: 'confirming guard',
    steps: after(trialOf('guard'), { do: 'confirm' }),
    before: inMode('watch', 'guard'),
    letGo: inMode('watch'),
    after: inMode('guard'),
    places: [
      ['rules', 1, 'before', 'before'],
      ['rules', 2, 'before', 'before'],
      ['sets', 1, 'letGo', 'before'],
      ['renamed', 1, 'letGo', 'after'],
      ['store', 1, 'after', 'after'],
    ],
  },
  {
    name: 'confirming secure',
    steps: after(trialOf('secure'), { do: 'confirm' }),
    before: inMode('watch', 'secure'),
    letGo: inMode('watch'),
    after: inMode('secure'),
    places: [
      ['renamed', 1, 'letGo', 'after'],
      ['store', 1, 'after', 'after'],
    ],
  },
  {
    name: 'taking a trial back',
    steps: after(trialOf('guard'), { do: 'rollback' }),
    before: inMode('watch', 'guard'),
    after: inMode('watch'),
    places: [
      ['rules', 1, 'before', 'before'],
      ['sets', 1, 'after', 'before'],
      ['store', 1, 'after', 'after'],
    ],
  },
  {
    name: 'putting away a trial that the kernel has let go',
    steps: after(trialOf('guard', 2), { do: 'letGo' }),
    before: inMode('watch'),
    after: inMode('watch'),
    places: [['rules', 1, 'after', 'before']],
  },
  {
    name: 'going back to watch',
    steps: after(trialOf('guard'), { do: 'confirm' }, { do: 'watch' }),
    before: inMode('guard'),
    after: inMode('watch'),
    places: [
      ['rules', 1, 'before', 'before'],
      ['renamed', 1, 'before', 'after'],
      ['store', 1, 'after', 'after'],
    ],
  },
];
