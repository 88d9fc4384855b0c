/** Faults of country data. Whatever they are, the table in force stays. */
import { AppError } from '../errors';

const HINT = 'the table in force stays; try again later, or take another source';

export function broken(what: string, hint = HINT): AppError {
  return new AppError('COUNTRY_FAILED', what, hint);
}

/** The disk's own faults in our words; others are left as they are. */
export function unreadable(file: string, error: unknown): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  const hint = 'the table in force stays; see that the file is there and may be read and written';
  return new AppError('COUNTRY_FAILED', `${file}: ${message}`, hint, error);
}
