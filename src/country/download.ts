/** Fetches a file over https, bounded in size and time. */
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { AppError } from '../errors';
import { broken } from './fault';

interface DownloadAsked {
  /** `https://…`; anything else is refused, also where a server redirects to it. */
  readonly url: string;
  /** Of the copy that we have: an unchanged file is not sent again. */
  readonly etag?: string | undefined;
  readonly modified?: string | undefined;
  /** `user:password`, sent to this host alone. */
  readonly login?: string | undefined;
  readonly mostBytes: number;
}

export type Downloaded =
  | { readonly kind: 'unchanged' }
  /** The server has no such file. */
  | { readonly kind: 'missing' }
  | {
      readonly kind: 'body';
      /** Rejects with COUNTRY_FAILED when it is cut short or longer than allowed. */
      readonly chunks: AsyncIterable<Buffer>;
      /** As the server announced it. */
      readonly bytes: number | undefined;
      readonly etag: string | undefined;
      readonly modified: string | undefined;
    };

/** Rejects with COUNTRY_FAILED. */
export type Download = (asked: DownloadAsked) => Promise<Downloaded>;

interface Limits {
  /** Milliseconds without a byte. */
  readonly silenceMs: number;
  /** Milliseconds for all of it. */
  readonly wholeMs: number;
}

const LIMITS: Limits = { silenceMs: 20_000, wholeMs: 15 * 60_000 };
const MOST_REDIRECTS = 5;

/** `ca`: whom to trust besides the usual authorities. */
export function downloader({ ca, limits = LIMITS }: { ca?: string; limits?: Limits } = {}): Download {
  return async (asked) => {
    const deadline = AbortSignal.timeout(limits.wholeMs);
    let [url, login] = [new URL(asked.url), asked.login];
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const answer = await answerOf(url, { ...asked, login }, deadline, limits, ca);
      const place = answer.headers.location;
      const status = answer.statusCode ?? 0;
      if (status < 300 || status >= 400 || status === 304 || place === undefined) return read(url, answer, asked);
      answer.destroy();
      const next = new URL(place, url);
      if (next.host !== url.host) login = undefined;
      url = next;
    }
    throw broken(`${asked.url}: more than ${MOST_REDIRECTS} redirects`);
  };
}

function answerOf(
  url: URL,
  { etag, modified, login }: DownloadAsked,
  signal: AbortSignal,
  { silenceMs }: Limits,
  ca: string | undefined,
): Promise<IncomingMessage> {
  if (url.protocol !== 'https:')
    throw broken(`${shown(url)} is not https`, 'name an address that begins with https://');
  const headers = {
    'user-agent': 'tollgate',
    'accept-encoding': 'identity',
    ...(etag !== undefined && { 'if-none-match': etag }),
    ...(modified !== undefined && { 'if-modified-since': modified }),
  };
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, signal, ...(login !== undefined && { auth: login }), ...(ca && { ca }) });
    request.setTimeout(silenceMs, () => request.destroy(new Error(`silent for ${silenceMs / 1000} s`)));
    request.on('response', resolve);
    // also after the answer has begun: then its own stream tells, and nobody listens here any more
    request.on('error', (error) => reject(broken(`${shown(url)}: ${error.message}`)));
  });
}

function read(url: URL, answer: IncomingMessage, { mostBytes }: DownloadAsked): Downloaded {
  const { statusCode, headers } = answer;
  if (statusCode !== 200) {
    answer.destroy();
    if (statusCode === 304) return { kind: 'unchanged' };
    if (statusCode === 404 || statusCode === 410) return { kind: 'missing' };
    throw broken(`${shown(url)}: the server answered ${statusCode ?? 'nothing'}`);
  }
  const bytes = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  if (bytes !== undefined && bytes > mostBytes) {
    answer.destroy();
    throw tooLarge(url, mostBytes);
  }
  const chunks = bounded(url, answer, mostBytes);
  return { kind: 'body', chunks, bytes, etag: headers.etag, modified: headers['last-modified'] };
}

async function* bounded(url: URL, answer: IncomingMessage, mostBytes: number): AsyncGenerator<Buffer> {
  let received = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (received > mostBytes) throw tooLarge(url, mostBytes);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw broken(`${shown(url)} was cut short after ${received} bytes (${String(error)})`);
  }
  if (!answer.complete) throw broken(`${shown(url)} was cut short after ${received} bytes`);
}

function tooLarge(url: URL, mostBytes: number): Error {
  return broken(`${shown(url)} is larger than ${mostBytes} bytes`);
}

/** Without what may be a key. */
function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}
