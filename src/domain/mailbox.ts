/** One e-mail address, strictly: what passes can be neither a list of recipients nor a header. */
import { domainToASCII } from 'node:url';

/** RFC 5322's dot-atom. Quoted local parts are legal but nobody has one, and their commas and spaces are what injections need. */
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/** Before the conversion to ASCII, which drops soft hyphens and tabs and reads other alphabets' full stops as dots. */
const WRITTEN_DOMAIN = /^[\p{L}\p{M}\p{N}.-]+$/u;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/**
 * Reads one address, `ann@example.net` or `root@localhost`; undefined for anything else: a name in front, angle brackets,
 * a second address, a line break, a quoted or non-ASCII local part, a literal like `a@[192.0.2.1]`. A domain in other
 * letters becomes its ASCII form.
 */
export function mailboxOf(text: string): string | undefined {
  const [local = '', written = '', ...more] = text.trim().split('@');
  if (more.length > 0 || !WRITTEN_DOMAIN.test(written)) return undefined;
  const domain = domainToASCII(written);
  const labels = domain.split('.');
  if (!LOCAL_PART.test(local) || local.length > 64 || domain.length > 253) return undefined;
  if (!labels.every((label) => LABEL.test(label)) || /^\d+$/.test(labels.at(-1) ?? '')) return undefined;
  return `${local}@${domain}`;
}
