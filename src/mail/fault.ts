/** What a failed delivery means: try later, or never. */
import { printable } from '../domain/printable';
import type { Delivery } from './transport';

/** The fields that nodemailer and Node put on their errors. */
interface Fault {
  readonly code?: string;
  readonly originalCode?: string;
  readonly responseCode?: number;
  readonly message?: string;
}

/** Server's words end up in `status`, in the store and on terminals. */
const MOST_WORDS = 400;

export function serverWords(text: string): string {
  const words = printable(text.trim());
  return words.length > MOST_WORDS ? `${words.slice(0, MOST_WORDS)}…` : words;
}

export function deliveryOf(error: unknown, relay: string): Exclude<Delivery, { kind: 'sent' }> {
  const fault: Fault = typeof error === 'object' && error !== null ? error : {};
  const words = serverWords(String(fault.message ?? error));
  const why = `${relay}: ${words}`;
  const hint = hintFor(`${fault.code ?? ''} ${fault.originalCode ?? ''} ${words}`);
  if (isRefusal(fault)) return { kind: 'refused', why, hint };
  return { kind: 'later', why, hint, down: !ABOUT_THE_LETTER.includes(fault.code ?? '') };
}

const ABOUT_THE_LETTER: readonly string[] = ['EENVELOPE', 'EMESSAGE'];
/** "Log in first" and its like are about our settings: once they are mended the same letter passes. 503 is a muddled session. */
const ABOUT_THE_SETTINGS: readonly number[] = [503, 530, 534, 535, 538];

/** A 5xx answer to the letter itself. To a greeting or a login it is the server's state or our settings, which can be mended. */
function isRefusal({ code = '', responseCode = 500 }: Fault): boolean {
  return ABOUT_THE_LETTER.includes(code) && responseCode >= 500 && !ABOUT_THE_SETTINGS.includes(responseCode);
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /self.signed|certificate|altnames|CERT_/i,
    'the server shows a certificate that this machine does not trust: install its authority (NODE_EXTRA_CA_CERTS), write its right name in mail.host, or set mail.check_certificate = false',
  ],
  [/EAUTH|\b53[0458]\b/, 'check mail.user and mail.secret'],
  [/ETLS|STARTTLS|wrong version number/i, 'the server does not encrypt that way: check mail.security and mail.port'],
  [
    /ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|Timeout/i,
    'check mail.host and mail.port, and that the mail server runs',
  ],
  [/EDNS|ENOTFOUND|EAI_AGAIN/, 'the name in mail.host is not found: check it and the resolver'],
  [
    /EACCES|EROFS|ENOSPC|EPERM|ENOTDIR|EEXIST|EISDIR/,
    'the folder for letters cannot be written: check its owner and the space on its disk',
  ],
  [/EENVELOPE|EMESSAGE/, "see the server's words; an address may be wrong, or mail.from not allowed there"],
];

function hintFor(text: string): string {
  return HINTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'see the log of the mail server';
}
