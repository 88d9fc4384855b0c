import { lettersFor } from '../../src/mail/letters';
import { ACCOUNT, ENTRY, SETTINGS } from '../support/mail-fixtures';

const opened = {
  kind: 'opened',
  account: ACCOUNT,
  entry: ENTRY,
  renewed: false,
  caller: '49891234',
  closed: [],
} as const;
const texts = (country: string | undefined) =>
  lettersFor({ ...opened, country }, { ...SETTINGS, tellAdmin: 'everything' }).map(({ text }) => text);

it('traveller and admin read where an opened address is', () => {
  const letters = texts('DE');
  expect(letters).toHaveLength(2);
  for (const text of letters) expect(text).toContain(`${ENTRY.network}, Germany (DE)`);
});

it('nothing is said of a country that nobody knows', () => {
  for (const text of texts(undefined)) expect(text).not.toMatch(/undefined|\(DE\)/);
});
