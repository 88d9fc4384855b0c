/** What a transport owes, whichever it is: a real SMTP server or a folder. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Address } from '../../src/domain/letter';
import { fileTransport } from '../../src/mail/files';
import { relayTransport } from '../../src/mail/relay';
import type { Posted, Transport } from '../../src/mail/transport';
import { LETTER, relayAt, SETTINGS } from '../support/mail-fixtures';
import { openMailServer } from '../support/mail-server';
import { readLetter, type ReadLetter } from '../support/read-letter';

interface Place {
  transport(from: Address): Transport;
  /** What lies there, in the order of arrival. */
  letters(): Promise<readonly (ReadLetter & { readonly raw: string })[]>;
  close(): Promise<void>;
}

async function relayPlace(): Promise<Place> {
  const server = await openMailServer();
  return {
    transport: (from) => relayTransport(relayAt(server.port), from, SETTINGS),
    letters: () => Promise.resolve(server.arrived),
    close: () => server.close(),
  };
}

async function folderPlace(): Promise<Place> {
  const parent = await mkdtemp(join(tmpdir(), 'tollgate-mail-'));
  const folder = join(parent, 'mail');
  return {
    transport: (from) => fileTransport(folder, from),
    letters: async () => {
      const names = await readdir(folder).catch(() => []); // no letter yet, no folder
      const raws = await Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
      return raws.map((raw) => ({ ...readLetter(raw), raw }));
    },
    close: () => rm(parent, { recursive: true }),
  };
}

const POSTED: Posted = { ...LETTER, messageId: '<0a1b@pbx.example.net>', queuedAt: new Date('2026-11-22T13:05:00Z') };
const NEVER = new AbortController().signal;
const places: [string, () => Promise<Place>][] = [
  ['a mail server', relayPlace],
  ['a folder', folderPlace],
];

describe.each(places)('a letter to %s', (_name, openPlace) => {
  let place: Place;
  beforeEach(async () => {
    place = await openPlace();
  });
  afterEach(() => place.close());

  const send = (more: Partial<Posted> = {}, from: Address = SETTINGS.from) =>
    place.transport(from).send({ ...POSTED, ...more }, NEVER);
  const only = async () => {
    const [letter, ...rest] = await place.letters();
    expect(rest).toEqual([]);
    if (!letter) throw new Error('no letter arrived');
    return letter;
  };

  it('arrives with both its parts', async () => {
    expect(await send()).toMatchObject({ kind: 'sent' });
    const letter = await only();
    expect(letter.text).toBe(LETTER.text);
    expect(letter.html).toBe(LETTER.html);
    expect(letter.headers['content-type']).toMatch(/^multipart\/alternative/);
  });

  it('has the headers of a machine’s letter', async () => {
    await send();
    const { headers } = await only();
    expect(headers).toMatchObject({
      from: 'Office PBX <pbx@example.net>',
      to: 'Traveller <traveller@example.net>',
      subject: 'It is open',
      'message-id': '<0a1b@pbx.example.net>',
      date: 'Sun, 22 Nov 2026 13:05:00 +0000',
      'auto-submitted': 'auto-generated',
      'mime-version': '1.0',
    });
    expect(headers['x-mailer']).toBeUndefined();
  });

  it('arrives with letters of any alphabet', async () => {
    await send({ subject: 'Tür offen für 日本', to: { name: 'Jürgen Østergård', address: 'traveller@example.net' } });
    const { headers } = await only();
    expect(headers['subject']).toBe('Tür offen für 日本');
    expect(headers['to']).toBe('Jürgen Østergård <traveller@example.net>');
  });

  it('with lines of one dot and very long lines arrives unchanged', async () => {
    const text = `.\n..\n.x\n${'long '.repeat(500)}\n`;
    await send({ text });
    expect((await only()).text).toBe(text);
  });

  const EVIL = [
    'Eve\r\nBcc: eve@evil.example',
    'Eve <eve@evil.example>, Ann',
    '"Eve" <eve@evil.example>',
    'Eve" <eve@evil.example>, "',
    'eve@evil.example,',
    'group: eve@evil.example;',
    '=?utf-8?Q?=0d=0aBcc:_eve@evil.example?=',
    'Eve\u2028Bcc: eve@evil.example',
    'Eve\0\n\n\n.\r\nMAIL FROM:<eve@evil.example>',
    '(',
    '\\',
  ];
  for (const evil of EVIL) {
    it(`to somebody called ${JSON.stringify(evil)} goes to him alone`, async () => {
      expect(await send({ to: { name: evil, address: 'traveller@example.net' }, subject: evil })).toMatchObject({
        kind: 'sent',
      });
      const { headers, raw } = await only();
      expect(headers['bcc']).toBeUndefined();
      expect(headers['cc']).toBeUndefined();
      expect(headers['to']).toMatch(/<traveller@example\.net>$/);
      expect(raw).not.toMatch(/^(?:bcc|cc|resent-\w+): /im);
    });
    it(`from somebody called ${JSON.stringify(evil)} has one sender`, async () => {
      await send({}, { name: evil, address: 'pbx@example.net' });
      const { headers } = await only();
      expect(headers['from']).toMatch(/<pbx@example\.net>$/);
      expect(headers['bcc']).toBeUndefined();
    });
    it(`to the address ${JSON.stringify(evil)} is refused and goes nowhere`, async () => {
      expect(await send({ to: { name: '', address: evil } })).toMatchObject({ kind: 'refused' });
      expect(await send({}, { name: '', address: evil })).toMatchObject({ kind: 'refused' });
      expect(await place.letters()).toEqual([]);
    });
  }

  it('never gains a header or a recipient, whatever its texts are', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(text, text, fc.nat(), async (name, subject, n) => {
        const messageId = `<${n}-${seen.size}@pbx.example.net>`;
        await send({ messageId, subject, to: { name, address: 'traveller@example.net' } });
        const letter = (await place.letters()).find(({ headers }) => headers['message-id'] === messageId);
        seen.add(
          Object.keys(letter?.headers ?? {})
            .sort()
            .join(),
        );
        expect(letter?.headers['to']).toMatch(/traveller@example\.net>?$/);
        expect(letter?.text).toBe(LETTER.text);
      }),
      { numRuns: 20 },
    );
    const [one, ...more] = [...seen].map((names) => names.replace('subject,', ''));
    expect(more.every((names) => names === one)).toBe(true); // an empty subject is left out, nothing else varies
  });
});
