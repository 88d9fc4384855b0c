/** The lock on the state: one holder at a time, and nothing left of it when the holder dies. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockState } from '../../src/store/lock';
import { describeAsRoot } from '../support/as-root';

const holders: ChildProcess[] = [];
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-lock-'));
  file = join(folder, 'lock');
});
afterEach(() => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

describe('the lock', () => {
  it('is free again when it is released', () => {
    const first = lockState(file);
    expect(first).toBeDefined();
    expect(lockState(file)).toBeUndefined();
    first?.release();
    const second = lockState(file);
    expect(second).toBeDefined();
    second?.release();
  });
  it('stays held when the same process asks in vain, whatever it opens meanwhile', async () => {
    const first = lockState(file);
    lockState(file);
    expect(await askAnother()).toBe('refused');
    first?.release();
  });
  it('is refused while another process holds it, and free at once when that one is killed', async () => {
    const holder = spawnHolder();
    expect(await firstLine(holder)).toBe('held');
    expect(lockState(file)).toBeUndefined();
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = lockState(file);
    expect(lock).toBeDefined();
    lock?.release();
  });
  it('in a folder that is not there is an error that says so', () => {
    expect(() => lockState(join(folder, 'absent', 'lock'))).toThrow(
      /the lock .*absent\/lock: .*no such file[^]*tollgate init/,
    );
  });
  it('is a file for its owner alone, whatever the umask', () => {
    const umask = process.umask(0);
    try {
      lockState(file)?.release();
    } finally {
      process.umask(umask);
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describeAsRoot('the lock that root takes', () => {
  it("can be taken by the service's user afterwards", () => {
    const user = { uid: 65534, gid: 65534 };
    chownSync(folder, user.uid, user.gid);
    lockState(file, user)?.release();
    expect(statSync(file)).toMatchObject(user);
    process.seteuid?.(user.uid);
    try {
      const lock = lockState(file);
      expect(lock).toBeDefined();
      lock?.release();
    } finally {
      process.seteuid?.(0);
    }
  });
});

function spawnHolder() {
  const args = ['-r', join(__dirname, '../support/typescript.js'), join(__dirname, 'programs/hold-lock.ts'), file];
  const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  holders.push(holder);
  return holder;
}

async function firstLine(child: ReturnType<typeof spawnHolder>): Promise<string> {
  const [data] = (await once(child.stdout, 'data')) as [Buffer];
  return data.toString().trim();
}

async function askAnother(): Promise<string> {
  const child = spawnHolder();
  const answer = await firstLine(child);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return answer;
}
