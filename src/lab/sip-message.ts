/** SIP messages as text, and the digest that answers a challenge (RFC 3261, RFC 2617). */
import { createHash } from 'node:crypto';

export interface SipMessage {
  /** `200` for an answer. */
  readonly status: number | undefined;
  /** `OPTIONS` for a request. */
  readonly method: string | undefined;
  /** In order; names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export function readSip(text: string): SipMessage {
  const [head = '', body = ''] = text.split(/\r\n\r\n([^]*)/);
  const [first = '', ...lines] = head.split('\r\n');
  const answer = /^SIP\/2\.0 (\d{3})/.exec(first)?.[1];
  return {
    status: answer === undefined ? undefined : Number(answer),
    method: answer === undefined ? first.split(' ')[0] : undefined,
    headers: lines.map((line) => {
      const [, name = '', value = ''] = /^([^:]+?)\s*:\s*(.*)$/.exec(line) ?? [];
      return [name.toLowerCase(), value] as const;
    }),
    body,
  };
}

/** The first header of that name; '' when there is none. */
export function header(message: SipMessage, name: string): string {
  return message.headers.find(([other]) => other === name)?.[1] ?? '';
}

/** Whole messages at the front of a TCP stream, and what is left. */
export function cutMessages(stream: string): { readonly messages: readonly string[]; readonly rest: string } {
  const messages: string[] = [];
  let rest = stream.replace(/^(\r\n)+/, '');
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return { messages, rest };
    const length = Number(/^content-length\s*:\s*(\d+)/im.exec(rest.slice(0, end))?.[1] ?? 0);
    if (rest.length < end + 4 + length) return { messages, rest };
    messages.push(rest.slice(0, end + 4 + length));
    rest = rest.slice(end + 4 + length).replace(/^(\r\n)+/, '');
  }
}

/** A message of these lines; Content-Length is counted here. */
export function writeSip(first: string, lines: readonly string[], body = ''): string {
  return [first, ...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}

/** The answer to a request, with the headers that must come back. */
export function answerTo(request: SipMessage, status: string): string {
  const back = ['via', 'from', 'to', 'call-id', 'cseq', 'record-route'];
  const lines = request.headers.filter(([name]) => back.includes(name)).map(([name, value]) => `${name}: ${value}`);
  return writeSip(`SIP/2.0 ${status}`, lines);
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The Authorization header's value for a challenge with MD5; `cnonce` is the caller's chance. */
export function authorization(
  challenge: string,
  { method, uri, cnonce }: { readonly method: string; readonly uri: string; readonly cnonce: string },
  { user, password }: Credentials,
): string {
  const field = (name: string) => new RegExp(`\\b${name}="?([^",]*)`, 'i').exec(challenge)?.[1];
  const realm = field('realm') ?? '';
  const nonce = field('nonce') ?? '';
  const opaque = field('opaque');
  const secret = md5(`${user}:${realm}:${password}`);
  const asked = md5(`${method}:${uri}`);
  const protectedToo = field('qop') !== undefined;
  const response = md5(
    protectedToo ? `${secret}:${nonce}:00000001:${cnonce}:auth:${asked}` : `${secret}:${nonce}:${asked}`,
  );
  return [
    `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5`,
    ...(protectedToo ? [`qop=auth, nc=00000001, cnonce="${cnonce}"`] : []),
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
  ].join(', ');
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
