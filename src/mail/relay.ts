/** Gives letters to a mail server by SMTP. */
import { createTransport } from 'nodemailer';
import type { Address } from '../domain/letter';
import { deliveryOf, serverWords } from './fault';
import { badAddress, messageOf } from './message';
import { PATIENCE, type MailSettings, type Relay } from './settings';
import type { Transport } from './transport';

/** One connection a letter: nothing is kept open, and a fault of one touches no other. */
export function relayTransport(relay: Relay, from: Address, { hostName }: Pick<MailSettings, 'hostName'>): Transport {
  const { connect, silence } = relay.patience ?? PATIENCE;
  const mailer = createTransport({
    host: relay.host,
    port: relay.port,
    name: hostName,
    secure: relay.security === 'tls',
    // Without these two nodemailer encrypts if it can, and goes on in the clear if somebody on the way says it cannot.
    requireTLS: relay.security === 'starttls',
    ignoreTLS: relay.security === 'none',
    tls: { rejectUnauthorized: relay.rejectUnauthorized },
    ...(relay.user !== undefined && { auth: { user: relay.user, pass: relay.secret ?? '' } }),
    connectionTimeout: connect, // name lookup, greeting and encryption included
    socketTimeout: silence,
    logger: false,
  });
  const name = `${relay.host}:${relay.port}`;
  return {
    send: async (letter, signal) => {
      const message = messageOf(letter, from);
      if (!message) return badAddress(letter.to, from);
      try {
        const { response } = await mailer.sendMail({ ...message, signal });
        return { kind: 'sent', answer: serverWords(response) };
      } catch (error) {
        return deliveryOf(error, name);
      }
    },
  };
}
