/** Guard and secure: what is known, who would be lost, and the trial that the kernel itself lets go of. */
import type { Entry } from '../../domain/entry';
import { STRICTNESS, type Mode, type Policy } from '../../domain/firewall';
import { parseAddress, parseNetwork } from '../../domain/network';
import type { ListeningPorts } from '../../domain/phones';
import { overlaps } from '../../domain/service';
import type { ModeShape } from '../../domain/shapes';
import type { Scene } from '../../domain/surroundings';
import { unagreed } from '../../domain/unagreed';
import { AppError } from '../../errors';
import { allow } from '../doors/allow';
import { readShell, shellsNow } from './connection';
import type { Doors } from '../doors/doors';
import type { AllowAsked, Asked } from '../doors/entries';
import { locate } from '../located';
import { findingsOf, redirectText } from './findings';
import { linksOf } from './links';
import { listeningWith } from './listening';
import { peersOf, reachesShell, whoWouldBeLost } from './losses';
import { change, loosen } from './modes';
import type { LegacySeen } from './neighbours-status';
import type { Parts } from '../parts';
import { guardedPorts, ruling, type Chosen, type Ruling } from './policy';

export interface StricterAsked extends Asked, LegacySeen {
  readonly mode: 'guard' | 'secure';
  /** Seconds until the kernel rolls back unless confirmed. */
  readonly withinSeconds?: number;
  /** Who may be lost, by name or address; `all`. */
  readonly lose: readonly string[];
  /** What becomes the admin's own way in: an address, a network or a name. */
  readonly admin?: string;
  /** `SSH_CONNECTION` of the shell that it was typed in; undefined: it has none. */
  readonly ssh?: string;
  /** Typed on the machine's own console, from where it can always be taken back. */
  readonly here?: boolean;
  /** `192.168.1.0/24@eth1`, or `none`; undefined: the LANs of a machine that has no public address. */
  readonly trust?: readonly string[];
  /** Although Asterisk does not tell who is registered and where it listens. */
  readonly withoutAsterisk?: boolean;
}

/**
 * To a stricter mode, on trial. Rejects with REFUSED, nothing changed, when the admin himself would be cut off, when
 * somebody would be whom nobody agreed to lose, or when packets to Asterisk are handed on where our rules do not look.
 */
export async function tighten(parts: Parts, doors: Doors, asked: StricterAsked): Promise<ModeShape> {
  const { store, clock, rules, firewall, phones, surroundings } = parts;
  const saved = await store.modeState();
  if (saved.mode && STRICTNESS[saved.mode] > STRICTNESS[asked.mode]) return loosen(parts, doors, asked);
  const foundNow = asked.withoutAsterisk ? undefined : await phones.listeningPorts();
  const located = await locate(parts, asked.withoutAsterisk ? [] : await peersOf(parts));
  const scene = await surroundings.look();
  const listening = listeningWith({ before: saved.listening, now: foundNow, listeners: scene.listeners });
  const admin = await adminOf(parts, doors, asked);
  const waysIn = [...new Set([...(await primaries(parts)), ...(admin.asked ? [admin.asked.what] : [])])];
  const before: Chosen = { ...saved, mode: saved.mode ?? 'watch' };
  const isInForce = saved.mode === asked.mode && saved.trial === undefined;
  const until = new Date(clock.now().getTime() + (asked.withinSeconds ?? rules.trialSeconds) * 1000);
  const after: Chosen = {
    ...{ mode: before.mode, listening, links: linksOf(scene, asked.trust, saved) },
    trial: isInForce ? undefined : { mode: asked.mode, until },
  };
  const [was, is] = [await ruling(parts, before), await ruling(parts, after, admin.entries)];
  refuseHandedOn(is.policy, scene, asked.mode, foundNow);
  const lost = whoWouldBeLost(parts, { before: was, after: is }, { ...located, scene });
  if (!asked.dryRun) {
    refuseToLoseAdmin(parts, is, asked, scene);
    refuseDeadWayIn(parts, is, admin.entries, scene);
    if (waysIn.length === 0) refuseWithoutWayIn(asked);
    refuseUnagreed(lost, asked);
    if (admin.asked) await allow(parts, doors, admin.asked);
  }
  const guarded = guardedPorts(is.policy.services);
  const neighbours = (await firewall.neighbours(guarded, asked.legacy)).map(({ text }) => text);
  const why = isInForce ? `Mode ${asked.mode}, anew.` : `Mode ${asked.mode} on trial until ${until.toISOString()}.`;
  const action = isInForce ? 'mode' : 'trial';
  // Connections that were made while the rules were applied prove nothing either.
  const seal = async (): Promise<Chosen> => {
    const scenes = [scene, await surroundings.look()];
    const connections = shellsNow({ scenes, services: parts.services, ssh: asked.ssh });
    return { ...after, trial: after.trial && { ...after.trial, connections } };
  };
  const shape = await change(parts, doors, asked, after, { action, why, seal });
  const own = { ownAddresses: parts.ownAddresses(), outsideAddresses: parts.outsideAddresses() };
  const found = findingsOf({ scene, ...own, listening, waysIn, neighbours }, is.policy);
  return { ...shape, lost, found };
}

interface Admin {
  /** How it is let in; undefined: nobody was named. */
  readonly asked: AllowAsked | undefined;
  /** The entries that it will be, for the proof. */
  readonly entries: readonly Entry[];
}

/** The way in that is asked for goes through the same door as every other, and is open before anything closes. */
async function adminOf(parts: Parts, doors: Doors, { admin, by }: StricterAsked): Promise<Admin> {
  if (admin === undefined) return { asked: undefined, entries: [] };
  const asked: AllowAsked = { what: admin, by, services: ['all'], primary: true };
  const { addresses } = await allow(parts, doors, { ...asked, dryRun: true });
  const since = parts.clock.now();
  const entries = addresses.flatMap((address): Entry[] => {
    const network = parseNetwork(address);
    if (!network) return [];
    const terms = { services: ['all'], account: undefined, by, since, until: 'forever', name: undefined } as const;
    return [
      { ...terms, id: 0, kind: 'allow', what: admin, network, note: undefined, state: 'open', provedAt: undefined },
    ];
  });
  return { asked, entries };
}

/**
 * INPUT never sees what is handed on to a container or another machine. A rule that hands on every port is another
 * address's mostly, and no matter where Asterisk is seen to listen.
 */
function refuseHandedOn(
  { services }: Policy,
  { redirects, isForwardHooked }: Scene,
  mode: Mode,
  listening: ListeningPorts | undefined,
): void {
  if (isForwardHooked) return;
  const guarded = services.filter(({ signalling }) => signalling).flatMap(({ ports }) => ports);
  const isHere = listening !== undefined && listening.sip.length + listening.iax.length > 0;
  const meets = redirects.find(({ ports }) => (ports ? guarded.some((each) => overlaps(each, ports)) : !isHere));
  if (!meets) return;
  const where = isHere ? '' : ' (Asterisk behind DNAT, or in a container)';
  throw new AppError(
    'REFUSED',
    `${redirectText(meets)}${where}: ${mode} would not see them, and guard nothing`,
    "run Asterisk in the host's own network, or Tollgate where Asterisk runs, and take that DNAT rule away",
  );
}

function refuseToLoseAdmin(parts: Parts, is: Ruling, { ssh, mode }: StricterAsked, scene: Scene): void {
  const shell = readShell(ssh);
  if (!shell || reachesShell(parts, is, { ...shell, scene })) return;
  const happened = `${mode} would cut off your own connection, from ${shell.far} to tcp/${shell.ownPort}`;
  throw new AppError('REFUSED', happened, `let it in for good: tollgate ${mode} --admin ${shell.far}`);
}

/** A way in that is blocked is none. */
function refuseDeadWayIn(parts: Parts, is: Ruling, entries: readonly Entry[], scene: Scene): void {
  const dead = entries.find(({ network }) => {
    const far = parseAddress(network.split('/')[0] ?? network);
    return far !== undefined && !reachesShell(parts, is, { far, ownPort: SSH_PORT, scene });
  });
  if (!dead) return;
  const happened = `${dead.network} would have no access, although it is let in`;
  throw new AppError('REFUSED', happened, `see why: tollgate explain ${dead.network}`);
}

const SSH_PORT = 22;

/** In `secure` everything is closed that nobody opened: somebody must be able to come in and open it. */
function refuseWithoutWayIn({ mode, here, ssh }: StricterAsked): void {
  const shell = readShell(ssh);
  if (mode !== 'secure' || (here && !shell)) return;
  const console = shell ? '' : '; on the console of a machine that nobody administers from afar: --here';
  const hint = `name the address that always has access: tollgate secure --admin ${shell?.far ?? 'ADDRESS'}${console}`;
  throw new AppError('REFUSED', 'nobody would be sure to come in any more', hint);
}

/** What always has access, by what it was asked for. */
async function primaries({ store, clock }: Parts): Promise<readonly string[]> {
  const now = clock.now();
  const single = (await store.liveEntries(now, 'allow')).filter(({ partOf }) => partOf === undefined);
  const all = [...single, ...(await store.liveGroups(now))];
  return all.filter(({ isPrimary }) => isPrimary).map(({ what }) => what);
}

/** Names of more are no help in one sentence. */
const MOST_NAMED = 10;

function refuseUnagreed(lost: readonly string[], { lose, mode }: StricterAsked): void {
  const all = unagreed(lost, lose);
  if (all.length === 0) return;
  const more = all.length > MOST_NAMED ? ` and ${all.length - MOST_NAMED} more` : '';
  throw new AppError(
    'REFUSED',
    `${mode} would cut off ${all.slice(0, MOST_NAMED).join(', ')}${more}`,
    'let them in by address or name with "tollgate allow WHAT", or agree with "--lose NAME" (--lose all)',
  );
}
