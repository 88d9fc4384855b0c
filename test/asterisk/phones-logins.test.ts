import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readIaxLine, readLogin } from '../../src/asterisk/phones-logins';
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
  const line = /^line: (.*)$/.exec(sample)?.[1];
  const login = line === undefined ? readLogin(frame(sample)) : readIaxLine(line);
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
      const login = readIaxLine(parts.join(''));
      expect(login === undefined || parseAddress(login.address) === login.address).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
