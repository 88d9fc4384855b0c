import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config';
import { machineSteps, type Machine } from '../../src/install/init';
import { makeAll, unmakeAll } from '../../src/install/step';
import { AppError } from '../../src/errors';
import { itAsRoot } from '../support/as-root';

const ROOT = join(__dirname, '../..');
let root: string;
let users: string[];
const uid = String(process.getuid?.());
const gid = String(process.getgid?.());

/** The few programs that set-up calls, on a machine whose users are ours to make. */
const machine = (): Machine => ({
  ...{ root, package: ROOT, node: '/usr/bin/node', random: randomBytes },
  run: (file, args) => {
    const name = args.at(-1) ?? '';
    if (file === 'useradd') users.push(name);
    if (file === 'getent' && !users.includes(name))
      return Promise.reject(new AppError('COMMAND_FAILED', 'no such user', ''));
    if (file === 'id' && name !== 'root' && !users.includes(name))
      return Promise.reject(new AppError('COMMAND_FAILED', 'no such user', ''));
    return Promise.resolve(file === 'id' ? (args[0] === '-u' ? uid : gid) : name);
  },
});
const path = (name: string) => join(root, name);
const outcomes = (steps: Awaited<ReturnType<typeof makeAll>>) =>
  steps.map(({ what, outcome }) => `${what}: ${outcome}`);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tollgate-init-'));
  users = ['asterisk'];
  mkdirSync(path('/etc/asterisk'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

itAsRoot('sets a machine up: user, settings, AMI user, dialplan, modules, service', async () => {
  await makeAll(machineSteps(machine()), false);
  expect(users).toEqual(['asterisk', 'tollgate']);
  const settings = readFileSync(path('/etc/tollgate/tollgate.toml'), 'utf8');
  const { secret } = readConfig(settings, {}, 'tollgate.toml').ami;
  expect(secret).toHaveLength(32);
  expect(readFileSync(path('/etc/asterisk/manager.d/tollgate.conf'), 'utf8')).toContain(`\nsecret = ${secret}\n`);
  expect(readFileSync(path('/etc/asterisk/extensions-tollgate.conf'), 'utf8')).toContain('[tollgate-travelin-man]');
  expect(readFileSync(path('/etc/asterisk/extensions-tollgate-country.conf'), 'utf8')).toContain(
    '[tollgate-ip-country]',
  );
  expect(readFileSync(path('/etc/asterisk/extensions-tollgate-freepbx.conf'), 'utf8')).toContain(
    '[from-trunk-tollgate]',
  );
  expect(readFileSync(path('/etc/systemd/system/tollgate.service'), 'utf8')).toContain(
    `ExecStart=/usr/bin/node --max-semi-space-size=2 --single-threaded-gc --heap-growing-percent=30 --v8-pool-size=1 --no-node-snapshot --no-short-builtin-calls ${ROOT}/dist/src/main.js serve\n`,
  );
  const boot = readFileSync(path('/etc/systemd/system/tollgate-firewall.service'), 'utf8');
  expect(boot).toContain(`\nExecStart=/bin/sh ${ROOT}/src/install/restore-firewall.sh /var/lib/tollgate/firewall\n`);
  expect(statSync(path('/etc/tollgate/tollgate.toml')).mode & 0o777).toBe(0o640);
  expect(statSync(path('/var/lib/tollgate')).mode & 0o777).toBe(0o750);
});

itAsRoot('again, changes nothing', async () => {
  await makeAll(machineSteps(machine()), false);
  const before = readFileSync(path('/etc/tollgate/tollgate.toml'), 'utf8');
  const again = await makeAll(machineSteps(machine()), false);
  expect(new Set(again.map(({ outcome }) => outcome))).toEqual(new Set(['was there']));
  expect(readFileSync(path('/etc/tollgate/tollgate.toml'), 'utf8')).toBe(before);
});

it('--dry-run makes nothing', async () => {
  const steps = await makeAll(machineSteps(machine()), true);
  expect(outcomes(steps)).toContain('/etc/systemd/system/tollgate.service: would be made');
  expect(existsSync(path('/etc/tollgate'))).toBe(false);
  expect(users).toEqual(['asterisk']);
});

itAsRoot('--undo takes away what is ours and leaves what the admin may want to keep, saying so', async () => {
  await makeAll(machineSteps(machine()), false);
  const undone = await unmakeAll(machineSteps(machine()), false);
  expect(outcomes(undone)).toEqual([
    '/etc/systemd/system/tollgate.service: removed',
    '/etc/systemd/system/tollgate-firewall.service: removed',
    '/etc/modules-load.d/tollgate.conf: removed',
    '/etc/asterisk/extensions-tollgate-freepbx.conf: removed',
    '/etc/asterisk/extensions-tollgate-country.conf: removed',
    '/etc/asterisk/extensions-tollgate.conf: removed',
    '/etc/asterisk/manager.d/tollgate.conf: removed',
    '/var/lib/tollgate: stays',
    '/etc/tollgate/tollgate.toml: stays',
    'the user tollgate, without a shell: stays',
  ]);
  expect(existsSync(path('/etc/asterisk/manager.d/tollgate.conf'))).toBe(false);
  expect(undone.filter(({ outcome }) => outcome === 'stays').every(({ note }) => note !== undefined)).toBe(true);
});

itAsRoot('leaves Asterisk alone where there is none', async () => {
  rmSync(path('/etc/asterisk'), { recursive: true });
  await makeAll(machineSteps(machine()), false);
  expect(existsSync(path('/etc/asterisk'))).toBe(false);
});

itAsRoot('gives Asterisk its files where it has no user of its own and runs as root', async () => {
  users = [];
  await makeAll(machineSteps(machine()), false);
  const { mode, uid: owner } = statSync(path('/etc/asterisk/manager.d/tollgate.conf'));
  expect([mode & 0o777, owner]).toEqual([0o640, 0]);
});
