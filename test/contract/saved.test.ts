/** The saved state's writer: in memory and on disk; and on disk alone, what happens when it is stopped in the middle. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootFile } from '../../src/boot-file';
import type { Saved } from '../../src/firewall/boot-state';
import { describeAsRoot } from '../support/as-root';
import { memorySaved } from '../support/memory-saved';

const NOBODY = 65_534;
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-saved-'));
  file = join(folder, 'firewall');
});
afterEach(() => rmSync(folder, { recursive: true }));
const text = () => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

const inMemory = (): [Saved, () => string | undefined] => {
  const saved = memorySaved();
  return [saved, () => saved.text()];
};
const onDisk = (): [Saved, () => string | undefined] => [bootFile(file, () => undefined), text];

describe.each([
  ['in memory', inMemory],
  ['on disk', onDisk],
])('what is saved %s', (_where, open) => {
  it('is a base, lines behind it, another base, and nothing', async () => {
    const [saved, read] = open();
    await saved.base(['one\n']);
    await saved.append(['two', 'three']);
    await saved.append(['four']);
    expect(read()).toBe('one\ntwo\nthree\nfour\n');
    await saved.base(['five\n']);
    expect(read()).toBe('five\n');
    await saved.remove();
    expect(read()).toBeUndefined();
    await saved.remove();
  });

  it('stays as it was when what it was to wait for does not come', async () => {
    const [saved, read] = open();
    await saved.base(['one\n']);
    await expect(saved.base(['two\n'], Promise.reject(new Error('not held')))).rejects.toThrow('not held');
    await saved.append(['three']);
    expect(read()).toBe('one\nthree\n');
    await saved.base(['four\n', 'five\n'], Promise.resolve());
    expect(read()).toBe('four\nfive\n');
  });

  it('takes no line without a base', async () => {
    const [saved, read] = open();
    await expect(saved.append(['two'])).rejects.toThrow('ENOENT');
    expect(read()).toBeUndefined();
  });
});

describe('the file', () => {
  it('is for its owner and his group, whatever the umask', async () => {
    const before = process.umask(0o777);
    try {
      await bootFile(file, () => undefined).base(['one\n']);
    } finally {
      process.umask(before);
    }
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it('spoils half a line, whatever it looks like, and begins one of its own behind it', async () => {
    const saved = bootFile(file, () => undefined);
    await saved.base(['one\n']);
    appendFileSync(file, 'add tg-sip4 192.0');
    await saved.append(['two']);
    expect(text()).toBe('one\nadd tg-sip4 192.0 !\ntwo\n');
  });

  it('goes on after a process that was killed between writing and renaming', async () => {
    await bootFile(file, () => undefined).base(['one\n']);
    expect(child(`fs.rename = () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); };`)).toBe(
      'SIGKILL',
    );
    expect(text()).toBe('one\n');
    expect(existsSync(`${file}.new`)).toBe(true);
    const saved = bootFile(file, () => undefined);
    await saved.append(['two']);
    expect(text()).toBe('one\ntwo\n');
    await saved.base(['three\n']);
    expect([text(), existsSync(`${file}.new`)]).toEqual(['three\n', false]);
  });

  it('is on disk before its new name is, and the folder after', () => {
    expect(
      child(`
        const calls = [];
        const note = (what) => calls.push(what);
        const { open, rename } = fs;
        fs.open = async (path, ...how) => {
          const handle = await open(path, ...how);
          for (const name of ['writeFile', 'sync', 'datasync', 'chown']) {
            const real = handle[name].bind(handle);
            handle[name] = (...args) => { note(name + ' ' + path.replace(/.*\\//, '')); return real(...args); };
          }
          return handle;
        };
        fs.rename = (...args) => { note('rename'); return rename(...args); };
        process.on('exit', () => fsSync.writeFileSync(process.argv[1] + '.calls', calls.join(', ')));
      `),
    ).toBeNull();
    const folderName = folder.replace(/.*\//, '');
    expect(readFileSync(`${file}.calls`, 'utf8')).toBe(
      `writeFile firewall.new, sync firewall.new, rename, sync ${folderName}, writeFile firewall, datasync firewall`,
    );
  });

  it('is not written through a link', async () => {
    writeFileSync(join(folder, 'other'), 'mine\n');
    symlinkSync(join(folder, 'other'), file);
    symlinkSync(join(folder, 'other'), `${file}.new`);
    const saved = bootFile(file, () => undefined);
    await expect(saved.append(['two'])).rejects.toThrow('ELOOP');
    await saved.base(['one\n']);
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('mine\n');
    expect(lstatSync(file).isFile()).toBe(true);
  });
});

describeAsRoot('the file, written by root', () => {
  it('belongs to the user of the folder', async () => {
    await bootFile(file, () => ({ uid: NOBODY, gid: NOBODY })).base(['one\n']);
    expect(statSync(file)).toMatchObject({ uid: NOBODY, gid: NOBODY });
  });

  it('is as it was when the disk is full: no half base, no half lines', () => {
    chmodSync(folder, 0o755);
    const program = `
      const full = { base: await saved.base('x'.repeat(99_999) + '\\n').catch((error) => error.code) };
      await saved.base(['one\\n']);
      fsSync.writeFileSync(process.argv[1] + '.filler', '');
      try { for (;;) fsSync.appendFileSync(process.argv[1] + '.filler', 'y'.repeat(512)); } catch {}
      const long = Array.from({ length: 9999 }, () => 'add tg-sip4 192.0.2.1');
      full.append = await saved.append(long).catch((error) => error.code);
      full.text = fsSync.readFileSync(process.argv[1], 'utf8');
      full.left = fsSync.readdirSync(require('node:path').dirname(process.argv[1])).sort();
      fsSync.rmSync(process.argv[1] + '.filler');
      await saved.append(['two']);
      full.after = fsSync.readFileSync(process.argv[1], 'utf8');
      process.stdout.write(JSON.stringify(full));
    `;
    const command = `mount -t tmpfs -o size=64k tmpfs "$1" && shift && exec "$@"`;
    const { stdout } = spawnSync(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-c', command, 'sh', folder, ...node('', program)],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(stdout)).toEqual({
      ...{ base: 'ENOSPC', append: 'ENOSPC', text: 'one\n', after: 'one\ntwo\n' },
      left: ['firewall', 'firewall.filler'],
    });
  });
});

/** A process that writes a base and a line, after `before` has put something in its way; resolves to its signal. */
function child(before: string): NodeJS.Signals | null {
  const [command = '', ...args] = node(before, `await saved.base(['two\\n']); await saved.append(['three']);`);
  return spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).signal;
}

function node(before: string, work: string): string[] {
  const program = `
    const fs = require('node:fs/promises');
    const fsSync = require('node:fs');
    ${before}
    const { bootFile } = require(${JSON.stringify(join(__dirname, '../../src/boot-file.ts'))});
    const saved = bootFile(process.argv[1], () => undefined);
    void (async () => { ${work} })();
  `;
  return [process.execPath, '-r', join(__dirname, '../support/typescript.js'), '-e', program, file];
}
