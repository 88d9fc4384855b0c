/** A trunk's sound may come from other addresses than its signalling: does anything let it in? */
import type { Entry } from '../../domain/entry';
import type { Peer } from '../../domain/phones';
import { expandServices } from '../../domain/service';
import type { Parts } from '../parts';

const HINT =
  'in mode secure, sound from an address without an entry gets in only after Asterisk has sent some: set rtp_keepalive = 1 in its endpoint, or allow its media networks with --service rtp';

/**
 * What to do for a trunk, or undefined: nothing, or nobody can say. `waiting`: endpoints that send no sound while they
 * wait for some. `entry`: what lets its signalling in.
 */
export async function mediaHint(
  parts: Parts,
  { kind, name }: Peer,
  waiting: readonly string[],
  entry: Entry | undefined,
): Promise<string | undefined> {
  if (kind !== 'trunk' || !waiting.includes(name)) return undefined;
  const signalling = parts.services.filter((service) => service.signalling).map((service) => service.name);
  const isForMediaOnly = ({ services }: Entry) => {
    const sets = expandServices(services, parts.services);
    return sets.has('rtp') && !signalling.some((service) => sets.has(service));
  };
  const media = (await parts.store.liveEntries(parts.clock.now(), 'allow')).filter(isForMediaOnly);
  // Of a provider's networks it is known whose they are; of one that a person let in it is not.
  const isItsOwn = ({ partOf }: Entry) => entry === undefined || partOf === undefined || partOf === entry.partOf;
  return media.some(isItsOwn) ? undefined : HINT;
}
