/** Whatever a pjsip.conf holds, or whoever answers in its place: settings that are some, and never a bug. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { AmiConnection } from '../../src/asterisk/ami-connection';
import {
  endpointsWithoutKeepalive,
  pjsipBinds,
  pjsipMatches,
  pjsipOutsideAddresses,
  pjsipRegistrations,
  pjsipSections,
} from '../../src/asterisk/pjsip-sections';
import { clock } from '../../src/clock';
import { farEndsOf } from '../../src/domain/far-ends';
import { isSingle, parseNetwork } from '../../src/domain/network';
import { printable } from '../../src/domain/printable';
import { AppError } from '../../src/errors';
import { amiPeer } from '../support/ami-peer';
import { around } from '../support/any-text';

const SETTINGS = [
  ...[
    'match=192.0.2.1,sip.example.com',
    'endpoint=carrier',
    'server_uri=sip:sip.example.com',
    'client_uri=sip:a@b.example',
  ],
  ...['outbound_proxy=sip:192.0.2.5\\;lr', 'rtp_keepalive=5', 'bind=0.0.0.0:5060', 'bind=[::]:5061', 'bind=:99999'],
  ...[
    'external_media_address=198.51.100.1',
    'external_signaling_address=pbx.example.com',
    'type=endpoint',
    '=',
    'match=',
  ],
];
const KNOWN = ['match', 'server_uri', 'client_uri', 'outbound_proxy'];
/** What no line of Asterisk's can hold is a line's end. */
const text = (...samples: readonly string[]) => around(...samples).map((said) => said.replace(/[\r\n\v]/g, ' '));
const section = fc.record({
  number: fc.oneof(
    fc.nat(999_999).map((n) => String(n).padStart(6, '0')),
    text('000001'),
  ),
  name: text('carrier', '\u001b[2J', '\u202egnp'),
  lines: fc.array(text(...SETTINGS), { maxLength: 8 }),
  outside: fc.ipV4(),
});
type Section = typeof section extends fc.Arbitrary<infer T> ? T : never;

const linesOf = ({ number, name, lines, outside }: Section) => [
  `Category-${number}: ${name}`,
  ...[...lines, `external_media_address=${outside}`].map(
    (line, i) => `Line-${number}-${String(i).padStart(6, '0')}: ${line}`,
  ),
];
const reply = (sections: readonly Section[]) =>
  ['Response: Success', 'ActionID: ID', ...sections.flatMap(linesOf), '', ''].join('\n');

it('is read as what it can mean, no more than there is, and its names move no terminal where they are sentences', async () => {
  let answer = '';
  const peer = await amiPeer((action) => (action['Action'] === 'GetConfig' ? answer : undefined));
  const settings = { host: '127.0.0.1', port: peer.port, user: 'tollgate', secret: 'p' };
  const connection = new AmiConnection(settings, { clock, random: randomBytes }, () => undefined);
  await connection.open();
  const orFailed = async <T>(work: Promise<readonly T[]>): Promise<readonly T[]> =>
    work.catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'AMI_FAILED') return [];
      throw error;
    });
  await fc.assert(
    fc.asyncProperty(fc.array(section, { maxLength: 6 }), async (sections) => {
      answer = reply(sections);
      const most = answer.split('\n').length;
      const mentions = await orFailed(pjsipSections(connection));
      expect(mentions.length).toBeLessThanOrEqual(3 * most);
      for (const { setting, value } of mentions) {
        expect(KNOWN).toContain(setting);
        expect(answer).toContain(value);
      }
      for (const { what } of farEndsOf(mentions).found)
        expect(parseNetwork(what) ?? /^[a-z0-9_.-]+$/.exec(what)?.[0]).toBe(what);
      for (const { uri } of await orFailed(pjsipRegistrations(connection))) expect(answer).toContain(uri);
      for (const { hosts } of await orFailed(pjsipMatches(connection))) expect(answer).toContain(hosts);
      for (const { first, last } of await orFailed(pjsipBinds(connection))) {
        expect([first > 0, first <= 65_535, last]).toEqual([true, true, first]);
      }
      for (const { address, from } of await orFailed(pjsipOutsideAddresses(connection))) {
        expect([parseNetwork(address), isSingle(address)]).toEqual([address, true]);
        expect(from).toBe(printable(from));
      }
      const named = sections.map(({ name }) => name);
      expect((await endpointsWithoutKeepalive(connection, named)).length).toBeLessThanOrEqual(most * named.length);
    }),
    { numRuns: 150 },
  );
  connection.close('the test is over');
  await peer.close();
});
