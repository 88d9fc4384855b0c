/** The control socket's language: one JSON object a line, one answer a question. */

/** Named calls with plain JSON in and out. */
export type Calls = Readonly<Record<string, (asked: never) => Promise<unknown>>>;

export interface Question {
  readonly call: string;
  readonly asked: unknown;
}
export type Answer =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly hint: string };

/** The longest is a list of 100,000 entries to import; more than this is none of ours. */
export const MOST_CHARACTERS = 16 * 1024 * 1024;
