/** Looks around with `ip`, `ss`, `conntrack`, `iptables-save` and `nft`: thin readers, and what they cannot see is told. */
import { AppError } from '../errors';
import type { Linked, Scene, Surroundings } from '../domain/surroundings';
import type { Clock, Log, Run } from '../ports';
import { readAddresses, readResolvers, readRoutes } from './links';
import { managersIn, readNft, readSaved } from './rules';
import { readFlows, readSockets } from './sockets';

export interface SurroundingsPorts {
  readonly run: Run;
  /** A file's text; undefined: it is not there, or not ours to read. */
  readonly read: (path: string) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where the names' servers stand; systemd keeps the real ones apart from its own stub. */
const RESOLVERS = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];

export function openSurroundings({ run, read, clock, log }: SurroundingsPorts): Surroundings {
  /** A tool that is missing, or may not look, has found nothing. */
  const optional = async (file: string, args: readonly string[]): Promise<string> => {
    try {
      return await run(file, args);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      log('not seen', { tool: file, error: error.what });
      return '';
    }
  };
  const texts = async (paths: readonly string[]) => (await Promise.all(paths.map(read))).join('\n');

  const lookAtLinks = async (): Promise<Linked> => {
    const [addresses, routes4, routes6, resolvers] = await Promise.all([
      optional('ip', ['-j', 'address']),
      optional('ip', ['-j', 'route']),
      optional('ip', ['-j', '-6', 'route']),
      texts(RESOLVERS),
    ]);
    return {
      addresses: readAddresses(addresses),
      routes: [...readRoutes(routes4, '0.0.0.0/0'), ...readRoutes(routes6, '::/0')],
      resolvers: [...new Set(readResolvers(resolvers))],
    };
  };

  let known: { readonly at: number; readonly linked: Linked } | undefined;
  const links = async (mostMs = 0): Promise<Linked> => {
    const at = clock.now().getTime();
    if (known && at - known.at < mostMs) return known.linked;
    const linked = await lookAtLinks();
    known = { at, linked };
    return linked;
  };

  const look = async (): Promise<Scene> => {
    const linked = await lookAtLinks();
    const own = new Set(linked.addresses.map(({ address }) => address));
    const [sockets, flows4, flows6, saved4, saved6, nft] = await Promise.all([
      optional('ss', ['-H', '-n', '-t', '-u', '-a', '-p']),
      optional('conntrack', ['-L', '-f', 'ipv4', '-p', 'udp']),
      optional('conntrack', ['-L', '-f', 'ipv6', '-p', 'udp']),
      optional('iptables-save', []),
      optional('ip6tables-save', []),
      optional('nft', ['-j', '-t', 'list', 'ruleset']),
    ]);
    const { listeners, connections } = readSockets(sockets);
    const [saved, native] = [readSaved(`${saved4}\n${saved6}`, own), readNft(nft, own)];
    return {
      ...linked,
      listeners,
      connections: [...connections, ...readFlows(`${flows4}\n${flows6}`, own)],
      redirects: [...saved.redirects, ...native.redirects],
      isForwardHooked: saved.isForwardHooked,
      managers: managersIn([...saved.names, ...native.names]),
    };
  };

  return { look, links };
}
