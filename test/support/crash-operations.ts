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
  /** Of what is done in two steps: the first one's news. */
  readonly half?: News;
  /**
   * Places where it may die, what holds when the next one has begun, and what a boot alone brings back. `between`: each
   * door of its own as before or after.
   */
  readonly places: readonly (readonly [Place, number, When, When | 'between'])[];
}
export type When = 'before' | 'after' | 'letGo' | 'half';

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
const OF_THE_BACKUP = [
  [1, SHORT],
  [2, 'for good'],
] as const;

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
  {
    name: 'removing the firewall',
    steps: after(trialOf('guard'), { do: 'confirm' }, { do: 'remove' }),
    before: inMode('guard'),
    after: inMode(''),
    places: [
      ['rules', 1, 'before', 'before'],
      ['sets', 1, 'before', 'before'],
      ['store', 1, 'after', 'before'],
      ['removed', 1, 'after', 'after'],
    ],
  },
];

/** What nobody may do to doors that other PBXs share. */
export const ALONE: readonly Operation[] = [
  {
    name: 'restoring a backup of watch',
    steps: (ip, account) => [
      ...after()(ip, account),
      { do: 'allow', address: ip(2) },
      trialOf('guard'),
      { do: 'confirm' },
      { do: 'revoke', address: ip(2) },
      { do: 'allow', address: ip(3) },
      { do: 'backup restore', mode: 'watch' },
    ],
    before: {
      ...inMode('guard'),
      doors: [
        [1, SHORT],
        [3, 'for good'],
      ],
    },
    // First the doors, as one step, and then the mode: it is never less strict for doors that are not to be there.
    half: { ...inMode('guard'), doors: OF_THE_BACKUP },
    after: { ...inMode('watch'), doors: OF_THE_BACKUP },
    places: [
      ['kernel', 1, 'before', 'half'],
      ['store', 2, 'half', 'half'],
      ['rules', 1, 'half', 'half'],
      ['renamed', 1, 'half', 'after'],
      ['store', 3, 'after', 'after'],
    ],
  },
];
