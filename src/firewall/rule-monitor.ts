/** Hears of every change of rules in the kernel, ours and others', from one long-lived `nft monitor`. */
import type { Clock, Log } from '../ports';
import type { SessionChild, SpawnSession } from './session-port';

export interface RuleMonitor {
  /** It has been listening for a while: whatever changes is heard. */
  readonly isUp: boolean;
  close(): void;
}

interface Ports {
  readonly spawnSession: SpawnSession;
  readonly clock: Clock;
  readonly log: Log;
}

/** It says nothing when it begins to listen; after this it certainly does. */
const SURE_AFTER_MS = 2000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/** Started again, with growing waits, whenever it ends; a machine without `nft` is told once in the log. */
export function monitorRules(heard: () => void, { spawnSession, clock, log }: Ports): RuleMonitor {
  const closing = new AbortController();
  let startedAt: Date | undefined;
  let child: SessionChild | undefined;
  let told: string | undefined;

  function start(): Promise<string> {
    startedAt = clock.now();
    return new Promise((ended) => {
      child = spawnSession('nft', ['monitor', 'rules'], {
        stdout: heard,
        stderr: heard, // it says so when it has missed something
        ended,
      });
    });
  }

  async function keepUp(): Promise<void> {
    const isWanted = () => !closing.signal.aborted;
    for (let wait = FIRST_WAIT_MS; isWanted(); wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const why = await start();
      if (!isWanted()) return;
      if (startedAt && clock.now().getTime() - startedAt.getTime() > LONGEST_WAIT_MS) wait = FIRST_WAIT_MS;
      startedAt = undefined;
      if (why !== told) log('rules are only looked at now and then: nft monitor does not run', { why });
      told = why;
      heard(); // of what may have been missed
      await clock.sleep(wait, closing.signal);
    }
  }

  void keepUp();
  return {
    get isUp() {
      return startedAt !== undefined && clock.now().getTime() - startedAt.getTime() > SURE_AFTER_MS;
    },
    close() {
      closing.abort();
      child?.kill();
    },
  };
}
