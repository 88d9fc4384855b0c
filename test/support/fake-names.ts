/** DNS as a table in memory, behind our own resolver. */
import type { Resolve } from '../../src/domain/names';
import type { Answer, Ask, Kind } from '../../src/names/question';
import { resolverOver } from '../../src/names/resolve';

export interface FakeNames {
  readonly resolve: Resolve;
  /** Every question so far, as `A office.example.com`. */
  readonly asked: string[];
  /** Replaces all that is known of a name. */
  set(name: string, records: FakeRecords): void;
  remove(name: string): void;
  /** From now on every question fails for this reason; undefined: no more. */
  fail(why: string | undefined): void;
  /** From now on no question is ever answered. */
  hang(): void;
}

export interface FakeRecords {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  /** Targets of SRV. */
  readonly SRV?: readonly string[];
  /** Kinds whose questions fail. */
  readonly fails?: readonly Kind[];
  readonly ttlSeconds?: number;
}

export function fakeNames(zone: Readonly<Record<string, FakeRecords>> = {}): FakeNames {
  const names = new Map(Object.entries(zone));
  const asked: string[] = [];
  let failure: string | undefined;
  let isHanging = false;
  const ask: Ask = (kind, name) => {
    asked.push(`${kind} ${name}`);
    if (isHanging) return new Promise(() => undefined);
    return Promise.resolve(failure === undefined ? answer(kind, name) : { kind: 'failed', why: failure });
  };
  const answer = (kind: Kind, name: string): Answer => {
    const records = names.get(name);
    const isAbove = [...names.keys()].some((other) => other.endsWith(`.${name}`));
    if (!records) return { kind: isAbove ? 'empty' : 'missing' };
    if (records.fails?.includes(kind)) return { kind: 'failed', why: 'the server says that it cannot tell' };
    const values = records[kind] ?? [];
    if (values.length === 0) return { kind: 'empty' };
    return { kind: 'found', values, ttlSeconds: kind === 'SRV' ? Infinity : (records.ttlSeconds ?? 60) };
  };
  return {
    ...{ asked, resolve: resolverOver(ask) },
    set: (name, records) => void names.set(name, records),
    remove: (name) => void names.delete(name),
    fail: (why) => (failure = why),
    hang: () => (isHanging = true),
  };
}
