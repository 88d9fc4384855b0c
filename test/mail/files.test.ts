import { fstatSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileTransport } from '../../src/mail/files';
import type { Posted } from '../../src/mail/transport';
import { LETTER, SETTINGS } from '../support/mail-fixtures';

const POSTED: Posted = { ...LETTER, messageId: '<0a1b@pbx.example.net>', queuedAt: new Date('2026-11-22T13:05:00Z') };
const NEVER = new AbortController().signal;

describe('the folder for letters', () => {
  let parent: string;
  let folder: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'tollgate-mail-'));
    folder = join(parent, 'mail');
  });
  afterEach(async () => {
    await chmod(parent, 0o700);
    await rm(parent, { recursive: true });
  });
  const send = (more: Partial<Posted> = {}) => fileTransport(folder, SETTINGS.from).send({ ...POSTED, ...more }, NEVER);

  it('is made, and the file is for owner and group only whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      expect(await send()).toEqual({ kind: 'sent', answer: `written to ${folder}/2026-11-22T130500Z-0a1b.eml` });
    } finally {
      process.umask(before);
    }
    expect((await stat(join(folder, '2026-11-22T130500Z-0a1b.eml'))).mode & 0o777).toBe(0o640);
  });

  it('holds a letter once, however often it is written, and no half ones', async () => {
    await send();
    await send();
    expect(await readdir(folder)).toEqual(['2026-11-22T130500Z-0a1b.eml']);
  });

  it('has a letter and its name on the disk before it counts as sent', async () => {
    const any = await open(parent);
    const synced: string[] = [];
    const sync = jest.spyOn(Object.getPrototypeOf(any) as typeof any, 'sync').mockImplementation(function (
      this: typeof any,
    ) {
      synced.push(fstatSync(this.fd).isDirectory() ? `names: ${readdirSync(folder).join()}` : 'a file');
      return Promise.resolve();
    });
    try {
      await send();
    } finally {
      sync.mockRestore();
      await any.close();
    }
    expect(synced).toEqual(['a file', 'names: 2026-11-22T130500Z-0a1b.eml']);
  });

  it('cannot be left by a Message-ID', async () => {
    await send({ messageId: '<../../x/y@pbx.example.net>' });
    expect(await readdir(folder)).toEqual(['2026-11-22T130500Z-xy.eml']);
  });

  it('that is no folder is a fault that can be mended', async () => {
    await writeFile(folder, 'in the way');
    expect(await send()).toMatchObject({ kind: 'later', down: true, hint: expect.stringContaining('owner') as string });
  });
});
