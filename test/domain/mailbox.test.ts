import fc from 'fast-check';
import { mailboxOf } from '../../src/domain/mailbox';

const good: [string, string][] = [
  ['ann@example.net', 'ann@example.net'],
  [' ann@example.net ', 'ann@example.net'],
  ['a.n+phones=x@mail.example.co.uk', 'a.n+phones=x@mail.example.co.uk'],
  ["o'hara@example.net", "o'hara@example.net"],
  ['root@localhost', 'root@localhost'],
  ['ann@bücher.example', 'ann@xn--bcher-kva.example'],
  ['ann@EXAMPLE.net', 'ann@example.net'],
];
const bad: [string, string][] = [
  ['nothing', ''],
  ['no domain', 'ann'],
  ['no name', '@example.net'],
  ['two addresses', 'ann@example.net,eve@example.org'],
  ['two addresses with a semicolon', 'ann@example.net;eve@example.org'],
  ['two at signs', 'ann@example.net@example.org'],
  ['a name in front', 'Ann <ann@example.net>'],
  ['angle brackets', '<ann@example.net>'],
  ['a line break and a header', 'ann@example.net\r\nBcc: eve@example.org'],
  ['a line break in the domain', 'ann@exam\nple.net'],
  ['a tab in the domain', 'ann@exam\tple.net'],
  ['a zero byte', 'ann@example.net\0'],
  ['a space', 'ann b@example.net'],
  ['a quoted name', '"ann, eve"@example.net'],
  ['a comment', 'ann(eve)@example.net'],
  ['a literal', 'ann@[192.0.2.1]'],
  ['an address as a domain', 'ann@192.0.2.1'],
  ['two dots', 'ann..b@example.net'],
  ['a dot first', '.ann@example.net'],
  ['a dot last', 'ann.@example.net'],
  ['a domain with a dot last', 'ann@example.net.'],
  ['a hyphen first', 'ann@-example.net'],
  ['a full-width dot', 'ann@example。net'],
  ['a full-width at sign', 'ann＠example.net'],
  ['letters that relays cannot carry', 'jürgen@example.net'],
  ['a name of 65', `${'a'.repeat(65)}@example.net`],
  ['a label of 64', `ann@${'a'.repeat(64)}.net`],
  ['a percent code', 'ann@exa%6dple.net'],
  ['a direction mark', 'ann@example\u202e.net'],
];

describe('a mailbox', () => {
  for (const [text, expected] of good)
    it(`is read from ${JSON.stringify(text)}`, () => expect(mailboxOf(text)).toBe(expected));
  for (const [name, text] of bad) it(`is not ${name}`, () => expect(mailboxOf(text)).toBeUndefined());

  it('is always one plain address that reads the same again', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.emailAddress(),
      fc.tuple(fc.string(), fc.string()).map((two) => two.join('@')),
    );
    fc.assert(
      fc.property(text, (written) => {
        const mailbox = mailboxOf(written);
        if (mailbox === undefined) return;
        expect(mailbox).toMatch(/^[^\s,;:<>()[\]"\\@]+@[a-z0-9.-]+$/);
        expect(mailboxOf(mailbox)).toBe(mailbox);
      }),
      { numRuns: 2000 },
    );
  });
});
