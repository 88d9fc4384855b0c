/** All who work on a store keep its PINs with one pepper: with another one every PIN would be wrong. */
import type { PepperMark, Records, Store } from '../../domain/store';
import { AppError } from '../../errors';
import type { Clock } from '../../ports';
import { write } from '../announce';
import type { PinVault } from './pin-vault';

interface Peppered {
  readonly store: Store;
  readonly clock: Clock;
  readonly vault: Pick<PinVault, 'mark'>;
}

/** The first to start leaves its mark. Rejects with CONFIG_INVALID when it is not ours. `file`: where our pepper is. */
export async function holdToPepper({ store, clock, vault }: Peppered, file: string): Promise<void> {
  const there = await store.transaction((records) => records.leavePepperMark(vault.mark, clock.now()));
  if (there.mark === vault.mark) return;
  const what = `the PINs in the database are kept with another pepper than ${file}: ${sayOf(there)}`;
  throw new AppError('CONFIG_INVALID', what, HINT);
}

const HINT =
  'put the file pepper of that PBX, or of its backup, in place of this one; if this one is the right one, or the other is lost: tollgate store pepper --ours';

/** As part of a sentence. */
export function sayOf({ pbx, at }: PepperMark): string {
  return `${pbx === '' ? 'its own' : `that of "${pbx}"`}, since ${at.toISOString()}`;
}

/** From now on ours is the right one, and whoever has another is told so at its start. */
export async function markPepper({ store, clock, vault }: Peppered, by: string): Promise<void> {
  const line = { action: 'pepper', by, what: 'pepper', from: 'command' } as const;
  const why = 'The pepper of this PBX is the one that counts; PINs that were set with another are wrong.';
  await store.transaction(async (records: Records) => {
    await records.savePepperMark(vault.mark, clock.now());
    await write({ clock }, records, { ...line, why });
  });
}
