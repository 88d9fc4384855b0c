import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { leftBehind, MARK, storyFolder, takeStock } from '../../src/lab/remains';
import type { Run } from '../../src/ports';

/** The firewall's tools, whose words can change. */
function tools(words: Record<string, string> = {}): Run & { words: Record<string, string> } {
  const run: Run = (file) => Promise.resolve(words[file] ?? '');
  return Object.assign(run, { words });
}

describe('what a story leaves behind', () => {
  it('is nothing when nothing has changed, whatever was there before', async () => {
    const run = tools({ 'iptables-save': '-A INPUT -j TOLLGATE\n', ipset: 'tg-sip4\n' });
    expect(await leftBehind(run, await takeStock(run), 'nobody')).toEqual([]);
  });

  it.each([
    ['iptables-save', '-A INPUT -j TOLLGATE'],
    ['ip6tables-save', '-A INPUT -j TOLLGATE'],
    ['ipset', 'tg-sip4'],
  ])('is what %s still shows of ours: %s', async (tool, line) => {
    const run = tools();
    const before = await takeStock(run);
    run.words[tool] = `${line}\n`;
    expect(await leftBehind(run, before, 'nobody')).toEqual([line]);
  });

  it("is none of other people's rules", async () => {
    const run = tools();
    const before = await takeStock(run);
    run.words['iptables-save'] = '-A INPUT -s 192.0.2.1/32 -j DROP\n';
    expect(await leftBehind(run, before, 'nobody')).toEqual([]);
  });

  it('is a mount, a device or a folder that was not there', async () => {
    const run = tools();
    const folder = mkdtempSync(join('/tmp', storyFolder({ [MARK]: 'remains' })));
    try {
      const before = await takeStock(run);
      const without = (kind: 'mounts' | 'devices' | 'folders') => ({ ...before, [kind]: before[kind].slice(1) });
      for (const kind of ['mounts', 'devices'] as const) {
        expect(await leftBehind(run, without(kind), 'nobody')).toEqual(before[kind].slice(0, 1));
      }
      const emptyBefore = { ...before, folders: [] };
      expect(await leftBehind(run, emptyBefore, 'nobody')).toEqual([]);
      expect(await leftBehind(run, emptyBefore, 'remains')).toEqual([basename(folder)]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is a process that carries its mark, and no other', async () => {
    const run = tools();
    const before = await takeStock(run);
    const mark = `remains-${process.pid}`;
    const child = spawn('sleep', ['60'], { env: { ...process.env, [MARK]: mark }, stdio: 'ignore' });
    try {
      await once(child, 'spawn');
      expect(await leftBehind(run, before, 'another mark')).toEqual([]);
      expect(await leftBehind(run, before, mark, 100)).toEqual([`process ${child.pid ?? 0}`]);
    } finally {
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
    expect(await leftBehind(run, before, mark)).toEqual([]);
  });
});
