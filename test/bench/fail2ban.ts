/** fail2ban as an admin sets it up for Asterisk, on the PBX. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningAsterisk } from '../../src/lab/asterisk';
import type { Host } from '../../src/lab/host';
import { inTree } from '../../src/lab/room';
import { BENCH, tree } from '../../src/lab/trees';

/** For Asterisk's logger.conf: a file of its own, as FreePBX has it, in a form whose dates fail2ban reads. */
export const SECURITY_LOG = `
[general](+)
dateformat = %F %T
[logfiles](+)
fail2ban = notice,security
`;
const LOG_FILE = '/var/log/asterisk/fail2ban';
const START_MS = 30_000;

export interface Fail2ban {
  /** Lets this address in again, as if nothing had come from it. */
  forgive(address: string): Promise<void>;
  close(): void;
}

/** One wrong password is enough; all else is as Debian ships it. `spares`: networks in which it blocks nobody. */
export async function startFail2ban(
  pbx: Host,
  asterisk: RunningAsterisk,
  spares: readonly string[],
): Promise<Fail2ban> {
  const room = await inTree(pbx, await tree(BENCH, { progress: (line) => void process.stderr.write(`${line}\n`) }));
  const pid = (await asterisk.room.read('/run/asterisk/asterisk.pid')).trim();
  await room.write('/etc/fail2ban/jail.d/defaults-debian.conf', ''); // it watches a log that is not there
  await room.write('/etc/fail2ban/fail2ban.local', '[Definition]\nallowipv6 = auto\n');
  await room.write(
    '/etc/fail2ban/jail.local',
    `[DEFAULT]
ignoreip = 127.0.0.1/8 ${spares.join(' ')}
[asterisk]
enabled = true
backend = pyinotify
logpath = /proc/${pid}/root${LOG_FILE}
maxretry = 1
`,
  );
  await room.run('mkdir', ['-p', '/run/fail2ban']);
  room.spawn('fail2ban-server', ['-xf', '--logtarget', '/var/log/fail2ban.log', 'start'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const deadline = Date.now() + START_MS;
  for (;;) {
    const failure = await room.run('fail2ban-client', ['status', 'asterisk']).then(() => undefined, String);
    if (failure === undefined) break;
    if (Date.now() > deadline) throw new Error(`fail2ban does not watch: ${failure}`);
    await sleep(200);
  }
  return {
    forgive: async (address) => {
      await room.run('fail2ban-client', ['set', 'asterisk', 'unbanip', address]);
    },
    close: () => room.close(),
  };
}
