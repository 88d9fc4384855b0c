/** The kernel held against the store: what it should hold, what differs, and making it so. */
import type { OpenEntry } from '../domain/entry';
import type { Elements, Look, Policy } from '../domain/firewall';
import type { ModeState } from '../domain/store';
import type { Doors } from './doors/doors';
import type { Parts } from './parts';
import { elementsIn, judgedPolicyOf } from './modes/policy';

/** Doors that change while we look make us look again, so often; then they wait. */
const MOST_LOOKS = 3;

/**
 * Makes the kernel hold what the store says, rules and members; resolves to what had to be sent. With many entries
 * reading both takes seconds, in which doors open and close as ever: they wait only while what differs is sent.
 * `beforeRules` is done first if rules are to change.
 */
export async function reconcile(
  parts: Parts,
  doors: Doors,
  beforeRules: BeforeRules = nothing,
): Promise<readonly string[]> {
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const before = await doors.undisturbed(() => Promise.resolve(doors.changes));
    const wanted = await wantedBy(parts);
    if (!wanted) return [];
    const sent = await doors.undisturbed(async () => {
      if (doors.changes !== before) return undefined;
      const lines = await apply(parts, wanted, beforeRules);
      if (lines.length > 0) doors.changed();
      return lines;
    });
    if (sent) return sent;
  }
  return doors.exclusively(async () => {
    const wanted = await wantedBy(parts);
    return wanted ? apply(parts, wanted, beforeRules) : [];
  });
}

/** The same within a turn of its own, for a state that is not in the store yet. */
export async function applyNow(parts: Parts, state: ModeState): Promise<readonly string[]> {
  const wanted = await wantedBy(parts, state);
  return wanted ? apply(parts, wanted, nothing) : [];
}

/** What `reconcile` would send. */
export async function planned(parts: Parts, doors: Doors, state?: ModeState): Promise<readonly string[]> {
  return doors.undisturbed(async () => {
    const wanted = await wantedBy(parts, state);
    return wanted ? parts.firewall.plan(wanted.policy, wanted.elements, wanted.look) : [];
  });
}

/** Told of the entries that the new rules are made for. */
type BeforeRules = (open: readonly OpenEntry[]) => Promise<unknown>;

const nothing: BeforeRules = () => Promise.resolve();

interface Wanted {
  readonly policy: Policy;
  readonly elements: Elements;
  /** The entries that they were gathered from. */
  readonly open: readonly OpenEntry[];
  /** The kernel at the same time. */
  readonly look: Look;
}

async function apply(
  { firewall }: Parts,
  { policy, elements, open, look }: Wanted,
  beforeRules: BeforeRules,
): Promise<readonly string[]> {
  if (firewall.changesRules(policy, look)) await beforeRules(open);
  return firewall.apply(policy, elements, look);
}

/** Undefined: no mode was ever chosen. */
async function wantedBy(parts: Parts, asked?: ModeState): Promise<Wanted | undefined> {
  const { mode, ...state } = asked ?? (await parts.store.modeState());
  if (!mode) return undefined;
  const policy = await judgedPolicyOf(parts, { ...state, mode });
  const look = parts.firewall.look();
  return { policy, ...(await elementsIn(parts, policy, { look })), look: await look };
}
