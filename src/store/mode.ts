/** Of each PBX: the mode last confirmed, the trial that is running, and the ports that it was chosen for. */
import type { ListeningPorts } from '../domain/phones';
import type { ModeState, Records } from '../domain/store';
import type { Links } from '../domain/surroundings';
import { toColumn } from './columns';
import type { ModeRow } from './schema';
import type { Session } from './session';
import { statement } from './statement';

type ModeRecords = Pick<Records, 'modeState' | 'saveModeState' | 'isModeRemoved'>;

export function modeRecords(session: Session): ModeRecords {
  const { db, pbx } = session;
  return {
    async modeState() {
      const row = await ownRow(session);
      if (!row) return { mode: undefined, trial: undefined, listening: undefined };
      return {
        mode: row.mode ?? undefined,
        trial: readTrial(row),
        listening: readOwn(row.listening) as ListeningPorts | undefined,
        ...linksOf(row),
      };
    },
    async saveModeState({ mode, trial, listening, links }) {
      const row: ModeRow = {
        pbx,
        mode: mode ?? null,
        trial_mode: trial?.mode ?? null,
        trial_until: trial ? toColumn(trial.until) : null,
        listening: listening ? JSON.stringify(listening) : null,
        links: links ? JSON.stringify(links) : null,
        trial_connections: trial?.connections ? JSON.stringify(trial.connections) : null,
      };
      await db.replaceInto('modes').values(row).execute();
    },
    async isModeRemoved() {
      const row = await ownRow(session);
      return row?.mode === null;
    },
  };
}

/** A file of its own knows one PBX; it may have had another name then. */
async function ownRow(session: Session): Promise<ModeRow | undefined> {
  const { rows } = await askOwn(session);
  return rows.find(({ pbx }) => pbx === session.pbx) ?? rows[0];
}

const askOwn = statement(({ db, pbx, shared }) =>
  db
    .selectFrom('modes')
    .selectAll()
    .$if(shared, (query) => query.where('pbx', '=', pbx)),
);

function readTrial({ trial_mode, trial_until, trial_connections }: ModeRow): ModeState['trial'] {
  if (trial_mode === null || trial_until === null) return undefined;
  const connections = readOwn(trial_connections) as readonly string[] | undefined;
  return { mode: trial_mode, until: new Date(trial_until), ...(connections && { connections }) };
}

/** Only this program writes these columns. */
function readOwn(column: string | null): unknown {
  return column === null ? undefined : JSON.parse(column);
}

function linksOf({ links }: ModeRow): Pick<ModeState, 'links'> {
  const known = readOwn(links) as Links | undefined;
  return known ? { links: known } : {};
}
