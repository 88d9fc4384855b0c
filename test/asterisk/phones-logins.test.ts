import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { IAX_FAILURES, logFormatOf, OUTCOMES, readIaxLine, readLogin } from '../../src/asterisk/phones-logins';
import { parseAddress } from '../../src/domain/network';
import { frame } from '../support/frame';

const samples = readFileSync(join(__dirname, 'login-events.txt'), 'utf8')
  .split('\n\n')
  .flatMap((block) => {
    const [, expected] = /^# expect: (.*)$/m.exec(block) ?? [];
    const sample = block.replace(/^#.*\n?/gm, '').trimEnd();
    return expected === undefined ? [] : [{ title: `${block.split('\n')[0] ?? ''} ${expected}`, expected, sample }];
  });

it.each(samples)('$title', ({ expected, sample }) => {
  const [, format, line] = /^(line|json): (.*)$/.exec(sample) ?? [];
  const login = line === undefined ? readLogin(frame(sample)) : readIaxLine(line, format === 'json' ? 'json' : 'plain');
  expect(login && JSON.parse(JSON.stringify(login))).toEqual(expected === 'nothing' ? undefined : JSON.parse(expected));
});

it.each([
  'PJSIP',
  'SIP',
  'IAX2',
  'AMI',
  'answer',
  'connection',
  '"no"',
  'good',
  'wrong-password',
  'unknown-account',
  'refused',
])('the samples have a login with %s', (part) =>
  expect(samples.some(({ expected }) => expected.includes(part))).toBe(true),
);

it.each([
  ...Object.keys(OUTCOMES).map((event) => [event, new RegExp(`^Event: ${event}$`, 'm')] as const),
  ...IAX_FAILURES.map(([form]) => [String(form), new RegExp(form.source.replace(/^\^|\$$/g, ''), 's')] as const),
])('the samples have a login by %s', (_, rule) =>
  expect(samples.some(({ expected, sample }) => expected !== 'nothing' && rule.test(sample))).toBe(true),
);

it('believes a log whose name says that it is JSON, whatever stands in it, and no other', () => {
  expect(['/var/log/asterisk/notices.json', '/var/log/asterisk/full', 'x.json.1'].map(logFormatOf)).toEqual([
    'json',
    'plain',
    'plain',
  ]);
});

it('keeps 64 characters of a name', () => {
  const event = frame(
    `Event: InvalidAccountID\nService: PJSIP\nAccountID: ${'x'.repeat(500)}\nRemoteAddress: IPV4/TCP/192.0.2.1/1`,
  );
  expect(readLogin(event)?.account).toHaveLength(64);
});

it('reads any line as a login from one address, or as none, at once', () => {
  const part = fc.constantFrom(
    'NOTICE[1]',
    ' chan_iax2.c:',
    ' Host ',
    '192.0.2.1',
    ':4569',
    ' failed to authenticate as ',
    '[',
    'x',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string())), (parts) => {
      for (const format of ['json', 'plain'] as const) {
        const login = readIaxLine(parts.join(''), format);
        expect(login === undefined || parseAddress(login.address) === login.address).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});
