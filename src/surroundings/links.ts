/** This machine's addresses and routes, from the JSON of `ip`. */
import { parseAddress, parseNetwork, type Network } from '../domain/network';
import type { OwnAddress, Route } from '../domain/surroundings';
import { fromTool } from '../errors';

interface Device {
  readonly ifname?: string;
  readonly addr_info?: readonly {
    readonly local?: string;
    readonly prefixlen?: number;
    readonly dynamic?: boolean;
  }[];
}
interface Routed {
  readonly type?: string;
  readonly dst?: string;
  readonly gateway?: string;
  readonly via?: { readonly host?: string };
  readonly dev?: string;
  readonly protocol?: string;
}

/** From `ip -j address`. */
export function readAddresses(json: string): readonly OwnAddress[] {
  return fromTool('ip', () =>
    (JSON.parse(json || '[]') as readonly Device[]).flatMap(({ ifname = '', addr_info: all = [] }) =>
      all.flatMap(({ local = '', prefixlen, dynamic }): OwnAddress[] => {
        const [address, network] = [parseAddress(local), parseNetwork(`${local}/${prefixlen}`)];
        if (!address || !network || ifname === 'lo') return [];
        return [{ address, network, device: ifname, isDynamic: dynamic === true }];
      }),
    ),
  );
}

/** From `ip -j route` or `ip -j -6 route`; what leads nowhere is left out. */
export function readRoutes(json: string, everything: '0.0.0.0/0' | '::/0'): readonly Route[] {
  return fromTool('ip', () =>
    (JSON.parse(json || '[]') as readonly Routed[]).flatMap(({ type, dst, gateway, via, dev, protocol }) => {
      const to = parseNetwork(dst === 'default' ? everything : (dst ?? ''));
      if (!to || dev === undefined || type !== undefined) return [];
      return [{ to, device: dev, gateway: parseAddress(gateway ?? via?.host ?? ''), byDhcp: protocol === 'dhcp' }];
    }),
  );
}

/** From /etc/resolv.conf: the servers that it names, other than this machine itself. */
export function readResolvers(text: string): readonly Network[] {
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)].flatMap(([, written = '']) => {
    const address = parseAddress(written.replace(/%.*$/, ''));
    return address === undefined || address.startsWith('127.') || address === '::1' ? [] : [address];
  });
}
