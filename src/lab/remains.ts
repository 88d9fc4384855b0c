/** What a story could leave on this machine: processes, mounts, network devices and names, rules, temporary folders. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '../ports';

/** In the environment of everything that the story starts. */
export const MARK = 'TOLLGATE_STORY';

export interface Remains {
  readonly mounts: readonly string[];
  readonly devices: readonly string[];
  readonly rules: readonly string[];
  readonly networks: readonly string[];
  readonly folders: readonly string[];
}

/** Begins the names of temporary folders; with the mark, since other stories may be played on this machine. */
const FOLDER = 'tollgate-demo-';
/** The kernel takes a moment to reap a world that was killed. */
const REAP_MS = 5_000;

/** For mkdtemp, in a process that carries the mark or none. */
export const storyFolder = (env = process.env): string => `${FOLDER}${env[MARK] ?? 'unmarked'}-`;

export async function takeStock(run: Run): Promise<Remains> {
  const rules = await Promise.all(['iptables-save', 'ip6tables-save'].map((tool) => run(tool, [])));
  const sets = await run('ipset', ['list', '-n']);
  const names = (folder: string) => readdir(folder).catch(() => []); // it is not there
  const folders = await Promise.all(['/tmp', '/var/tmp'].map(names));
  return {
    mounts: (await readFile('/proc/self/mounts', 'utf8')).split('\n'),
    devices: (await readFile('/proc/net/dev', 'utf8')).split('\n').map((line) => line.split(':')[0] ?? ''),
    rules: [...rules.join('\n').split('\n'), ...sets.split('\n')].filter((line) => /tollgate|tg-/i.test(line)),
    networks: await names('/run/netns'),
    folders: folders.flat().filter((name) => name.startsWith(FOLDER)),
  };
}

/** What is there now and was not before, and processes and folders with this mark; empty when all is as it was. */
export async function leftBehind(run: Run, before: Remains, mark: string, patienceMs = REAP_MS): Promise<string[]> {
  const now = await takeStock(run);
  const kinds = ['mounts', 'devices', 'rules', 'networks', 'folders'] as const;
  const more = kinds.flatMap((kind) => now[kind].filter((line) => !before[kind].includes(line)));
  const ours = more.filter((line) => !line.startsWith(FOLDER) || line.startsWith(FOLDER + mark));
  return [...ours, ...(await processesOf(mark, patienceMs))];
}

async function processesOf(mark: string, patienceMs: number): Promise<string[]> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const above = await ancestors(process.pid);
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && !above.includes(name));
    const read = (pid: string) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''); // it has ended
    const environments = await Promise.all(pids.map(read));
    const alive = pids.filter((_, i) => environments[i]?.includes(`${MARK}=${mark}`));
    if (alive.length === 0 || performance.now() > end) return alive.map((pid) => `process ${pid}`);
    await sleep(50);
  }
}

/** This process and those that started it: they may carry the mark and are not the story's. */
async function ancestors(pid: number): Promise<readonly string[]> {
  const stat = pid > 0 ? await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '') : '';
  const parent = Number(/^.*\) \S (\d+)/s.exec(stat)?.[1] ?? 0);
  return [String(pid), ...(parent > 0 ? await ancestors(parent) : [])];
}
