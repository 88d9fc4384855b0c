/** Far ends that are never strangers, by the settings: networks, and names as DNS tells them. */
import { touches, type Network } from '../../domain/network';
import { lookedUp } from '../names/looked-up';
import type { Parts } from '../parts';

export interface Exceptions {
  /** Looks names up first that never were. Never rejects. */
  cover(address: Network): Promise<boolean>;
  /** Looks up the names whose time has come; called every second or so. Never rejects; resolves to whether there is news. */
  look(): Promise<boolean>;
}

export function exceptions(parts: Parts): Exceptions {
  const { networks, names } = parts.rules.countries.exceptions;
  const known = lookedUp(parts);
  let first: Promise<boolean> | undefined;
  const look = () => known.look(names);
  return {
    look,
    async cover(address) {
      if (networks.some((network) => touches(network, address))) return true;
      await (first ??= look());
      return names.some((name) => known.addressesOf(name).some((each) => touches(each, address)));
    },
  };
}
