/** What Asterisk is told of closed networks: calls are hung up and contacts removed, as far as it answers. */
import { groupByNetwork } from '../../domain/elements';
import type { Entry } from '../../domain/entry';
import type { Network } from '../../domain/network';
import { expandServices } from '../../domain/service';
import type { Parts } from '../parts';

/** Hangs up calls and removes contacts of closed networks; undefined: Asterisk did not answer. */
export async function cutOff(parts: Parts, entries: readonly Entry[]): Promise<readonly string[] | undefined> {
  const { phones } = parts;
  const calls: string[] = [];
  for (const network of await silent(parts, entries)) {
    const hungUp = await tryPhones(parts, () => phones.hangUp(network));
    if (hungUp === undefined) return undefined;
    calls.push(...hungUp);
    await tryPhones(parts, () => phones.forgetContacts(network));
  }
  return calls;
}

/** Removes contacts alone: calls may go on. */
export async function forgetContacts(parts: Parts, entries: readonly Entry[]): Promise<void> {
  for (const network of await silent(parts, entries)) {
    await tryPhones(parts, () => parts.phones.forgetContacts(network));
  }
}

/** Networks of `entries` that no signalling of a live entry reaches any more, or that are blocked. */
async function silent({ store, services, clock }: Parts, entries: readonly Entry[]): Promise<readonly Network[]> {
  const signalling = services.filter((service) => service.signalling).map((service) => service.name);
  const carries = (entry: Entry) => {
    const sets = expandServices(entry.services, services);
    return entry.kind === 'allow' && signalling.some((name) => sets.has(name));
  };
  const those: Network[] = [];
  for (const [network, group] of groupByNetwork(entries)) {
    const live = await store.liveEntriesCovering(network, clock.now());
    const blocked = group.some((entry) => entry.kind === 'block' && live.some(({ id }) => id === entry.id));
    if (blocked || (group.some(carries) && !live.some(carries))) those.push(network);
  }
  return those;
}

async function tryPhones<T>({ log }: Parts, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    log('asterisk-not-told', { error: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}
