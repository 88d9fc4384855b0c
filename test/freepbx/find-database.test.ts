import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDatabase } from '../../src/freepbx/find-database';

const CONF = `<?php $amp_conf['AMPDBUSER'] = 'u'; $amp_conf['AMPDBPASS'] = 'hunter2'; $amp_conf['AMPDBHOST'] = 'localhost';`;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tollgate-freepbx-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const find = (conf: string, ...sockets: string[]) =>
  findDatabase({ conf: join(folder, conf), sockets: sockets.map((each) => join(folder, each)) });

it('without its file there is no FreePBX here', async () => {
  expect(await find('freepbx.conf')).toBeUndefined();
  writeFileSync(join(folder, 'file'), '');
  expect(await find('file/freepbx.conf')).toBeUndefined();
});

it('"localhost" is the first socket that is there, as it is for PHP, and else a port', async () => {
  writeFileSync(join(folder, 'freepbx.conf'), CONF);
  expect(await find('freepbx.conf', 'none')).toMatchObject({
    user: 'u',
    host: 'localhost',
    port: 3306,
    socketPath: undefined,
  });
  writeFileSync(join(folder, 'mysql.sock'), '');
  expect(await find('freepbx.conf', 'none', 'mysql.sock')).toMatchObject({ socketPath: join(folder, 'mysql.sock') });
});

it('a file that cannot be read says how to let Tollgate read it', async () => {
  writeFileSync(join(folder, 'freepbx.conf'), CONF);
  chmodSync(join(folder, 'freepbx.conf'), 0);
  const isRoot = process.getuid?.() === 0;
  // Root reads every file, but a folder is none.
  const unreadable = isRoot ? find('.') : find('freepbx.conf');
  await expect(unreadable).rejects.toMatchObject({
    code: 'EXCHANGE_FAILED',
    message: expect.stringMatching(/cannot be read \(E(ACCES|ISDIR)\)[^]*setfacl/) as string,
  });
});
