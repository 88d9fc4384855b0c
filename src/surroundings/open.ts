/** Looks around with `ip`, `ss`, `conntrack`, `iptables-save` and `nft`: thin readers, and what they cannot see is told. */
import { AppError } from '../errors';
import type { Linked, Scene, Surroundings, Unseen } from '../domain/surroundings';
import { aptInstall } from '../domain/tools';
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
  /** A tool that is missing, or may not look, has found nothing; `unseen` is told. */
  const optionally = (unseen: Map<string, Unseen>) => async (file: string, args: readonly string[]) => {
    try {
      return await run(file, args);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      log('not seen', { tool: file, error: error.what });
      const isMissing = (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
      unseen.set(file, { tool: file, why: isMissing ? `it is missing: ${aptInstall([file])}` : error.what });
      return '';
    }
  };
  const texts = async (paths: readonly string[]) => (await Promise.all(paths.map(read))).join('\n');

  const lookAtLinks = async (unseen = new Map<string, Unseen>()): Promise<Linked> => {
    const optional = optionally(unseen);
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
    const unseen = new Map<string, Unseen>();
    const optional = optionally(unseen);
    const linked = await lookAtLinks(unseen);
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
      unseen: [...unseen.values()],
    };
  };

  return { look, links };
}
