/** The mode last confirmed, the trial that is running, and the ports that it was chosen for. */
import type { ListeningPorts } from '../domain/phones';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import type { ModeRow } from './schema';
import type { Session } from './session';

type ModeRecords = Pick<Records, 'modeState' | 'saveModeState'>;

export function modeRecords({ db }: Session): ModeRecords {
  return {
    async modeState() {
      const row = await db.selectFrom('mode').selectAll().where('id', '=', 1).executeTakeFirst();
      if (!row) return { mode: undefined, trial: undefined, listening: undefined };
      const { mode, trial_mode, trial_until, listening } = row;
      const trial =
        trial_mode === null || trial_until === null ? undefined : { mode: trial_mode, until: new Date(trial_until) };
      return { mode: mode ?? undefined, trial, listening: listening === null ? undefined : readPorts(listening) };
    },
    async saveModeState({ mode, trial, listening }) {
      const row: ModeRow = {
        id: 1,
        mode: mode ?? null,
        trial_mode: trial?.mode ?? null,
        trial_until: trial ? toColumn(trial.until) : null,
        listening: listening ? JSON.stringify(listening) : null,
      };
      await db.replaceInto('mode').values(row).execute();
    },
  };
}

/** Only this program writes that column. */
function readPorts(column: string): ListeningPorts {
  return JSON.parse(column) as ListeningPorts;
}
