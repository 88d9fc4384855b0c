import type { IntruderNews, Notice } from '../../src/domain/letter';
import { lettersFor } from '../../src/mail/letters';
import { SETTINGS } from '../support/mail-fixtures';

const AT = new Date('2026-11-22T12:05:00Z');
const news = (kind: IntruderNews['kind']): IntruderNews => ({
  ...{ kind, at: AT, what: '198.51.100.9', country: 'DE', blockedUntil: 'forever', why: 'He was there.' },
});
const told = (...kinds: IntruderNews['kind'][]) => {
  const notice: Notice = { kind: 'intruders', since: AT, more: 0, news: kinds.map(news) };
  return lettersFor(notice, SETTINGS).map(({ text }) => text)[0];
};

describe('who reads of somebody who was blocked by mistake', () => {
  it('learns how to let a stranger in for good: unblocked alone he would be blocked again', () => {
    expect(told('stranger')).toMatch(/tollgate allow ADDRESS[^]*tollgate country permit DE/);
    expect(told('stranger')).not.toMatch(/tollgate unblock/);
  });
  it('learns how to unblock who has guessed passwords', () => {
    expect(told('attack')).toMatch(/tollgate unblock ADDRESS/);
    expect(told('attack')).not.toMatch(/country permit/);
  });
  it('learns both where both were there', () => {
    expect(told('attack', 'stranger')).toMatch(/tollgate allow[^]*tollgate unblock/);
  });
});
