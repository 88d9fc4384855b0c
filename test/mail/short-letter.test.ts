import type { Letter, Notice } from '../../src/domain/letter';
import { lettersFor } from '../../src/mail/letters';
import { messageOf } from '../../src/mail/message';
import { ACCOUNT, ENTRY, SETTINGS } from '../support/mail-fixtures';

const SHORT = '15551234567@sms.example.net';
const settings = { ...SETTINGS, short: SHORT };
const AT = new Date('2026-11-22T12:05:00Z');
const intruder = (why: string) =>
  ({ kind: 'stranger', at: AT, what: '198.51.100.9', country: 'DE', blockedUntil: undefined, why }) as const;
const INTRUDERS: Notice = {
  kind: 'intruders',
  since: AT,
  more: 0,
  news: [intruder('A call without a number: Germany (DE) is not permitted. It was refused.'), intruder('Again.')],
};
const LOCKED: Notice = { kind: 'locked', account: ACCOUNT, until: AT, caller: undefined };
const OPENED: Notice = {
  kind: 'opened',
  ...{ account: ACCOUNT, entry: ENTRY, renewed: false, caller: undefined, closed: [] },
};

const short = (notice: Notice, given = settings): Letter | undefined =>
  lettersFor(notice, given).find(({ to }) => to.address === SHORT);

describe('the address for text messages', () => {
  it('is told of alarms, whatever the admin reads besides, and of nothing else', () => {
    for (const tellAdmin of ['nothing', 'alarms', 'everything'] as const) {
      expect(short(LOCKED, { ...settings, tellAdmin })).toBeDefined();
      expect(short(INTRUDERS, { ...settings, tellAdmin })).toBeDefined();
      expect(short(OPENED, { ...settings, tellAdmin })).toBeUndefined();
    }
    expect(lettersFor(INTRUDERS, SETTINGS).map(({ to }) => to.address)).toEqual([SETTINGS.admin]);
  });

  it('reads in one line what happened and to whom', () => {
    expect(short(INTRUDERS)).toMatchObject({
      subject: 'Tollgate',
      text: expect.stringMatching(
        /^0 blocked, 2 noticed since .* \(Office PBX\)\. 198\.51\.100\.9, Germany \(DE\): A call/,
      ) as string,
    });
  });

  it('gets 160 plain characters at the most, whatever strangers write', () => {
    const hostile = intruder(`Grüße … \u{1F600} \r\nBcc: x@example.com ${'ñ'.repeat(500)}`);
    const letter = short({ ...INTRUDERS, news: [hostile] }, { ...settings, pbxName: 'Café' });
    expect(letter?.text).toMatch(/^[ -~]+$/);
    expect(letter?.text).toContain('(Cafe)');
    expect(`${letter?.subject} / ${letter?.text}`.length).toBeLessThanOrEqual(160);
  });

  it('gets no HTML', () => {
    const letter = short(LOCKED);
    if (!letter) throw new Error('nobody is told');
    const message = messageOf({ ...letter, messageId: '<1@pbx.example.net>', queuedAt: AT }, SETTINGS.from);
    expect(message).not.toHaveProperty('html');
    expect(message).toMatchObject({ to: { address: SHORT }, text: letter.text });
  });
});
