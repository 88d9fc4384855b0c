/** Real name servers, each asked by a resolver of its own, because one resolver believes the first that answers. */
import { Resolver } from 'node:dns/promises';
import { atMost } from '../domain/at-most';
import { agreed, type Answer, type Ask, type Kind } from './question';

export interface ServerSettings {
  /** `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:5353`; empty: those of this machine's /etc/resolv.conf, as it is then. */
  readonly servers: readonly string[];
  /** Until an answer counts as none; a server is asked twice within it. */
  readonly timeoutMs: number;
}

/** Questions under way; a provider has dozens of names. */
const AT_ONCE = 32;

export function askServers({ servers, timeoutMs }: ServerSettings): Ask {
  const inTurn = atMost(AT_ONCE);
  return (kind, name) =>
    inTurn(() => {
      const asked = servers.length > 0 ? servers : new Resolver().getServers();
      return agreed(asked.map((server) => askOne(server, timeoutMs, kind, name)));
    });
}

async function askOne(server: string, timeoutMs: number, kind: Kind, name: string): Promise<Answer> {
  const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / 3), tries: 2 });
  // Its own time-outs grow, and a server that is heard over TCP may trickle.
  const deadline = setTimeout(() => resolver.cancel(), timeoutMs);
  try {
    resolver.setServers([server]);
    return await question(resolver, kind, name);
  } catch (error) {
    return answerOf(error, server);
  } finally {
    clearTimeout(deadline);
  }
}

async function question(resolver: Resolver, kind: Kind, name: string): Promise<Answer> {
  if (kind === 'SRV') {
    const records = await resolver.resolveSrv(name);
    // Node does not tell SRV's time to live; that of the addresses behind it holds for both.
    return { kind: 'found', values: records.map((record) => record.name), ttlSeconds: Infinity };
  }
  const records = await (kind === 'A'
    ? resolver.resolve4(name, { ttl: true })
    : resolver.resolve6(name, { ttl: true }));
  if (records.length === 0) return { kind: 'empty' };
  return {
    kind: 'found',
    values: records.map(({ address }) => address),
    ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)),
  };
}

const WHY: Readonly<Record<string, string>> = {
  ETIMEOUT: 'did not answer in time',
  ECANCELLED: 'did not answer in time',
  ESERVFAIL: 'says that it cannot tell (SERVFAIL)',
  EREFUSED: 'refuses to tell',
  ECONNREFUSED: 'is not there',
};

function answerOf(error: unknown, server: string): Answer {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === undefined) throw error;
  if (code === 'ENODATA') return { kind: 'empty' };
  if (code === 'ENOTFOUND') return { kind: 'missing' };
  return { kind: 'failed', why: `${server} ${WHY[code] ?? `failed (${code})`}` };
}
