/** Of each PBX: the mode last confirmed, the trial that is running, and the ports that it was chosen for. */
import type { ListeningPorts } from '../domain/phones';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import type { ModeRow } from './schema';
import type { Session } from './session';

type ModeRecords = Pick<Records, 'modeState' | 'saveModeState'>;

export function modeRecords(session: Session): ModeRecords {
  const { db, pbx } = session;
  return {
    async modeState() {
      const row = await ownRow(session);
      if (!row) return { mode: undefined, trial: undefined, listening: undefined };
      const { mode, trial_mode, trial_until, listening } = row;
      const trial =
        trial_mode === null || trial_until === null ? undefined : { mode: trial_mode, until: new Date(trial_until) };
      return { mode: mode ?? undefined, trial, listening: listening === null ? undefined : readPorts(listening) };
    },
    async saveModeState({ mode, trial, listening }) {
      const row: ModeRow = {
        pbx,
        mode: mode ?? null,
        trial_mode: trial?.mode ?? null,
        trial_until: trial ? toColumn(trial.until) : null,
        listening: listening ? JSON.stringify(listening) : null,
      };
      await db.replaceInto('modes').values(row).execute();
    },
  };
}

/** A file of its own knows one PBX; it may have had another name then. */
async function ownRow({ db, pbx, shared }: Session): Promise<ModeRow | undefined> {
  const rows = await db
    .selectFrom('modes')
    .selectAll()
    .$if(shared, (query) => query.where('pbx', '=', pbx))
    .execute();
  return rows.find((row) => row.pbx === pbx) ?? rows[0];
}

/** Only this program writes that column. */
function readPorts(column: string): ListeningPorts {
  return JSON.parse(column) as ListeningPorts;
}
