/** What is open or blocked as people see it: single entries, and groups in place of their entries. */
import type { Entry, EntryKind, Group } from './entry';

export type Live = Entry | Group;

/** A group without services is a block, as an entry is. */
export function kindOf({ services }: Pick<Live, 'services'>): EntryKind {
  return services.length === 0 ? 'block' : 'allow';
}
