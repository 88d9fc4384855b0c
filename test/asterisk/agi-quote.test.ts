import fc from 'fast-check';
import { quote } from '../../src/asterisk/agi-quote';

/** `parse_args` of Asterisk's res_agi.c, character by character. */
function parseArguments(line: string): string[] {
  const found: string[] = [];
  let [quoted, escaped, between] = [false, false, true];
  const add = (text: string) => {
    if (between) found.push('');
    between = false;
    found.push(`${found.pop() ?? ''}${text}`);
  };
  for (const char of line) {
    if (char === '"' && !escaped) {
      quoted = !quoted;
      if (quoted && between) add('');
    } else if ((char === ' ' || char === '\t') && !quoted && !escaped) {
      between = true;
    } else if (char === '\\' && !escaped) {
      escaped = true;
    } else {
      add(char);
      escaped = false;
    }
  }
  return found;
}

const printable = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\u0000-\u001f\u007f]/g, ''));

describe('quote', () => {
  it('D11, D12: carries any printable argument through Asterisk as exactly one', () => {
    fc.assert(
      fc.property(fc.array(printable, { minLength: 1 }), (args) => {
        expect(parseArguments(args.map(quote).join(' '))).toEqual(args);
      }),
    );
  });

  it('D11, D12: carries what is awkward', () => {
    const args = ['', ' ', '"', '\\', '\\"', 'a b', 'tail\\', '""', "'", 'ü', '&,|;#*'];
    expect(parseArguments(args.map(quote).join(' '))).toEqual(args);
  });

  it('D10: refuses what would begin a second command', () => {
    fc.assert(
      fc.property(printable, fc.constantFrom('\n', '\r', '\0', '\t', '\x1b', '\x7f'), printable, (a, control, b) => {
        expect(() => quote(a + control + b)).toThrow(RangeError);
      }),
    );
  });
});
