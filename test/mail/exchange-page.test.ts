import type { ExchangeLine } from '../../src/domain/letter';
import { lettersFor } from '../../src/mail/letters';
import { SETTINGS } from '../support/mail-fixtures';

const NEW: ExchangeLine = { state: 'new', what: 'sip.example.com', why: 'trunk 3 "callcentric": sip_server' };
const letterOf = (lines: readonly ExchangeLine[], applied = false) => {
  const letters = lettersFor({ kind: 'exchange', lines, applied }, { ...SETTINGS, tellAdmin: 'alarms' });
  expect(letters.map(({ to }) => to.address)).toEqual([SETTINGS.admin]);
  const [letter] = letters;
  if (!letter) throw new Error('no letter');
  return letter;
};

it('what is new in FreePBX comes with its reason and the command that lets it in', () => {
  const { subject, text } = letterOf([NEW]);
  expect(subject).toMatch(/^FreePBX: one change not carried over/);
  expect(text).toMatch(/New, not let in: +sip\.example\.com \(trunk 3 "callcentric": sip_server\)/);
  expect(text).toContain('tollgate import freepbx --apply');
});

it('what was carried out already says so, and how to take it back', () => {
  const { subject, text } = letterOf([NEW, { state: 'gone', what: '192.0.2.1', why: 'no longer there' }], true);
  expect(subject).toMatch(/^FreePBX: 2 changes carried over/);
  expect(text).toMatch(/Let in: +sip/);
  expect(text).toMatch(/Closed: +192\.0\.2\.1/);
  expect(text).not.toContain('--apply');
});

it('a trunk’s name cannot break out of its line, and hundreds of lines make no endless letter', () => {
  const hostile = { ...NEW, why: `trunk 7 "x\r\nBcc: all@example.com\u001b[2J${'x'.repeat(500)}": match` };
  const { subject, text, html } = letterOf([hostile, ...Array.from({ length: 200 }, () => NEW)]);
  expect(`${subject}${text}${html}`).not.toMatch(/\u001b|^Bcc/m);
  expect(text).toContain('There are 151 more: tollgate import freepbx');
  expect(text.length).toBeLessThan(10_000);
});
