/** An Internet of one router: every host in a network of its own, reached from every other. */
import { connect, makeHost, type Host } from './host';

export interface Site {
  readonly host: Host;
  /** The host's addresses and, on the same networks, the router's, in CIDR form and the same order. */
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
}

/** Cables and routes them; the router's host is the caller's to close. */
export async function internet(sites: readonly Site[]): Promise<Host> {
  const router = await makeHost('internet');
  await router.run('tee', ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'], { stdin: '1' });
  for (const { host, addresses, gateways } of sites) {
    await connect(router, gateways, host, addresses);
    for (const gateway of gateways) {
      const address = gateway.split('/')[0] ?? gateway;
      await host.run('ip', [gateway.includes(':') ? '-6' : '-4', 'route', 'add', 'default', 'via', address]);
    }
  }
  return router;
}
