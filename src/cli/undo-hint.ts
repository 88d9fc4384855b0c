/** The line under a change that says how to take it back. */
import type { JournalShape } from '../domain/shapes';
import { AppError } from '../errors';
import type { Session } from './session';

/** Lines that others may have written between the change and our look. */
const LATEST = 20;

/** `undo with: tollgate undo 41`, or nothing when the journal has no line that `about` means. */
export async function undoHint(session: Session, about: (line: JournalShape) => boolean): Promise<string> {
  try {
    const journal = await (await session.operations()).log({ limit: LATEST });
    const line = journal.findLast((each) => each.action !== 'undo' && about(each));
    return line ? session.screen.colours.dim(`undo with: tollgate undo ${line.id}`) : '';
  } catch (error) {
    if (error instanceof AppError) return ''; // the change is done; that its journal line cannot be shown is no failure
    throw error;
  }
}
