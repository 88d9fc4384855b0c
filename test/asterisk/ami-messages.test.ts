import fc from 'fast-check';
import { messageReader } from '../../src/asterisk/ami-messages';
import { anyText } from '../support/any-text';

const KIB = 1024;
const read = (...pieces: readonly string[]) => {
  const reader = messageReader();
  return pieces.map((piece) => reader(piece));
};

const words = ['\r\n', '\r', '\n', '\r\n\r\n', '\u2028', 'Response: ', 'RESPONSE:', 'Follows', 'Event: X'];
const text = fc
  .array(fc.oneof(fc.constantFrom(...words), anyText), { maxLength: 40 })
  .map((parts) => parts.join(''))
  .filter((said) => !/[\ud800-\udfff]/.test(said)); // no half of a pair comes out of a socket

describe('messages of the manager interface', () => {
  it('are the same however they are cut, and none is lost', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(400)), (said, cuts) => {
        const ends = [...new Set([0, ...cuts.filter((cut) => cut < said.length), said.length])].sort((a, b) => a - b);
        const pieces = ends.slice(1).map((end, i) => said.slice(ends[i], end));
        const whole = read(said).join('');
        expect(read(...pieces).join('')).toBe(whole);
        expect(read(...Array.from(said)).join('')).toBe(whole);
        expect(read(`${said}\r\n\r\n`).join('').startsWith(whole)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('reach the library whole, with no line that it would cut or fall silent at', () => {
    fc.assert(
      fc.property(text, (said) => {
        const whole = read(`${said}\r\n\r\n`).join('');
        expect(whole).toMatch(/\r\n\r\n$/);
        expect(whole.replaceAll('\r\n', '')).not.toContain('\n');
        for (const line of whole.toLowerCase().split('\r\n'))
          expect(line.startsWith('response:') && line.includes('follow')).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('have lines of 64 KiB at most, however they come', () => {
    const line = 'x'.repeat(64 * KIB);
    expect(read(`${line}\r\n\r\n`)).toEqual([`${line}\r\n\r\n`]);
    expect(read(`${line}x`)).toEqual([undefined]);
    expect(read(`${line}x\r\n\r\n`)).toEqual([undefined]);
    expect(read(...Array.from(line), 'x').at(-1)).toBeUndefined();
    // What Asterisk ends a line with is CR and LF.
    expect(read(...Array.from({ length: 64 }, () => '\n'.repeat(KIB)), '\n').at(-1)).toBeUndefined();
  });

  it('are a mebibyte long at most, however many come', () => {
    const lines = (many: number) => `${'x'.repeat(1022)}\r\n`.repeat(many);
    expect(read(...Array.from({ length: 5000 }, () => `${lines(1)}\r\n`))).not.toContain(undefined);
    expect(read(`${lines(1023)}\r\n`)).not.toContain(undefined);
    expect(read(...Array.from({ length: 1025 }, () => lines(1))).at(-1)).toBeUndefined();
  });

  it('have a hundred thousand lines at most, which the library takes one by one from the front of an array', () => {
    const lines = (many: number) => 'x\r\n'.repeat(many);
    expect(read(...Array.from({ length: 90 }, () => lines(1000)), '\r\n')).not.toContain(undefined);
    expect(read(...Array.from({ length: 110 }, () => lines(1000)))).toContain(undefined);
    expect(read(...Array.from({ length: 110 }, () => `${lines(1000)}\r\n`))).not.toContain(undefined);
  });

  it('cost no more for coming byte by byte within a line', () => {
    const since = performance.now();
    expect(read(...Array.from({ length: 21_000 }, () => '\rx\n'), '\r\n\r\n').at(-1)).toHaveLength(63_004);
    expect(performance.now() - since).toBeLessThan(500);
  });

  it('cost no more for coming a line at a time', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `Line-000000-${i}: match=192.0.2.1\r\n`);
    const since = performance.now();
    expect(read(...lines, '\r\n').at(-1)).toHaveLength(lines.join('').length + 2);
    expect(performance.now() - since).toBeLessThan(1000);
  });
});
