/** The keys of a call that no question has taken yet, as they were pressed, hash keys included. */

export interface Taken {
  /** Without the hash. */
  readonly answer: string;
  /** False: silence or more keys must follow before this is an answer. */
  readonly complete: boolean;
  /** It ended by its length; a hash key right behind it is still part of it. */
  readonly full: boolean;
  /** Left for later questions. */
  readonly rest: string;
}

/** Takes the keys of one answer: until the hash key or `most` keys. A hash key that ends a full answer goes with it. */
export function takeAnswer(keys: string, most: number): Taken {
  const hash = keys.indexOf('#');
  const end = Math.min(hash === -1 ? keys.length : hash, most);
  const rest = keys.slice(end);
  return {
    answer: keys.slice(0, end),
    complete: hash !== -1 || end === most,
    full: end === most && rest === '',
    rest: rest.replace(/^#/, ''),
  };
}
