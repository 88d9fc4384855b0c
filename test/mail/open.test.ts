import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPost } from '../../src/mail/open';
import type { MailSettings } from '../../src/mail/settings';
import { fakeClock } from '../support/fake-clock';
import { LETTER, relayAt, SETTINGS } from '../support/mail-fixtures';
import { openMailServer } from '../support/mail-server';
import { memoryLetters } from '../support/memory-letters';

const open = (more: Partial<MailSettings> = {}) => {
  const ports = { store: memoryLetters(), clock: fakeClock(), random: randomBytes, log: () => undefined };
  return openPost({ ...SETTINGS, ...more }, ports);
};

describe('the post', () => {
  it('sends a test letter past the outbox and tells the server’s answer', async () => {
    const server = await openMailServer();
    const post = open({ relay: relayAt(server.port) });
    const [letter] = post.lettersFor({ kind: 'test', to: 'ann@example.org' });
    if (!letter) throw new Error('no letter');
    expect(await post.sendNow(letter)).toContain('taken as 4711');
    expect(server.arrived).toMatchObject([{ to: ['ann@example.org'] }]);
    expect(await post.state()).toMatchObject({ waiting: 0, sent: 0 });
    await server.close();
  });

  it('says why a test letter was not taken, and what to do', async () => {
    const server = await openMailServer();
    await server.close();
    await expect(open({ relay: relayAt(server.port) }).sendNow(LETTER)).rejects.toMatchObject({
      code: 'MAIL_FAILED',
      what: expect.stringMatching(
        /^The letter to traveller@example\.net was not taken: 127\.0\.0\.1:\d+: .*ECONNREFUSED/,
      ) as string,
      hint: expect.stringContaining('mail.port') as string,
    });
  });

  it('without a mail server writes into the folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tollgate-mail-'));
    const answer = await open({ folder }).sendNow(LETTER);
    const [name = ''] = await readdir(folder);
    expect(answer).toBe(`written to ${join(folder, name)}`);
    await rm(folder, { recursive: true });
  });

  it('gives every letter a Message-ID of its own', () => {
    const post = open();
    const ids = Array.from({ length: 100 }, () => post.newMessageId());
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^<[0-9a-f]{32}@pbx\.example\.net>$/);
  });

  it('makes a Message-ID whatever the host is called', () => {
    expect(open({ hostName: 'a b>\r\nX: y' }).newMessageId()).toMatch(/@abXy>$/);
    expect(open({ hostName: '' }).newMessageId()).toMatch(/@localhost>$/);
    expect(open({ hostName: 'x'.repeat(300) }).newMessageId().length).toBeLessThanOrEqual(190);
  });
});
