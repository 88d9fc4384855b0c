/** Before the firewall gets stricter: who talks to this PBX now and would not be heard any more. */
import { covers, parseNetwork, type Network } from '../domain/network';
import type { ListeningPorts, Peer } from '../domain/phones';
import { expandServices } from '../domain/service';
import { AppError } from '../errors';
import type { Parts } from './parts';

export interface LossAsked {
  readonly dryRun?: boolean;
  /** The address that the admin's own shell comes from; undefined: a console. */
  readonly adminAddress?: string;
  /** Guard although Asterisk does not tell who is registered and where it listens. */
  readonly withoutAsterisk?: boolean;
}

export interface Losses {
  /** `phone 701 192.0.2.7`: registered, and let in by no entry. */
  readonly lost: readonly string[];
  /** Trunks whose addresses Asterisk does not tell, because it knows only their name. */
  readonly unsure: readonly string[];
  /** Undefined: Asterisk was not asked. */
  readonly listening: ListeningPorts | undefined;
}

/** Rejects with REFUSED when it would be the admin himself, and with AMI_DOWN when Asterisk does not answer. */
export async function whoWouldBeLost(parts: Parts, asked: LossAsked): Promise<Losses> {
  await refuseToLoseAdmin(parts, asked);
  if (asked.withoutAsterisk) return { lost: [], unsure: [], listening: undefined };
  const listening = await parts.phones.listeningPorts();
  const lost: string[] = [];
  const unsure: string[] = [];
  for (const { kind, name, address } of await peersOf(parts)) {
    if (address === undefined) unsure.push(`${kind} ${name}`);
    else if (!(await stays(parts, address))) lost.push(`${kind} ${name} ${address}`);
  }
  return { lost, unsure, listening };
}

async function refuseToLoseAdmin(parts: Parts, { adminAddress, dryRun }: LossAsked): Promise<void> {
  const admin = adminAddress === undefined ? undefined : parseNetwork(adminAddress);
  const guardsSsh = parts.services.some((service) => service.name === 'ssh' && service.guarded);
  if (admin === undefined || !guardsSsh || dryRun || (await letsIn(parts, admin, 'ssh'))) return;
  const what = `your own connection comes from ${admin}, which ssh would not let in`;
  throw new AppError('REFUSED', what, `tollgate allow ${admin} --service ssh`);
}

async function peersOf({ phones }: Parts): Promise<readonly Peer[]> {
  try {
    return await phones.peers();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const what = `nobody can say which phones would be cut off: ${error.what}`;
    throw new AppError(error.code, what, `${error.hint}; or guard all the same with --without-asterisk`, error);
  }
}

async function stays(parts: Parts, address: Network): Promise<boolean> {
  if (parts.ownAddresses().some((own) => covers(own, address))) return true;
  return (await letsIn(parts, address, 'sip')) || (await letsIn(parts, address, 'iax'));
}

async function letsIn(parts: Parts, address: Network, service: string): Promise<boolean> {
  const covering = await parts.store.liveEntriesCovering(address, parts.clock.now());
  return covering.some(
    (entry) => entry.kind === 'allow' && expandServices(entry.services, parts.services).has(service),
  );
}
