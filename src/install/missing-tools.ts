/** Which of the programs that Tollgate runs are not on this machine. */
import { TOOLS } from '../domain/tools';
import { AppError } from '../errors';
import type { Run } from '../ports';

export async function missingTools(run: Run): Promise<readonly string[]> {
  const isThere = (tool: string) =>
    run('which', [tool]).then(
      () => true,
      (error: unknown) => {
        if (error instanceof AppError) return false;
        throw error;
      },
    );
  const found = await Promise.all(TOOLS.map(isThere));
  return TOOLS.filter((_, i) => !found[i]);
}
