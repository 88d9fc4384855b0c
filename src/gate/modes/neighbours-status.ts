/** Who else works on this machine's firewall, and what of it can drop or bypass us. */
import type { LegacyTables, Mode } from '../../domain/firewall';
import type { StatusPart } from '../../domain/shapes';
import type { Redirect } from '../../domain/surroundings';
import { overlaps, type Ports } from '../../domain/service';
import type { Parts } from '../parts';
import { guardedPorts, servicesWith } from './policy';

/** What only root may read, told by a command that root typed. */
export interface LegacySeen {
  readonly legacy?: LegacyTables;
}

/** Names every one, however many: the one that is in the way may be the last. Undefined: there is nobody, or nothing of ours. */
export async function neighboursPart(parts: Parts, legacy?: LegacyTables): Promise<StatusPart | undefined> {
  const { mode, listening } = await parts.store.modeState();
  if (!mode) return undefined;
  const guarded = guardedPorts(servicesWith(parts.services, listening));
  const neighbours = (await parts.firewall.neighbours(guarded, legacy)).map(
    ({ family, text }) => `IPv${family}: ${text}`,
  );
  const { redirects, managers } = await parts.surroundings.look();
  const past = redirects.filter(({ ports }) => !ports || guarded.some((range) => overlaps(range, ports)));
  const told = [
    ...past.map(redirectText),
    ...neighbours,
    ...managers.map((manager) => `${manager} has rules of its own`),
  ];
  if (told.length === 0) return undefined;
  const detail = told.join('; ');
  return { name: 'neighbours', state: stateOf(mode, past, neighbours), since: null, detail, hint: hintOf(past) };
}

/** What is handed on is not guarded at all, whatever we say. */
function stateOf(mode: Mode, past: readonly Redirect[], neighbours: readonly string[]): StatusPart['state'] {
  if (past.length > 0) return mode === 'watch' ? 'warn' : 'fail';
  return neighbours.length > 0 ? 'warn' : 'ok';
}

function hintOf(past: readonly Redirect[]): string {
  return past.length > 0
    ? "run Asterisk in the host's own network, or Tollgate where Asterisk runs, and take that DNAT rule away"
    : 'an open door may still be closed there; take away what nobody needs';
}

function redirectText({ ports, to }: Redirect): string {
  const which = !ports ? 'every port' : `${ports.protocol}/${rangeText(ports)}`;
  return `packets to ${which} are handed on to ${to}, and our rules never see them`;
}

function rangeText({ first, last }: Ports): string {
  return first === last ? `${first}` : `${first}-${last}`;
}
