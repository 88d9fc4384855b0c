import fc from 'fast-check';
import { readPlainList } from '../../src/domain/plain-list';

const read = (text: string) =>
  readPlainList(text).lines.map(({ what, note }) => (note === undefined ? what : `${what} (${note})`));

const simple: [line: string, read: string][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['  192.0.2.7   # the office', '192.0.2.7 (the office)'],
  ['192.0.2.7 the office', '192.0.2.7 (the office)'],
  ['192.0.2.7 2nd floor # Ann', '192.0.2.7 (2nd floor, Ann)'],
  ['192.0.2.0/24', '192.0.2.0/24'],
  ['192.0.2.0 255.255.255.0 desks', '192.0.2.0 255.255.255.0 (desks)'],
  ['192.0.2.10 - 192.0.2.20 desks', '192.0.2.10 - 192.0.2.20 (desks)'],
  ['192.0.2.10-20', '192.0.2.10-20'],
  ['office.example.com\thome of Ann', 'office.example.com (home of Ann)'],
  ['2001:db8::/48 Ann', '2001:db8::/48 (Ann)'],
];
it.each(simple)('"%s" is %s', (line, meant) => expect(read(line)).toEqual([meant]));

it('leaves comments and empty lines out, and counts them', () => {
  const { lines, faults } = readPlainList('\ufeff# ours\r\n\r\n  ; old\r\n192.0.2.7\r\n');
  expect(faults).toEqual([]);
  expect(lines).toMatchObject([{ line: 4, what: '192.0.2.7', kind: 'allow', until: 'forever', services: undefined }]);
});

it('reads what list --plain prints', () => {
  const line =
    '7\t192.0.2.7\tsip,iax\troot\t2026-11-22T09:30:00.000Z\t2026-11-23T12:00:00.000Z\tactive\toffice\twhy not';
  expect(readPlainList(line).lines).toEqual([
    {
      ...{ line: 1, kind: 'allow', what: '192.0.2.7', services: ['sip', 'iax'], name: 'office', note: 'why not' },
      ...{ until: new Date('2026-11-23T12:00:00Z'), account: undefined },
    },
  ]);
});

it('reads blocks, doors that were opened by telephone, and lines that somebody wrote by hand in the same form', () => {
  const { lines } = readPlainList(
    '8\t192.0.2.8\t-\troot\tx\tforever\tblocked\n9\t192.0.2.9\tphone\taccount 12\n-\t192.0.2.10',
  );
  expect(lines).toMatchObject([
    { kind: 'block', services: [], until: 'forever' },
    { kind: 'allow', account: '12' },
    { kind: 'allow', what: '192.0.2.10', services: undefined, account: undefined },
  ]);
});

const faulty: [line: string, why: string][] = [
  ['192.0.2.7 192.0.2.8', 'more than one address'],
  ['192.0.2.7 2001:db8::1', 'more than one address'],
  ['7\t\tphone', 'the second cell'],
  ['7\t192.0.2.7\tphone\troot\tx\ttomorrow', '"tomorrow" is no end'],
  ['7\t192.0.2.7\tphone\troot\tx\t2026-99-01', 'is no end'],
];
it.each(faulty)('tells what is wrong with %j', (line, why) => {
  const { lines, faults } = readPlainList(`\n${line}`);
  expect([lines, faults.length, faults[0]?.line]).toEqual([[], 1, 2]);
  expect(faults[0]?.what).toContain(why);
});

it('has an answer for every text, and none of it can harm a terminal', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\t', '\n', '#', '192.0.2.7', '-', ' ', 'forever', 'blocked', '7'),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      const text = parts.join('');
      const { lines, faults } = readPlainList(text);
      const count = text.split(/\r?\n|\r/).length;
      const seen = [...lines, ...faults].map(({ line }) => line);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.every((line) => line >= 1 && line <= count)).toBe(true);
      expect(lines.some(({ name = '', note = '' }) => /[\u0000-\u001f\u202e]/.test(name + note))).toBe(false);
    }),
  );
});
