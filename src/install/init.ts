/** `tollgate init`: everything that this machine needs to run Tollgate, step by step, and the way back. */
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Random, Run } from '../ports';
import type { Step } from './step';

export interface Machine {
  readonly run: Run;
  readonly random: Random;
  /** The root of the file system; another folder in tests. */
  readonly root: string;
  /** The folder of the package. */
  readonly package: string;
  /** The program that runs JavaScript. */
  readonly node: string;
}

const USER = 'tollgate';
const ONLY_OWNER_AND_GROUP = 0o640;
const SECRET_BYTES = 24;

export function machineSteps(machine: Machine): readonly Step[] {
  const { package: source } = machine;
  return [
    userStep(machine),
    settingsStep(machine),
    folderStep(machine, '/var/lib/tollgate', 'it holds accounts, entries and the journal: remove it by hand'),
    ...asteriskSteps(machine),
    fileStep(machine, '/etc/modules-load.d/tollgate.conf', () =>
      readFile(join(source, 'src/install/modules-load.conf'), 'utf8'),
    ),
    fileStep(machine, '/etc/systemd/system/tollgate-firewall.service', async () =>
      (await readFile(join(source, 'src/install/tollgate-firewall.service'), 'utf8'))
        .replace('@SCRIPT@', join(source, 'src/install/restore-firewall.sh'))
        .replace('@FILE@', '/var/lib/tollgate/firewall'),
    ),
    fileStep(machine, '/etc/systemd/system/tollgate.service', async () =>
      (await readFile(join(source, 'src/install/tollgate.service'), 'utf8'))
        .replace('@NODE@', machine.node)
        .replace('@MAIN@', join(source, 'dist/src/main.js')),
    ),
  ];
}

/** The services, once the rules are in force. */
export function serviceSteps(machine: Machine): readonly Step[] {
  return [
    unitStep(machine, 'tollgate-firewall', 'the service tollgate-firewall, before the network at boot', []),
    unitStep(machine, 'tollgate', 'the service tollgate, started now and at boot', ['--now']),
  ];
}

function unitStep({ run, root }: Machine, unit: string, what: string, options: readonly string[]): Step {
  const isSystemd = () => exists(join(root, '/run/systemd/system'));
  const enabled = async () => (await run('systemctl', ['is-enabled', unit]).catch(() => '')).startsWith('enabled');
  return {
    what,
    isDone: async () => !(await isSystemd()) || (await enabled()),
    make: async () => {
      await run('systemctl', ['daemon-reload']);
      await run('systemctl', ['enable', ...options, unit], { timeoutMs: 60_000 });
    },
    unmake: async () => {
      await run('systemctl', ['disable', ...options, unit], { timeoutMs: 60_000 });
    },
  };
}

/** What no program should write for the admin: lines in files that are his. */
export function nextSteps(): readonly string[] {
  return [
    'in extensions.conf (FreePBX: extensions_custom.conf):  #include "extensions-tollgate.conf"',
    'strangers\' calls: in extensions.conf  #include "extensions-tollgate-country.conf"  (FreePBX: see extensions-tollgate-freepbx.conf)',
    'FreePBX: in manager_custom.conf:  #include "manager.d/tollgate.conf"',
    'asterisk -rx "manager reload"; asterisk -rx "dialplan reload"',
    'point a DID or a feature code at  tollgate-travelin-man,s,1',
    'tollgate account add 12 --name "…" --email …   then   tollgate guard',
  ];
}

function userStep({ run }: Machine): Step {
  return {
    what: `the user ${USER}, without a shell`,
    isDone: async () => (await run('getent', ['passwd', USER]).catch(() => '')) !== '',
    make: async () => {
      const home = ['--home-dir', '/var/lib/tollgate', '--no-create-home', '--shell', '/usr/sbin/nologin'];
      await run('useradd', ['--system', '--user-group', ...home, USER]);
    },
    stays: 'files may belong to it: remove it with "deluser tollgate"',
  };
}

function settingsStep(machine: Machine): Step {
  const file = '/etc/tollgate/tollgate.toml';
  const text = async () => {
    const sample = await readFile(join(machine.package, 'src/install/tollgate.sample.toml'), 'utf8');
    return sample.replace('# secret = ""', `secret = "${machine.random(SECRET_BYTES).toString('base64url')}"`);
  };
  const { what, isDone, make } = fileStep(machine, file, text, () => Promise.resolve(USER));
  return { what, isDone, make, stays: 'it is yours: remove it by hand' };
}

/** Nothing when there is no Asterisk on this machine; where it has no user of its own it runs as root. */
function asteriskSteps(machine: Machine): readonly Step[] {
  const { package: source } = machine;
  const manager = async () => {
    const settings = await readFile(join(machine.root, '/etc/tollgate/tollgate.toml'), 'utf8');
    const secret = /^secret = "([^"]+)"/m.exec(settings)?.[1] ?? '';
    return (await readFile(join(source, 'dialplan/manager-tollgate.conf'), 'utf8')).replace('@SECRET@', secret);
  };
  const user = async () =>
    (await machine.run('getent', ['passwd', 'asterisk']).catch(() => '')) === '' ? 'root' : 'asterisk';
  const dialplan = ['extensions-tollgate.conf', 'extensions-tollgate-country.conf', 'extensions-tollgate-freepbx.conf'];
  return [
    fileStep(machine, '/etc/asterisk/manager.d/tollgate.conf', manager, user),
    ...dialplan.map((name) =>
      fileStep(machine, `/etc/asterisk/${name}`, () => readFile(join(source, 'dialplan', name), 'utf8'), user),
    ),
  ].map((step) => ({
    ...step,
    isDone: async () => !(await exists(join(machine.root, '/etc/asterisk'))) || (await step.isDone()),
  }));
}

function folderStep(machine: Machine, path: string, stays: string): Step {
  const folder = join(machine.root, path);
  return {
    what: path,
    isDone: () => exists(folder),
    make: async () => {
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o750);
      await chown(folder, await idOf(machine, '-u', USER), await idOf(machine, '-g', USER));
    },
    stays,
  };
}

/** A file of ours; one that is there already is never overwritten. `reader`: whose group may read it besides root. */
function fileStep(machine: Machine, path: string, text: () => Promise<string>, reader?: () => Promise<string>): Step {
  const file = join(machine.root, path);
  return {
    what: path,
    isDone: () => exists(file),
    make: async () => {
      const group = reader && (await idOf(machine, '-g', await reader()));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, await text(), { mode: reader ? ONLY_OWNER_AND_GROUP : 0o644, flag: 'wx' });
      if (group !== undefined) await chown(file, 0, group);
    },
    unmake: () => rm(file),
  };
}

async function idOf({ run }: Machine, flag: '-u' | '-g', user: string): Promise<number> {
  return Number(await run('id', [flag, user]));
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
