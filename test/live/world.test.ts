import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ASTERISK_22, tree } from '../../src/lab/trees';
import { checkout } from '../../src/lab/checkout';
import { until } from '../support/until';

/** Built by `npm test` before jest: what is killed must be a process of its own. */
const LAB = join(checkout(), 'dist/src/lab');
/** Two hosts with a cable and a rule, an Asterisk in memory, a temporary folder: then it waits. */
const BUSY = `
const { makeHost, connect } = require('${LAB}/host.js');
const { startAsterisk } = require('${LAB}/asterisk.js');
(async () => {
  const [pbx, hotel] = [await makeHost('pbx'), await makeHost('hotel')];
  await connect(pbx, ['203.0.113.1/24'], hotel, ['203.0.113.77/24']);
  await pbx.run('iptables', ['-A', 'INPUT', '-p', 'tcp', '--dport', '9', '-j', 'DROP']);
  require('fs').mkdtempSync(require('path').join(require('os').tmpdir(), process.env.TOLLGATE_TEST_MARK));
  await startAsterisk(pbx, { tree: process.argv[1] });
  console.log('up');
})();`;
const OUTER = `require('${LAB}/world.js').inWorld(process.argv.slice(1)).then((code) => process.exit(code));`;

const mark = randomUUID();
let asterisk: string;
beforeAll(async () => {
  asterisk = await tree(ASTERISK_22, { progress: (line) => process.stderr.write(`${line}\n`) });
});

function enterWorld(...argv: string[]): ChildProcess {
  const env = { ...process.env, TOLLGATE_TEST_MARK: mark };
  return spawn(process.execPath, ['-e', OUTER, ...argv], { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Every process that was started with our mark in its environment. */
async function marked(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const environments = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')));
  return pids.filter((_, i) => environments[i]?.includes(mark));
}

/** What a world could leave on this machine. */
async function remains(): Promise<unknown> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const links = await readFile('/proc/net/dev', 'utf8');
  const devices = links.split('\n').map((line) => line.split(':')[0]);
  const folders = await Promise.all(['/run', '/tmp', '/var/tmp', `${asterisk}/mnt`].map((folder) => readdir(folder)));
  // This machine may be busy with other things: folders of ours carry our mark.
  return { mounts, devices, folders: folders.flat().filter((name) => name.includes(mark)) };
}

describe('a world', () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('leaves nothing behind after %s in the middle', async (signal) => {
    const before = await remains();
    const world = enterWorld(process.execPath, '-e', BUSY, asterisk);
    await once(world.stdout as NodeJS.ReadableStream, 'data');
    expect((await marked()).length).toBeGreaterThan(5);
    world.kill(signal);
    await until(async () => (await marked()).length === 0, 'every process of that world to end', 20_000);
    expect(await remains()).toEqual(before);
  });

  it('hands on the exit code', async () => {
    const world = enterWorld('sh', '-c', 'exit 7');
    expect(await once(world, 'exit')).toEqual([7, null]);
  });

  it('hands on a signal once, so that the command can end in its own way', async () => {
    const polite = `process.on('SIGTERM', () => { console.log('bye'); process.exit(5); }); console.log('up'); setInterval(() => 0, 1e6)`;
    const world = enterWorld(process.execPath, '-e', polite);
    const heard: string[] = [];
    world.stdout?.on('data', (text: Buffer) => heard.push(text.toString().trim()));
    await until(() => heard.includes('up'), 'the command to be up');
    world.kill('SIGTERM');
    expect(await once(world, 'exit')).toEqual([5, null]);
    expect(heard).toEqual(['up', 'bye']);
  });

  it('hides the temporary folders of others and its own', async () => {
    const world = enterWorld('sh', '-c', 'ls /run; echo $TMPDIR');
    let text = '';
    world.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(world, 'close');
    expect(text.split('\n').filter(Boolean)).toEqual(['lock', 'tmp', '/run/tmp']);
  });
});
