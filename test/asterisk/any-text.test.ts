/** Whatever Asterisk, or who stands in its place, sends: every reader tells what it is or says no, in its own way. */
import fc from 'fast-check';
import { lineReader } from '../../src/asterisk/agi-lines';
import { callerNumberOf, environmentReader, queryOf, scriptOf } from '../../src/asterisk/agi-environment';
import { readReply, replyLines } from '../../src/asterisk/agi-reply';
import { field, readFrame } from '../../src/asterisk/ami-frame';
import { checkHeaders, isSendable } from '../../src/asterisk/ami-headers';
import { replyKind } from '../../src/asterisk/ami-reply';
import { HungUp } from '../../src/domain/call';
import { anyText, around, orRefused } from '../support/any-text';

const RUNS = { numRuns: 500 };

describe('what comes over AGI', () => {
  const LINES = [
    'agi_request: agi://x/y?z=1',
    'agi_callerid: "A: b" <1>',
    'agi_arg_1: 2001:db8::1',
    'agi_extension:',
    '',
  ];

  it('is an environment, no more than was sent, or refused', () => {
    fc.assert(
      fc.property(fc.array(around(...LINES), { maxLength: 30 }), (lines) => {
        const read = environmentReader();
        for (const line of lines) {
          const environment = orRefused('AGI_FAILED', () => read(line));
          if (!environment) continue;
          for (const [name, value] of environment)
            expect(lines.some((one) => one.includes(name) && one.includes(value))).toBe(true);
          expect(scriptOf(environment)).not.toContain('?');
          expect(queryOf(environment) ?? '').not.toContain('\n');
          expect(callerNumberOf(environment) ?? '1').toMatch(/^\d+$/);
        }
      }),
      RUNS,
    );
  });

  it('is the same lines however it is cut, up to the longest', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(299)), (all, cuts) => {
        const ends = [...new Set([0, ...cuts, all.length])].filter((end) => end <= all.length).sort((a, b) => a - b);
        const chunks = ends.slice(1).map((end, i) => Buffer.from(all.subarray(ends[i], end)));
        const read = (pieces: readonly Buffer[]) => orRefused('AGI_FAILED', () => pieces.flatMap(lineReader(50)));
        expect(read(chunks)).toEqual(read([Buffer.from(all)]));
      }),
      RUNS,
    );
  });

  it('reaches the library as a reply that it settles, or not at all', () => {
    const replies = [
      '200 result=0 endpos=80',
      '520-Invalid',
      '520 End',
      '511 x',
      '200 result=1 (timeout)',
      '100 Trying',
    ];
    fc.assert(
      fc.property(fc.array(around(...replies)), (lines) => {
        for (const line of lines.map(replyLines())) expect(line ?? '200 result=').toMatch(/^\d{3} result=/);
      }),
      RUNS,
    );
  });

  it('is a result, a hang-up or a refusal', () => {
    const results = ['0 endpos=8000', '-1', '-1 endpos=0', '12#'];
    fc.assert(
      fc.property(fc.constantFrom(100, 200, 510, 511, 520, 999), around(...results), anyText, (code, result, note) => {
        try {
          expect(readReply('GET DATA "x"', code, result, note).endpos).toBeGreaterThanOrEqual(0);
        } catch (error) {
          if (!(error instanceof HungUp)) expect(error).toMatchObject({ code: 'AGI_FAILED' });
        }
      }),
      RUNS,
    );
  });
});

describe('what comes over AMI', () => {
  const value = fc.oneof(anyText, fc.array(anyText), fc.anything({ withNullPrototype: true }));
  const name = fc.oneof(
    anyText,
    fc.constantFrom('event', 'message', 'response', '__proto__', 'constructor', 'variable'),
  );

  it('is text by name and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(name, value), fc.anything()), (raw) => {
        const frame = readFrame(raw);
        for (const text of [...frame.fields.values(), ...frame.variables.values()]) expect(typeof text).toBe('string');
        expect(field(frame, 'toString')).toBe(
          Object.hasOwn(Object(raw) as object, 'toString') ? field(frame, 'toString') : undefined,
        );
        expect(typeof replyKind(frame)).toBe('string');
      }),
      RUNS,
    );
  });

  it('is sent on one line, or not at all', () => {
    fc.assert(
      fc.property(around('Channel', 'ActionID'), around('PJSIP/701-0001', 'a\r\nAction: Originate'), (header, text) => {
        const sent = orRefused('AMI_FAILED', () => (checkHeaders({ Action: 'Status', [header]: text }), true));
        if (sent) expect(`${header}: ${text}`).toMatch(/^[A-Za-z][A-Za-z0-9]*: [^\u0000-\u001f\u007f]{0,1000}$/u);
        if (header !== 'Action') expect(isSendable(header, text)).toBe(sent === true);
      }),
      RUNS,
    );
  });
});
