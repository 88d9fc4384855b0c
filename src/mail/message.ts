/** A letter as nodemailer takes it. Foreign text reaches a header only through here. */
import type { SendMailOptions } from 'nodemailer';
import { mailboxOf } from '../domain/mailbox';
import { printable } from '../domain/printable';
import type { Address } from '../domain/letter';
import type { Delivery, Posted } from './transport';

/** Undefined when the recipient or the sender is not exactly one address. */
export function messageOf(letter: Posted, sender: Address): SendMailOptions | undefined {
  const [from, to] = [single(sender), single(letter.to)];
  if (!from || !to) return undefined;
  return {
    from,
    to,
    // Given and not derived: whatever the header would be read as, it goes to this one mailbox.
    envelope: { from: from.address, to: [to.address] },
    subject: printable(letter.subject),
    text: letter.text,
    ...(letter.html !== '' && { html: letter.html }),
    messageId: letter.messageId,
    date: letter.queuedAt,
    // RFC 3834, and its like for Exchange: no out-of-office answers to a machine.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

export function badAddress(to: Address, from: Address): Delivery {
  const why = printable(
    `${JSON.stringify(to.address)} or the sender ${JSON.stringify(from.address)} is not one address`,
  );
  return { kind: 'refused', why, hint: 'correct it with "tollgate account set", or mail.from in the settings' };
}

/** An object and never a string: a comma in a string adds recipients. A new one, because nodemailer writes into it. */
function single({ name, address }: Address): { name: string; address: string } | undefined {
  const mailbox = mailboxOf(address);
  return mailbox === undefined ? undefined : { name: printable(name), address: mailbox };
}
