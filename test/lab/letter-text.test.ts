import { readLetter } from '../../src/lab/letter-text';

const letter = (...lines: string[]) => lines.join('\r\n');

describe('a letter as a person sees it', () => {
  it('is its subject and its text', () => {
    expect(readLetter(letter('Subject: Open', 'Content-Type: text/plain', '', 'Hello Ann,', 'it is open.'))).toEqual({
      subject: 'Open',
      text: 'Hello Ann,\nit is open.',
    });
  });

  it('joins a subject that was folded', () => {
    expect(readLetter(letter('Subject: 198.51.100.77 is', ' open', '', 'x')).subject).toBe('198.51.100.77 is open');
  });

  it('is the plain one of its parts', () => {
    const parts = (first: string, second: string) =>
      letter(
        ...['Content-Type: multipart/alternative; boundary="b1"', 'Subject: Two', '', '--b1'],
        ...[`Content-Type: text/${first}`, '', `<${first}>`, '--b1'],
        ...[`Content-Type: text/${second}`, '', `<${second}>`, '--b1--', ''],
      );
    expect(readLetter(parts('plain', 'html')).text.trim()).toBe('<plain>');
    expect(readLetter(parts('html', 'plain')).text.trim()).toBe('<plain>');
  });

  it.each([
    ['quoted-printable', 'bis 18=C2=A0Uhr, =\r\nund weiter', 'bis 18\u00A0Uhr, und weiter'],
    ['base64', Buffer.from('bis 18\u00A0Uhr').toString('base64'), 'bis 18\u00A0Uhr'],
    ['8bit', 'bis 18\u00A0Uhr', 'bis 18\u00A0Uhr'],
  ])('is decoded from %s', (encoding, body, text) => {
    const head = ['Content-Type: text/plain; charset=utf-8', `Content-Transfer-Encoding: ${encoding}`];
    expect(readLetter(letter(...head, '', body)).text).toBe(text);
  });
});
