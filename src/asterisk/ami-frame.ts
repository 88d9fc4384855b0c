/** One message from Asterisk's manager interface, as text and nothing else. */

/** `fields` by lower-case header name; `variables` by name, as the headers `Variable: NAME=value` tell them. */
export interface Frame {
  readonly fields: ReadonlyMap<string, string>;
  readonly variables: ReadonlyMap<string, string>;
  /** How many headers came, also those that are left out. */
  readonly headers: number;
}

/**
 * Copies what the library made of a message. It collects headers in a plain object, so that `constructor` or
 * `__proto__` as a header's name bring foreign values and repeated headers become arrays: only own text is taken, and
 * a header that came twice is left out, because either might be the forged one.
 */
export function readFrame(raw: unknown): Frame {
  const entries = Object.entries(isObject(raw) ? raw : {});
  const variables = entries.find(([name]) => name === 'variable')?.[1] as unknown;
  return {
    fields: textOf(entries),
    variables: textOf(Object.entries(isObject(variables) ? variables : {})),
    headers: entries.flatMap(([, value]: [string, unknown]) => value).length,
  };
}

/** `name` in lower case; undefined when it is absent or empty, and when it is what Asterisk prints for "nothing". */
export function field(frame: Frame, name: string): string | undefined {
  const text = frame.fields.get(name);
  return text === undefined || NOTHING.has(text) ? undefined : text;
}

const NOTHING: ReadonlySet<string> = new Set(['', '(null)', '-none-', '(Unspecified)', '<unknown>', '<none>']);

function textOf(entries: readonly [string, unknown][]): ReadonlyMap<string, string> {
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
