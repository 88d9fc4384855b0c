/** Whatever text comes: the small readers say what it is, or that it is nothing. */
import fc from 'fast-check';
import { takeAnswer } from '../src/asterisk/call-keys';
import type { ExchangeTables } from '../src/domain/exchange';
import { farEndsOf } from '../src/domain/far-ends';
import { mentionsIn } from '../src/domain/freepbx-rows';
import { parseHostName } from '../src/domain/host-name';
import { readHostPort } from '../src/domain/host-port';
import { isSingle, parseNetwork } from '../src/domain/network';
import { printable } from '../src/domain/printable';
import { listedMembers } from '../src/firewall/listed-members';
import { deliveryOf, serverWords } from '../src/mail/fault';
import { around } from './support/any-text';

const RUNS = { numRuns: 500 };
const like = (...samples: readonly string[]) => fc.oneof(fc.constantFrom(...samples), around(...samples));

it('the keys of a call are one answer and the rest, and none is lost or comes twice', () => {
  const keys = fc.string({ unit: fc.constantFrom(...Array.from('0123456789*#')), maxLength: 20 });
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 12 }), (pressed, most) => {
      const { answer, complete, full, rest } = takeAnswer(pressed, most);
      expect(answer.length).toBeLessThanOrEqual(most);
      expect(answer).not.toContain('#');
      expect([`${answer}${rest}`, `${answer}#${rest}`]).toContain(pressed);
      expect(complete).toBe(answer.length === most || pressed.includes('#'));
      if (full) expect([answer, rest]).toEqual([pressed, '']);
    }),
    RUNS,
  );
});

it('a host’s name is one that reads the same again, or none', () => {
  fc.assert(
    fc.property(
      like('sip.example.com', 'a.b.', 'Zoë.example', 'xn--zo-xka.example', '日本.example', '192.0.2.300', 'a.1'),
      (text) => {
        const name = parseHostName(text);
        if (name === undefined) return;
        expect(parseHostName(name)).toBe(name);
        expect(name).toMatch(/^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+$/);
        expect(name.length).toBeLessThanOrEqual(253);
        expect(name).not.toMatch(/\.\d+$/); // nor nearly an address
      },
    ),
    { numRuns: 1000 },
  );
});

it('an address with its port is one address, or none', () => {
  fc.assert(
    fc.property(like('192.0.2.1:5060', '[2001:db8::1]:5060', '2001:db8::1', '192.0.2.0/24:1'), (text) => {
      const address = readHostPort(text);
      if (address === undefined) return;
      expect([parseNetwork(address), isSingle(address)]).toEqual([address, true]);
    }),
    RUNS,
  );
});

it('FreePBX’s rows are far ends, no more than there are rows, or reasons that name whose they are', () => {
  const word = (...samples: readonly string[]) => like('1', ...samples);
  const tables: fc.Arbitrary<ExchangeTables> = fc.record({
    trunks: fc.array(
      fc.record({
        ...{ id: fc.nat(3), name: word('carrier'), isDisabled: fc.boolean() },
        tech: word('pjsip', 'sip', 'iax', 'custom', 'dundi'),
      }),
      { maxLength: 4 },
    ),
    devices: fc.array(fc.record({ id: word('701'), tech: word('pjsip', 'sip'), description: word() }), {
      maxLength: 4,
    }),
    settings: fc.array(
      fc.record({
        table: fc.constantFrom('sip', 'pjsip', 'iax'),
        id: word('tr-peer-1', '701', 'tr-reg-1', '2'),
        keyword: word('host', 'match', 'sip_server', 'permit', 'register', 'registration', '__proto__', 'constructor'),
        data: word('192.0.2.1', 'receive', 'dynamic', 'user:secret@sip.example.com/1', '0.0.0.0/0'),
      }),
      { maxLength: 8 },
    ),
  });
  fc.assert(
    fc.property(tables, (rows) => {
      const { mentions, leftOut } = mentionsIn(rows);
      expect(mentions.length).toBeLessThanOrEqual(rows.settings.length);
      expect(leftOut.length).toBeLessThanOrEqual(rows.settings.length + rows.trunks.length);
      for (const { value, form } of mentions) {
        expect(rows.settings.map(({ data }) => data)).toContain(value);
        expect(['hosts', 'uris', 'permit', 'register']).toContain(form);
      }
      for (const { what } of farEndsOf(mentions).found) expect(parseNetwork(what) ?? parseHostName(what)).toBe(what);
    }),
    RUNS,
  );
});

it('a set’s listing is its members and what is left to them, in time', () => {
  const line = like('add tg-sip4 192.0.2.1 timeout 98 packets 3 bytes 0', 'add tg-sip4 ::1.2.3.4/120', 'add tg-sip4 ');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const text = lines.join('\n');
      const members = [...listedMembers(text, 'tg-sip4')];
      expect(members.length).toBeLessThanOrEqual(text.split('\n').length);
      for (const [member, left] of members) {
        expect(member).not.toMatch(/[ \n]/);
        expect(left === 'forever' || left > 0).toBe(true);
        expect(listedMembers(text, 'tg-sip4').has(member)).toBe(true);
      }
    }),
    RUNS,
  );
});

it('a mail server’s words are bounded, and move no terminal', () => {
  const said = like('550 5.1.1 <ann@example.com>: no such user', '451 4.3.0 \u001b[2Jlater', '\u202e');
  fc.assert(
    fc.property(said, fc.constantFrom(undefined, 250, 421, 451, 550, 599, NaN), said, (words, responseCode, code) => {
      const shown = serverWords(words);
      expect(printable(shown)).toBe(shown);
      expect(shown.length).toBeLessThan(1000);
      const error = Object.assign(new Error(words), { responseCode, code, response: words });
      const delivery = JSON.stringify(deliveryOf(error, 'mail.example.com'));
      expect(printable(delivery)).toBe(delivery);
    }),
    RUNS,
  );
});
