/** On what terms something is let in: for which services, how long, and why; checked once, whatever it is. */
import type { Until } from '../../domain/entry';
import { nearest } from '../../domain/nearest';
import { serviceNames } from '../../domain/service';
import { AppError } from '../../errors';
import type { AllowAsked } from './entries';
import type { Parts } from '../parts';

/** What an entry or a group gets from how it was asked for. */
export interface Terms {
  readonly services: readonly string[];
  readonly by: string;
  readonly since: Date;
  readonly until: Until;
  readonly name: string | undefined;
  readonly note: string | undefined;
  readonly isPrimary?: boolean;
  readonly origin?: string;
}

export const DEFAULT_SERVICES = ['phone'];

/** Rejects with MISUSED. `services` of the asked, or else `usual`: a provider's own. */
export function termsOf(parts: Parts, asked: AllowAsked, usual: readonly string[] = DEFAULT_SERVICES): Terms {
  const services = asked.services ?? usual;
  refuseUnknown(services, serviceNames(parts.services));
  refuseTooLong('name', asked.name);
  refuseTooLong('note', asked.note);
  return {
    ...{ services, by: asked.by, since: parts.clock.now(), until: untilOf(parts, asked) },
    ...{ name: asked.name, note: asked.note },
    ...(asked.primary && { isPrimary: true }),
    ...(asked.origin !== undefined && { origin: asked.origin }),
  };
}

export function untilOf(parts: Parts, asked: { readonly seconds?: number; readonly until?: string }): Until {
  const now = parts.clock.now();
  if (asked.until !== undefined) {
    const until = new Date(asked.until);
    if (until.getTime() > now.getTime()) return until;
    throw new AppError(
      'MISUSED',
      `"${asked.until}" is not a moment to come`,
      'write --until 2030-01-31T18:00 or --for 8h',
    );
  }
  return asked.seconds === undefined ? 'forever' : new Date(now.getTime() + asked.seconds * 1000);
}

/** In characters; what people write is shown in tables and mails, and is never cut on its way into the store. */
const LONGEST_TEXT = 200;

export function refuseTooLong(what: string, text: string | undefined): void {
  if (text === undefined || text.length <= LONGEST_TEXT) return;
  const happened = `the ${what} is ${text.length} characters long`;
  throw new AppError('MISUSED', happened, `write at most ${LONGEST_TEXT}`);
}

/** A typo proposes the nearest known name. */
export function refuseUnknown(names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const proposal = near ? `did you mean "${near}"? ` : '';
  throw new AppError('MISUSED', `there is no service "${unknown}"`, `${proposal}known are ${known.join(', ')}`);
}
