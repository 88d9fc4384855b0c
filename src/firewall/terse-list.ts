/**
 * What `ipset list -terse` says, from one `ipset -` that lives long: it is asked each second, and to start a process from
 * one as big as ours stops every telephone call for milliseconds.
 */
import type { Clock, Run } from '../ports';
import type { SessionChild, SpawnSession } from './session-port';

export interface TerseList {
  /** One call at a time. Rejects as `run` does, which it falls back on. */
  ask(): Promise<string>;
  close(): void;
}

interface Ports {
  readonly run: Run;
  readonly spawnSession: SpawnSession;
  readonly clock: Clock;
}

/** ipset itself would hold back what it says until it has said more. */
const LINE_BY_LINE = ['-oL', 'ipset', '-'];
const PROMPT = 'ipset> ';
/** A list has no last line of its own, so this is asked behind it. */
const MARKER = /^ipset v.*\n/m;
const ANSWER_WITHIN_MS = 1000;
/** Where it has failed it is not tried again before. */
const REST_MS = 60_000;

export function terseList({ run, spawnSession, clock }: Ports): TerseList {
  let child: SessionChild | undefined;
  let heard = '';
  let settle: (text: string | undefined) => void = () => undefined;
  let restsUntil = 0;

  function start(): SessionChild {
    const isCurrent = (act: () => void) => child === started && act();
    const started: SessionChild = spawnSession('stdbuf', LINE_BY_LINE, {
      stdout: (text) =>
        isCurrent(() => {
          heard += text;
          const whole = heard.replaceAll(PROMPT, '');
          const end = whole.search(MARKER);
          if (end >= 0) settle(whole.slice(0, end));
        }),
      stderr: () => isCurrent(fail),
      ended: () => isCurrent(fail),
    });
    return started;
  }

  function fail(): void {
    const failed = child;
    child = undefined;
    failed?.kill();
    settle(undefined);
  }

  async function askChild(): Promise<string | undefined> {
    const settled = new AbortController();
    const said = new Promise<string | undefined>((resolve) => {
      settle = (text) => {
        resolve(text);
        settled.abort('settled'); // without a reason it would cost an error with its stack
      };
    });
    heard = '';
    child ??= start();
    child.write('list -terse\nversion\n');
    await clock.sleep(ANSWER_WITHIN_MS, settled.signal);
    if (!settled.signal.aborted) fail();
    return said;
  }

  return {
    async ask() {
      const isResting = clock.now().getTime() < restsUntil;
      const said = isResting ? undefined : await askChild();
      if (said !== undefined) return said;
      if (!isResting) restsUntil = clock.now().getTime() + REST_MS;
      return run('ipset', ['list', '-terse']);
    },
    close: fail,
  };
}
