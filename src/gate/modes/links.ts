/** How the machine is connected, as a mode keeps it: the networks that it trusts, the devices that use DHCP. */
import { dhcpDevicesOf, hasPublicAddress, lansOf } from '../../domain/paths';
import { parseNetwork } from '../../domain/network';
import type { ModeState } from '../../domain/store';
import type { Links, Scene, Trusted } from '../../domain/surroundings';
import { AppError } from '../../errors';

/**
 * Trusted networks: those of before and those that are named, else the LANs behind a router. While a mode is in force
 * none is taken away by a trial, because its own rules must not change under it.
 */
export function linksOf(scene: Scene, trust: readonly string[] | undefined, { links, mode }: ModeState): Links {
  const dhcpDevices = dhcpDevicesOf(scene);
  const kept = mode === undefined || mode === 'watch' ? [] : (links?.trusted ?? []);
  if (trust?.join() === 'none' && kept.length > 0) {
    throw new AppError('REFUSED', `${mode} trusts networks, and a trial takes none away`, 'tollgate watch, then again');
  }
  const found = mode !== 'guard' && mode !== 'secure' && !hasPublicAddress(scene) ? lansOf(scene) : [];
  const all = [...kept, ...(trust ? readTrust(trust) : found)];
  const trusted = [...new Map(all.map((each) => [`${each.network} ${each.device}`, each])).values()];
  return { trusted, ...(dhcpDevices && { dhcpDevices }) };
}

function readTrust(trust: readonly string[]): readonly Trusted[] {
  if (trust.join() === 'none') return [];
  return trust.map((text) => {
    const [, written = '', device = ''] = /^(.+)@([A-Za-z0-9_][\w.-]{0,14})$/.exec(text) ?? [];
    const network = parseNetwork(written);
    if (network) return { network, device };
    throw new AppError('MISUSED', `"${text}" is no network on a device`, 'write 192.168.1.0/24@eth1, or none');
  });
}
