/** What one thread asks another: each question is a message, and so is its answer. */
import { AppError } from './errors';

/** A Worker, or a thread's end of the connection to whoever started it. */
export interface Mailbox {
  postMessage(message: unknown): void;
}

/** Promises of what a message can hold: plain data, dates, errors. */
export type Askable<T> = { readonly [K in keyof T]: (...asked: never[]) => Promise<unknown> };

export interface Question {
  readonly question: number;
  readonly name: string;
  readonly asked: readonly unknown[];
}

/** A fault of the world, which people are told: an AppError as a message holds it. */
export type Fault = Pick<AppError, 'code' | 'what' | 'hint'>;

export function faultOf({ code, what, hint }: AppError): Fault {
  return { code, what, hint };
}

export function errorOf({ code, what, hint }: Fault): AppError {
  return new AppError(code, what, hint);
}

export type Answer = { readonly answers: number } & (
  | { readonly result: unknown }
  | { readonly fault: Fault }
  /** A bug of ours. */
  | { readonly error: unknown }
);

export interface Questions {
  /** Rejects as the one who answers does. */
  ask(name: string, ...asked: readonly unknown[]): Promise<unknown>;
  /** To be told of each answer. */
  hear(answer: Answer): void;
}

export function questionsTo(mailbox: Mailbox): Questions {
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  return {
    async ask(name, ...asked) {
      const question = ++last;
      const answer = await new Promise<Answer>((resolve) => {
        mailbox.postMessage({ question, name, asked } satisfies Question); // throws for what is no message
        waiting.set(question, resolve);
      });
      if ('result' in answer) return answer.result;
      if ('error' in answer) throw answer.error;
      throw errorOf(answer.fault);
    },
    hear(answer) {
      waiting.get(answer.answers)?.(answer);
      waiting.delete(answer.answers);
    },
  };
}

/** Has one of `services` answer it. Rejects only for a result that no message can hold: a bug of ours. */
export async function answerTo<T extends Askable<T>>(
  { question, name, asked }: Question,
  services: T,
  mailbox: Mailbox,
): Promise<void> {
  const answer = await answerOf(() => {
    const service = Object.hasOwn(services, name) ? services[name as keyof T] : undefined;
    if (!service) throw new TypeError(`nobody answers "${name}"`);
    return service(...(asked as never[]));
  });
  mailbox.postMessage({ answers: question, ...answer });
}

async function answerOf(service: () => Promise<unknown>) {
  try {
    return { result: await service() };
  } catch (error) {
    return error instanceof AppError ? { fault: faultOf(error) } : { error };
  }
}
