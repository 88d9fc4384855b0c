/** The mailer as the composition root sees it. */
import type { Letter, Notice } from '../domain/letter';
import { AppError } from '../errors';
import type { Clock, Log, Random } from '../ports';
import { fileTransport } from './files';
import { lettersFor } from './letters';
import { Outbox, type LetterStore, type OutboxState } from './outbox';
import { relayTransport } from './relay';
import type { MailSettings } from './settings';

export interface Post {
  /** What is to be queued for this notice, in the same transaction as what it tells of. Pure. */
  lettersFor(notice: Notice): readonly Letter[];
  newMessageId(): string;
  /** Begins to send what is queued. */
  start(): Promise<void>;
  /** Lets letters in flight end, for at most ten seconds. */
  stop(): Promise<void>;
  /** Something was queued: send it now. Returns at once, never throws. */
  poke(): void;
  state(): Promise<OutboxState>;
  /** Sends past the outbox and resolves to the server's answer. Rejects with MAIL_FAILED. */
  sendNow(letter: Letter): Promise<string>;
}

export interface PostPorts {
  readonly store: LetterStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Changes nothing and connects to nothing until it is started or told to send. */
export function openPost(settings: MailSettings, { store, clock, random, log }: PostPorts): Post {
  const { relay, from, folder } = settings;
  const transport = relay ? relayTransport(relay, from, settings) : fileTransport(folder, from);
  const outbox = new Outbox({ store, transport, clock, log });
  const newMessageId = () => `<${random(16).toString('hex')}@${domainOf(settings.hostName)}>`;
  return {
    lettersFor: (notice) => lettersFor(notice, settings),
    newMessageId,
    start: () => {
      outbox.start();
      return Promise.resolve();
    },
    stop: () => outbox.stop(),
    poke: () => outbox.poke(),
    state: () => outbox.state(),
    sendNow: async (letter) => {
      const posted = { ...letter, messageId: newMessageId(), queuedAt: clock.now() };
      const delivery = await transport.send(posted, new AbortController().signal);
      if (delivery.kind === 'sent') return delivery.answer;
      throw new AppError(
        'MAIL_FAILED',
        `The letter to ${letter.to.address} was not taken: ${delivery.why}`,
        delivery.hint,
      );
    },
  };
}

/** A host name may be anything; a Message-ID may not, and the store keeps 190 characters of it. */
function domainOf(hostName: string): string {
  return hostName.replace(/[^A-Za-z0-9.-]/g, '').slice(0, 150) || 'localhost';
}
