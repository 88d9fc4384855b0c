/** `tollgate demo`: makes the tree, plays the story in a world of its own, and looks that nothing is left behind. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../errors';
import type { Run } from '../ports';
import { checkout } from './checkout';
import { leftBehind, MARK, takeStock } from './remains';
import type { Story, StoryStep } from './story';
import { ASTERISK_22, tree } from './trees';
import { inWorld } from './world';

export interface DemoOptions {
  /** The story as it happens. */
  readonly tell: (line: string) => void;
  /** How far the preparations are, one line at a time. */
  readonly progress: (line: string) => void;
  readonly run: Run;
  /** Ends it; the world of the story hears SIGINT and SIGTERM itself. */
  readonly stop: AbortSignal;
}

const NOTHING: Story = { ok: false, steps: [], call: null, door: null };

/**
 * Rejects with SETUP_FAILED when it cannot begin. Whatever ends it early, by a signal too, is a step that did not hold,
 * after those that were played.
 */
export async function demo({ tell, progress, run, stop }: DemoOptions): Promise<Story> {
  if (process.geteuid?.() !== 0) {
    const why = 'the demo makes network namespaces and a firewall of its own, which needs root';
    throw new AppError('SETUP_FAILED', why, 'sudo npm run demo');
  }
  const asterisk = await tree(ASTERISK_22, { progress, signal: stop }).catch((error: unknown) => {
    if (!stop.aborted) throw error;
    return undefined;
  });
  if (asterisk === undefined) return { ...NOTHING, steps: [INTERRUPTED] };
  const before = await takeStock(run);
  const mark = process.env[MARK] ?? randomUUID();
  let story = NOTHING;
  const onLine = (line: string) => {
    const heard = JSON.parse(line) as { readonly tell?: string; readonly story?: Story };
    if (heard.tell !== undefined) tell(heard.tell);
    story = heard.story ?? story;
  };
  const play = join(checkout(), 'dist/src/lab/play.js');
  const code = await inWorld([process.execPath, play, asterisk], { onLine, env: { [MARK]: mark } });
  const began = performance.now();
  const left = await leftBehind(run, before, mark);
  const last: StoryStep = {
    name: 'nothing left behind',
    ok: left.length === 0,
    ms: Math.round(performance.now() - began),
    detail: left.length === 0 ? 'no process, mount, network, rule or folder' : left.join('; '),
  };
  tell(`${last.ok ? 'ok    ' : 'FAILED'}  ${last.name.padEnd(22)} ${last.detail}`);
  const early = code === 0 ? [] : [stop.aborted ? INTERRUPTED : brokenOff(code)];
  return { ...story, ok: story.ok && code === 0 && last.ok, steps: [...story.steps, ...early, last] };
}

const INTERRUPTED: StoryStep = { name: 'story', ok: false, ms: 0, detail: 'it was interrupted' };
const brokenOff = (code: number): StoryStep => ({ ...INTERRUPTED, detail: `it broke off with code ${code}` });
