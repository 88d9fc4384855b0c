/** An alarm as a text message: one line of plain letters, because a gateway cuts the rest off or sends it in pieces. */
import { mailboxOf } from '../domain/mailbox';
import type { Letter, Notice } from '../domain/letter';
import { adminPage } from './admin-page';
import type { MailSettings } from './settings';

/** Of the subject and the text together, with what a gateway puts between the two. */
const MOST = 160;
const SUBJECT = 'Tollgate';
const BETWEEN = 3;

/** Undefined when there is nothing to tell, or no usable address. It has no HTML. */
export function shortLetter(to: string, notice: Notice, settings: MailSettings): Letter | undefined {
  const [address, draft] = [mailboxOf(to), adminPage(notice, settings)];
  if (address === undefined || draft === undefined) return undefined;
  const [fact] = draft.facts;
  const line = plain(fact === undefined ? draft.subject : `${draft.subject}. ${fact.join(': ')}`);
  const text = line.slice(0, MOST - SUBJECT.length - BETWEEN);
  return { to: { name: '', address }, subject: SUBJECT, text, html: '' };
}

/** A single letter outside of ASCII halves what fits into a text message. */
function plain(text: string): string {
  return text
    .replace(/…/g, '...')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^ -~]/g, '?');
}
