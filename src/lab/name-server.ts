/** A real name server with one zone, on a host and in a room of its own. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { AppError } from '../errors';
import type { Host } from './host';
import { inTree } from './room';

export interface RunningNameServer {
  /**
   * From now on it serves these records, as `office 60 IN A 192.0.2.7`, below the zone's name; undefined: it knows the
   * zone and has lost it, which it answers with SERVFAIL.
   */
  publish(records: readonly string[] | undefined): Promise<void>;
  /** Lets every question get lost on its way, or no more. */
  silence(is: boolean): Promise<void>;
  close(): Promise<void>;
}

/** One second to live, for what says nothing else. */
const ZONE_HEAD = ['$TTL 1', '@ IN SOA ns hostmaster 1 3600 600 86400 1', '@ IN NS ns', 'ns IN A 127.0.0.1'];
const QUESTIONS = ['-p', 'udp', '--dport', '53', '-j', 'DROP'];

/** `tree` from `tree(NSD, …)`; `zone` as `example.com`. Resolves when it answers on every address of the host. */
export async function startNameServer(host: Host, tree: string, zone: string): Promise<RunningNameServer> {
  const room = await inTree(host, tree);
  await room.write(
    '/names/nsd.conf',
    [
      'server:',
      '  ip-address: 0.0.0.0\n  ip-address: ::0\n  server-count: 1\n  username: ""\n  database: ""',
      '  zonesdir: "/names"\n  pidfile: "/names/nsd.pid"\n  xfrdfile: ""\n  zonelistfile: "/names/zone.list"',
      'remote-control:\n  control-enable: no',
      `zone:\n  name: "${zone}"\n  zonefile: "zone"`,
    ].join('\n') + '\n',
  );
  let daemon: ChildProcess | undefined;
  const stop = async () => {
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await ended;
  };
  const start = async () => {
    const started = room.spawn('nsd', ['-d', '-c', '/names/nsd.conf'], { stdio: ['ignore', 'ignore', 'pipe'] });
    daemon = started;
    const words: string[] = [];
    await new Promise<void>((resolve, reject) => {
      started.on('exit', (code) =>
        reject(new AppError('SETUP_FAILED', `nsd ended (${code}): ${words.join('\n')}`, 'see its own words')),
      );
      if (!started.stderr) return;
      createInterface(started.stderr).on('line', (line) => {
        words.push(line);
        if (line.includes('nsd started')) resolve();
      });
    });
  };
  return {
    async publish(records) {
      await stop();
      await room.run('rm', ['-f', '/names/zone']);
      if (records) await room.write('/names/zone', [...ZONE_HEAD, ...records, ''].join('\n'));
      await start();
    },
    silence: async (is) => {
      await host.run('iptables', [is ? '-I' : '-D', 'INPUT', ...QUESTIONS]);
    },
    close: async () => {
      await stop();
      room.close();
    },
  };
}
