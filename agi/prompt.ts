/** Every prompt that a caller can hear, by name: our own recordings and stock Asterisk ones. */
import prompts from '../sounds/prompts.json';
import type { Call, Keying } from '../src/domain/call';

export type OwnPrompt = keyof (typeof prompts)['en'] | keyof (typeof prompts)['pauses'];
type StockPrompt = keyof (typeof prompts)['stock']['en'];
export type Prompt = OwnPrompt | StockPrompt;

/** A call on which only prompts that exist can be played: a wrong name does not compile. */
export interface Line extends Omit<Call, 'say' | 'ask'> {
  say(...prompts: readonly Prompt[]): void;
  ask(prompts: readonly Prompt[], keying: Keying): Promise<string | undefined>;
}

/** Language -> prompt -> words. */
type Words = ReadonlyMap<string, ReadonlyMap<string, string>>;
const OWN: Words = new Map([['en', new Map(Object.entries(prompts.en))]]);
const STOCK: Words = new Map([['en', new Map(Object.entries(prompts.stock.en))]]);

/** Has it a recording of ours? Otherwise it is one that comes with Asterisk. */
export function isOwn(prompt: string): prompt is OwnPrompt {
  return Object.hasOwn(prompts.en, prompt) || Object.hasOwn(prompts.pauses, prompt);
}

/** What it says, in English where a language has no words for it; a pause says nothing; undefined: no such prompt. */
export function wordsOf(prompt: string, language: string): string | undefined {
  if (Object.hasOwn(prompts.pauses, prompt)) return '';
  const words = isOwn(prompt) ? OWN : STOCK;
  return words.get(language)?.get(prompt) ?? words.get('en')?.get(prompt);
}
