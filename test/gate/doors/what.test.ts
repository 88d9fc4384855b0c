import fc from 'fast-check';
import { AppError } from '../../../src/errors';
import { readWhat, textOf } from '../../../src/gate/doors/what';

const understood: [typed: string, kind: string, text: string][] = [
  ['192.0.2.7', 'network', '192.0.2.7'],
  [' 192.0.2.0/24 ', 'network', '192.0.2.0/24'],
  ['192.0.2.7/24', 'network', '192.0.2.0/24'],
  ['192.0.2.0/255.255.255.0', 'network', '192.0.2.0/24'],
  ['192.0.2.0 255.255.255.0', 'network', '192.0.2.0/24'],
  ['192.0.2.7 / 255.255.255.255', 'network', '192.0.2.7'],
  ['2001:db8::/ffff:ffff::', 'network', '2001:db8::/32'],
  ['2001:DB8:0::7', 'network', '2001:db8::7'],
  ['::ffff:192.0.2.7', 'network', '192.0.2.7'],
  ['192.0.2.10-192.0.2.20', 'range', '192.0.2.10-192.0.2.20'],
  ['192.0.2.10 - 192.0.2.20', 'range', '192.0.2.10-192.0.2.20'],
  ['192.0.2.10-20', 'range', '192.0.2.10-192.0.2.20'],
  ['192.0.2.0-255', 'network', '192.0.2.0/24'],
  ['2001:db8::10-2f', 'range', '2001:db8::10-2001:db8::2f'],
  ['2001:db8::-2001:db8::ffff', 'network', '2001:db8::/112'],
  ['Office.Example.COM.', 'name', 'office.example.com'],
  ['my-office.example.com', 'name', 'my-office.example.com'],
  ['bücher.example', 'name', 'xn--bcher-kva.example'],
  ['CallCentric', 'provider', 'callcentric'],
  ['voip.ms', 'name', 'voip.ms'],
];

const refused: [typed: string, hint: string][] = [
  ['192.0.2.300', 'each of the four numbers is at most 255'],
  ['192.0.02.7', 'no zero in front'],
  ['192.0.2', 'an IPv4 address has four numbers'],
  ['192.0.2.0/33', 'at most 32'],
  ['2001:db8::/129', 'at most 128'],
  ['192.0.2.0/255.0.255.0', 'ones, then zeros'],
  ['192.0.2.0 192.0.2.1', 'one at a time'],
  ['192.0.2.20-192.0.2.10', 'write the lower address first: 192.0.2.10-192.0.2.20'],
  ['192.0.2.20-10', 'write the lower address first: 192.0.2.10-192.0.2.20'],
  ['192.0.2.20-300', 'write 192.0.2.7'],
  ['::fffe:0:0-::1:0:0:0', 'write them as 192.0.2.10-192.0.2.20'],
  ['192.0.2.7:5060', 'write 192.0.2.7 alone, and say what may come in with --service'],
  ['[2001:db8::7]', 'write 2001:db8::7 alone'],
  ['sip:ann@office.example.com', 'write office.example.com alone'],
  ['https://office.example.com/', 'write office.example.com alone'],
  ['192.0.2.*', 'write a network'],
  ['fe80::1%eth0', 'leave the interface'],
  ['17', 'a number alone is no address'],
  ['calcentric', 'did you mean "callcentric"?'],
  ['-office.example.com', 'or office.example.com'],
  ['', 'write 192.0.2.7'],
];

describe('what a door is opened for', () => {
  it.each(understood)('"%s" is understood as a %s: %s', (typed, kind, text) => {
    const what = readWhat(typed);
    expect([what.kind, textOf(what)]).toEqual([kind, text]);
  });

  it.each(understood)('the text that "%s" is remembered by means the same', (typed) => {
    const what = readWhat(typed);
    expect(readWhat(textOf(what))).toEqual(what);
  });

  it.each(refused)('"%s" is refused: %s', (typed, hint) => {
    const fault = thrownBy(() => readWhat(typed));
    expect(fault.code).toBe('MISUSED');
    expect(fault.hint).toContain(hint);
  });
});

it('has an answer or a reason for every text, and remembers it by a text that means the same', () => {
  const part = fc.constantFrom(
    '192.0.2.7',
    '2001:db8::',
    '/',
    '-',
    '24',
    '255.255.255.0',
    ' ',
    '::',
    '.',
    'a',
    'ffff',
    '300',
    '%',
    'é',
    '[',
    ']',
    ':5060',
  );
  const typed = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(typed, (text) => {
      let what;
      try {
        what = readWhat(text);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        return;
      }
      expect(readWhat(textOf(what))).toEqual(what);
    }),
    { numRuns: 300 },
  );
});

function thrownBy(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
