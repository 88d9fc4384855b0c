/** What a person sees of a letter as it came over the wire: subject and plain text. */

export function readLetter(raw: string): { readonly subject: string; readonly text: string } {
  const { head, body } = cut(raw);
  const boundary = /boundary="?([^";\r\n]+)/i.exec(head)?.[1];
  const parts = boundary === undefined ? [raw] : body.split(`--${boundary}`);
  const plain = parts.map(cut).find((part) => /^content-type: *text\/plain/im.test(part.head)) ?? { head, body };
  const subject = /^subject: *(.*)$/im.exec(head)?.[1] ?? '';
  return { subject, text: decode(plain.body, /^content-transfer-encoding: *(\S+)/im.exec(plain.head)?.[1]) };
}

/** Folded header lines are one line. */
function cut(raw: string): { readonly head: string; readonly body: string } {
  const text = raw.replace(/\r\n/g, '\n').replace(/^\n/, '');
  const end = text.indexOf('\n\n');
  return { head: text.slice(0, end).replace(/\n[ \t]+/g, ' '), body: text.slice(end + 2) };
}

function decode(body: string, encoding = '7bit'): string {
  if (/^base64$/i.test(encoding)) return Buffer.from(body, 'base64').toString();
  if (!/^quoted-printable$/i.test(encoding)) return body;
  const bytes = body
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
