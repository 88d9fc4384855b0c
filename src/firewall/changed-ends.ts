/** Members of a set, and what has changed of them since; what there was is not touched. */
import type { Until } from '../domain/entry';
import type { Ends } from './live-members';

export interface ChangedEnds extends Ends {
  /** `until` undefined: it is gone. */
  set(member: string, until: Until | undefined): void;
}

export function changedEnds(base: Ends): ChangedEnds {
  const changes = new Map<string, Until | undefined>();
  return {
    get: (member) => (changes.has(member) ? changes.get(member) : base.get(member)),
    set: (member, until) => void changes.set(member, until),
    forEach(visit) {
      base.forEach((until, member) => {
        if (!changes.has(member)) visit(until, member);
      });
      changes.forEach((until, member) => {
        if (until !== undefined) visit(until, member);
      });
    },
    *[Symbol.iterator](): MapIterator<[string, Until]> {
      for (const each of base) if (!changes.has(each[0])) yield each;
      for (const [member, until] of changes) if (until !== undefined) yield [member, until];
    },
  };
}
