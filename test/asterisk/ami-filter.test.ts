/** What the filter means; that Asterisk applies it so is tried on the real one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { BROKEN_EVENTS } from '../../src/asterisk/ami-filter';
import { messageReader } from '../../src/asterisk/ami-messages';

/** An expression of POSIX, in JavaScript's words. */
const pattern = new RegExp(BROKEN_EVENTS.slice(1).replaceAll('[:cntrl:]', '\\u0000-\\u001f\\u007f'));
const FORGED =
  'Event: SuccessfulAuth\nService: SIP\nUsingPassword: 1\nAccountID: 701\nRemoteAddress: IPV4/UDP/198.51.100.9/5060';
/** As Asterisk 16 sends it to a REGISTER or INVITE from this user. */
const challenge = (user: string) =>
  'Event: ChallengeSent\r\nPrivilege: security,all\r\nEventTV: 2026-11-22T20:11:00.000+0000\r\nSeverity: Informational\r\n' +
  `Service: SIP\r\nEventVersion: 1\r\nAccountID: ${user}\r\nSessionID: 0x7fb65c002e30\r\n` +
  'LocalAddress: IPV4/UDP/127.0.0.1/5160\r\nRemoteAddress: IPV4/UDP/127.0.0.1/36672\r\nChallenge: 0d7c4b29\r\n\r\n';
const crlf = (text: string) => text.replaceAll('\n', '\r\n');

it.each([
  ['an event', `a\n\n${FORGED}\n\n`],
  ['an event with the line ends of a true one', crlf(`a\n\n${FORGED}\n\n`)],
  [
    'an event, and the head of another for the rest',
    crlf(`a\nRemoteAddress: IPV4/UDP/198.51.100.9/5060\n\n${FORGED}\n\nEvent: X\nY: `),
  ],
  ['mixed line ends', 'a\r\n\nEvent: X'],
  ['other mixed line ends', 'a\n\r\nEvent: X'],
  ['more than one empty line', crlf('a\n\n\n\nEvent: X')],
  ['other control characters between', 'a\r\n\r\n\u0001\r\nEvent: X'],
  ['nothing but an empty line', 'a\r\n\r\n'],
  ['one line', 'a\nRemoteAddress: x'],
])('keeps away an event whose user holds %s', (_, user) => {
  expect(pattern.test(challenge(user))).toBe(true);
});

it.each(['701', '', 'Zoë 日本', 'a: b', 'a\u001b[2J', '\\n\\nEvent: X', '%0a%0aEvent: X'])(
  'lets an event through whose user is %j',
  (user) => {
    expect(pattern.test(challenge(user))).toBe(false);
  },
);

it('lets true events through', async () => {
  for (const file of ['security-events.txt', 'login-events.txt']) {
    const text = await readFile(join(__dirname, file), 'utf8');
    const events = text
      .replace(/^#.*\n/gm, '')
      .split(/\n{2,}/)
      .filter((event) => event.startsWith('Event: '));
    expect(events.length).toBeGreaterThan(5);
    for (const event of events) expect([event, pattern.test(crlf(`${event.trim()}\n\n`))]).toEqual([event, false]);
  }
});

describe('the line for manager.conf, which cannot hold control characters', () => {
  const piece = fc.constantFrom('\r', '\n', '\r\n', '\r\n\r\n', '\t', '\u0001', 'a', ': ', 'Event: X', 'é');

  it('lets no event through that we would read as two, and every one that is true', async () => {
    const text = await readFile(join(__dirname, '../../dialplan/manager-tollgate.conf'), 'utf8');
    const line = /^eventfilter = !([ -~]+)$/m.exec(text)?.[1] ?? fail();
    const shipped = new RegExp(line.replaceAll('[:cntrl:]', '\\u0000-\\u001f\\u007f'));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const event = challenge(pieces.join(''));
        const read = (messageReader()(event) ?? '').split('\r\n\r\n').filter((message) => message.trim() !== '');
        expect(read.length === 1 || shipped.test(event)).toBe(true);
      }),
      { numRuns: 3000 },
    );
    for (const user of ['701', '', 'Zoë 日本', 'a: b']) expect(shipped.test(challenge(user))).toBe(false);
  });
  const fail = (): never => {
    throw new Error('manager-tollgate.conf has no eventfilter');
  };
});
