/** Debian's country data: its package is downloaded and unpacked, never installed (that would bring a daemon along). */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../ports';
import { broken } from './fault';
import { DEBIAN_PACKAGE } from './sources';

const DOWNLOAD_MS = 300_000;
const UNPACK_MS = 60_000;

/**
 * Calls `work` with the folder of its files and the package's own name (its version is in it), while they are there.
 * Resolves to undefined, with nothing downloaded, when apt offers just the package called `have`. Rejects with
 * COMMAND_FAILED or COUNTRY_FAILED.
 */
export async function withDebianFiles<T>(
  run: Run,
  have: string | undefined,
  work: (folder: string, name: string) => Promise<T>,
): Promise<T | undefined> {
  // the file's name stands between quotes' end and its size: 'http://…' tor-geoipdb_0.4.9_all.deb 2754344 SHA256:…
  const offered = await run('apt-get', ['download', '--print-uris', DEBIAN_PACKAGE]);
  const [, name] = /' (tor-geoipdb_\S+\.deb) /.exec(offered) ?? [];
  if (name !== undefined && name === have) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-geoip-'));
  try {
    // apt downloads into the folder that it works in; `env` is a program that changes to it without a shell
    await run('env', ['--chdir', folder, 'apt-get', 'download', '--quiet', DEBIAN_PACKAGE], { timeoutMs: DOWNLOAD_MS });
    const deb = (await readdir(folder)).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw broken(`apt downloaded no ${DEBIAN_PACKAGE}`, 'run "apt-get update", then try again');
    await run('dpkg-deb', ['--extract', join(folder, deb), join(folder, 'files')], { timeoutMs: UNPACK_MS });
    return await work(join(folder, 'files/usr/share/tor'), deb);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A package file that the admin gave. */
export async function withPackage<T>(run: Run, file: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-geoip-'));
  try {
    await run('dpkg-deb', ['--extract', file, join(folder, 'files')], { timeoutMs: UNPACK_MS });
    return await work(join(folder, 'files/usr/share/tor'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
