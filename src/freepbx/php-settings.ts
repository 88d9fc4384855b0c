/** Reads what `/etc/freepbx.conf` assigns, as text: it is PHP, and is never run. */

/** `$amp_conf['NAME'] = 'value';` outside comments, each name to its last value; what is no plain string is not there. */
export function readAmpConf(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const words of statementsOf(text)) {
    const [variable, open, name, close, equals, value, ...rest] = words;
    const isAssigned = variable === '$amp_conf' && open === '[' && close === ']' && equals === '=';
    if (!isAssigned || typeof name !== 'object') continue;
    if (rest.length === 0 && typeof value === 'object') values.set(name.string, value.string);
    else values.delete(name.string);
  }
  return values;
}

/** A string of the file, or anything else as it stands. */
type Word = { readonly string: string } | string;

const BLANK = /\s+|\/\/[^\n]*|#[^\n]*|\/\*[^]*?(?:\*\/|$)|<\?(?:php)?|\?>/y;
const WORD = /\$?\w+|[^]/y;
/** One that has no end takes the rest of the file. */
const SINGLE = /'((?:[^'\\]|\\[^])*)('|\\?$)/y;
const DOUBLE = /"((?:[^"\\]|\\[^])*)("|\\?$)/y;

function* statementsOf(text: string): Generator<readonly Word[]> {
  let words: Word[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  while (at < text.length) {
    if (take(BLANK)) continue;
    const single = take(SINGLE);
    const double = single ?? take(DOUBLE);
    if (single) words.push(single[2] !== `'` ? '' : { string: (single[1] ?? '').replace(/\\(['\\])/g, '$1') });
    else if (double) words.push(double[2] !== '"' ? '' : inDoubleQuotes(double[1] ?? ''));
    else {
      const word = take(WORD)?.[0] ?? '';
      if (word === ';') {
        yield words;
        words = [];
      } else words.push(word);
    }
  }
  yield words;
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f', e: '\x1b' };

/** A `$` may stand for a variable, whose value nobody knows here. */
function inDoubleQuotes(text: string): Word {
  return /^(?:[^$\\]|\\[^])*$/.test(text) ? { string: unescaped(text) } : text;
}

function unescaped(text: string): string {
  return text.replace(/\\(?:([ntrvfe\\$"])|x([0-9a-fA-F]{1,2})|([0-7]{1,3}))/g, (_, plain, hex, octal) => {
    if (typeof plain === 'string') return ESCAPED[plain] ?? plain;
    return String.fromCharCode(typeof hex === 'string' ? parseInt(hex, 16) : parseInt(String(octal), 8) & 0xff);
  });
}
