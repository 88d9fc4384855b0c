/** Ends what calls that outlast their leases still have, when they are over or their hour is. */
import { mediaEnd } from '../../domain/elements';
import { isBefore } from '../../domain/entry';
import { cutOff } from './cutting-off';
import type { Doors } from './doors';
import { changesOf, tellKernel } from './kernel-changes';
import { mayBeHeard, memberRulesOf } from './outlasting';
import type { Parts } from '../parts';

/** How often Asterisk is asked whether they are over. */
const LOOK_MS = 5000;

export interface OutlastedCalls {
  /**
   * Takes the media of ended leases out that no call needs any more, and hangs up the calls whose hour is over. `now`:
   * a lease has just ended; otherwise it looks every few seconds, however often it is called.
   */
  end(now: boolean): Promise<void>;
}

export function outlastedCalls(parts: Parts, doors: Doors): OutlastedCalls {
  const { store, clock } = parts;
  /** Milliseconds since the epoch. */
  let looked = 0;
  return {
    async end(now) {
      const at = clock.now();
      if (!now && at.getTime() - looked < LOOK_MS) return;
      looked = at.getTime();
      for (const entry of await store.outlastedLeases()) {
        const isLate = !isBefore(at, mediaEnd(entry, memberRulesOf(parts)));
        if (!isLate && (await mayBeHeard(parts, entry.network))) continue;
        await doors.exclusively(async () => {
          await store.transaction((records) => records.changeEntry(entry.id, { mediaUntil: 'over' }));
          await tellKernel(parts, await changesOf(parts, { leaving: [entry] }));
        });
        if (isLate) await cutOff(parts, [entry]);
      }
    },
  };
}
