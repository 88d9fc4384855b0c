/** A caller made of keys: what he presses in, what he hears out. */
import { HungUp, type Call, type Keying } from '../../src/domain/call';

/** In a caller's keys: he presses nothing until the question ends. */
export const SILENCE = 'silence';

export interface FakeCall extends Call {
  /** Prompts and keys in order: `ask-pin`, `< 4711`, `< silence`; digits in a row as `12.34.56.78`. */
  heard(): string;
  readonly keyings: readonly Keying[];
}

export interface FakeCallOptions {
  /** The caller is gone at this use of the line, counted from 0; for good. */
  readonly hangUpAt?: number;
  /** Thrown by this question, counted from 0. */
  readonly failAt?: { readonly question: number; readonly error: Error };
  readonly callerNumber?: string;
}

/** One answer for each question, without the hash key; '' is the hash alone. After the last one he hangs up. */
export function fakeCall(answers: readonly string[], options: FakeCallOptions = {}): FakeCall {
  const heard: string[] = [];
  const keyings: Keying[] = [];
  let uses = 0;
  const use = () => {
    if (uses++ >= (options.hangUpAt ?? Infinity)) throw new HungUp();
  };
  return {
    callerNumber: options.callerNumber,
    channel: 'PJSIP/carrier-00000001',
    keyings,
    heard: () => readable(heard),
    say(...prompts) {
      use();
      heard.push(...prompts);
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- so that what it throws is a rejection, as on a real line
    async ask(prompts, keying) {
      use();
      if (options.failAt?.question === keyings.length) throw options.failAt.error;
      heard.push(...prompts);
      const answer = answers[keyings.length];
      keyings.push(keying);
      if (answer === undefined) throw new HungUp();
      heard.push(`< ${answer === '' ? '#' : answer}`);
      return answer === SILENCE ? undefined : answer;
    },
    async meanwhile(work) {
      use();
      return work;
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- as above
    async finish() {
      use();
    },
  };
}

/** Joins what is one number or address to a listener: `digits/1 digits/2 letters/dot pause` is `12.`. */
function readable(heard: readonly string[]): string {
  const words: string[] = [];
  let joining = false;
  for (const name of heard) {
    if (name === 'pause') continue;
    const character = /^digits\/(\d+)$/.exec(name)?.[1] ?? (name === 'letters/dot' ? '.' : undefined);
    if (character !== undefined && joining) words.push(`${words.pop() ?? ''}${character}`);
    else words.push(character ?? name);
    joining = character !== undefined;
  }
  return words.join(', ');
}
