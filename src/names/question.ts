/** One question to DNS, and what several servers that were asked the same make of it together. */

export type Kind = 'A' | 'AAAA' | 'SRV';

/** `missing`: there is no such name. `empty`: it is there, without records of this kind. */
export type Answer =
  | {
      readonly kind: 'found';
      /** Addresses, or the targets of SRV. */
      readonly values: readonly string[];
      readonly ttlSeconds: number;
    }
  | { readonly kind: 'empty' | 'missing' }
  | { readonly kind: 'failed'; readonly why: string };

/** Never rejects. */
export type Ask = (kind: Kind, name: string) => Promise<Answer>;

/** The first records win. That there are none, or no such name, is believed when nobody who answers knows better. */
export function agreed(answers: readonly Promise<Answer>[]): Promise<Answer> {
  return new Promise((resolve) => {
    const seen: Answer[] = [];
    const note = (answer: Answer) => {
      seen.push(answer);
      if (answer.kind === 'found') resolve(answer);
      else if (seen.length === answers.length) resolve(withoutRecords(seen));
    };
    if (answers.length === 0) resolve({ kind: 'failed', why: 'no name server is known' });
    for (const answer of answers) void answer.then(note);
  });
}

function withoutRecords(seen: readonly Answer[]): Answer {
  const said = seen.filter(({ kind }) => kind !== 'failed');
  const [first] = said;
  if (first) return said.every(({ kind }) => kind === first.kind) ? first : { kind: 'empty' };
  return { kind: 'failed', why: seen.flatMap((answer) => (answer.kind === 'failed' ? [answer.why] : [])).join(', ') };
}
