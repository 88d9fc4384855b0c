/** Many callers at once in a process of their own. Reads a job, writes what it came to, both one line of JSON. */
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { converse } from './agi-peer';

export interface Job {
  readonly port: number;
  readonly callers: number;
  /** Of the first caller, the others follow. */
  readonly account: number;
  readonly pin: string;
  /** Last two bytes of the first caller's address. */
  readonly address: number;
  /** Where the commands of each caller are written to. */
  readonly transcripts: string | undefined;
}

export interface Outcome {
  /** Milliseconds from a reply to the next command. */
  readonly turns: readonly number[];
  /** Those after the last PIN was judged. */
  readonly afterPins: readonly number[];
  readonly opened: number;
  readonly seconds: number;
}

/** All of them ring within this time. */
const RING_MS = 2_000;
/** People and prompts: faster than they really are, so that there is more to do. */
const PROMPT_MS = 600;
const DIGIT_MS = 250;
const KEYING_MS = 1_000;

/** What Asterisk takes for it, half as long to half as long again. */
function takes(command: string): number {
  const plain = command.replaceAll('"', '');
  const [, waiting] = /^GET DATA +(\d+) 64$/.exec(plain) ?? [];
  if (waiting !== undefined) return Number(waiting);
  const around = (ms: number) => ms * (0.5 + Math.random());
  if (plain.startsWith('WAIT FOR DIGIT')) return around(DIGIT_MS);
  if (plain.startsWith('GET DATA')) return around(KEYING_MS);
  if (/\/(digits|letters|silence)\//.test(plain)) return around(DIGIT_MS);
  return plain.startsWith('STREAM FILE') ? around(PROMPT_MS) : 0;
}

async function ring(job: Job): Promise<Outcome> {
  const turns: { readonly at: number; readonly ms: number }[] = [];
  const began = performance.now();
  let lastPin = began;
  const turn = (ms: number, command: string) => {
    const at = performance.now();
    turns.push({ at, ms });
    if (/\/(ask-address|menu)"/.test(command)) lastPin = at;
  };
  const conversations = Array.from({ length: job.callers }, async (_, i) => {
    await sleep(Math.random() * RING_MS);
    const n = job.address + i;
    return converse({
      ...{ port: job.port, channel: String(i), callerNumber: `49301${job.account + i}`, pin: job.pin, takes, turn },
      ...{ account: String(job.account + i), address: `20*1*${n >> 8}*${n & 255}` },
    });
  });
  const all = await Promise.all(conversations);
  if (job.transcripts !== undefined) {
    await writeFile(job.transcripts, JSON.stringify(all.map(({ commands }) => commands)));
  }
  return {
    turns: turns.map(({ ms }) => ms),
    afterPins: turns.filter(({ at }) => at > lastPin).map(({ ms }) => ms),
    opened: all.filter(({ result }) => result === 'opened').length,
    seconds: (performance.now() - began) / 1000,
  };
}

async function main(): Promise<void> {
  for await (const line of createInterface(process.stdin)) {
    process.stdout.write(`${JSON.stringify(await ring(JSON.parse(line) as Job))}\n`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
