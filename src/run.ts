/** The one place that executes programs. */
import { execFile } from 'node:child_process';
import { Readable } from 'node:stream';
import { AppError } from './errors';
import { printable } from './domain/printable';
import { aptInstall } from './domain/tools';
import type { Run } from './ports';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** `iptables-save` of a machine with 100,000 foreign rules still fits. */
const MOST_OUTPUT_BYTES = 256 * 1024 * 1024;

export const run: Run = (file, args, { stdin = '', timeoutMs = 10_000, env = {} } = {}) =>
  new Promise((resolve, reject) => {
    const options = { env: { ...env, PATH, LC_ALL: 'C' }, timeout: timeoutMs, maxBuffer: MOST_OUTPUT_BYTES };
    const child = execFile(file, [...args], options, (error, stdout, stderr) => {
      if (!error) {
        resolve(stdout);
        return;
      }
      const reason = error.killed ? `no end within ${timeoutMs} ms` : String(error.code ?? error.signal);
      const what = `${[file, ...args].join(' ')} failed (${reason}): ${printable(stderr.trim())}`;
      reject(new AppError('COMMAND_FAILED', what, hintFor(file, what), error));
    });
    child.stdin?.on('error', () => undefined); // the exit status tells; EPIPE adds nothing
    if (child.stdin && typeof stdin !== 'string') Readable.from(stdin, { highWaterMark: 1 }).pipe(child.stdin);
    else child.stdin?.end(stdin);
  });

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /xtables\.lock/,
    'this machine uses iptables-legacy: run "update-alternatives --set iptables /usr/sbin/iptables-nft"',
  ],
  [
    /Operation not permitted|Permission denied|must be root/,
    'run it as root; the service needs CAP_NET_ADMIN and CAP_NET_RAW (src/install/tollgate.service)',
  ],
  [/xtables lock/, 'another firewall tool holds the lock; try again when it has ended'],
];

function hintFor(file: string, what: string): string {
  if (what.includes('(ENOENT)')) return `install it: ${aptInstall([file])}`;
  return HINTS.find(([pattern]) => pattern.test(what))?.[1] ?? 'run "tollgate status"';
}
