/** Queries whose words are made once: for short ones that takes longer than to carry them out. */
import type { Compilable, CompiledQuery, Insertable, QueryResult } from 'kysely';
import type { Schema } from './schema';
import type { Session } from './session';

/** What was compiled, by how many values it takes: a list of two is worded otherwise than one of three. */
export type Words = Map<unknown, Map<number, CompiledQuery>>;

/** Stands for a value while the words are made; values themselves are given with each question. */
class Place {
  readonly #index: number;

  constructor(index: number) {
    this.#index = index;
  }

  static fill(parameter: unknown, values: readonly unknown[]): unknown {
    return parameter instanceof Place ? values[parameter.#index] : parameter;
  }
}

type Value = string | number | null;

/**
 * `build` must only pass its values on to the query: it is called once, with something else in their place, and its words
 * hold for every session of the same kind.
 */
export function statement<Values extends readonly Value[], Row>(
  build: (session: Session, ...values: Values) => Compilable<Row>,
): (session: Session, ...values: Values) => Promise<QueryResult<Row>> {
  return (session, ...values) =>
    ask<Row>(session, build, values, (places) => build(session, ...(places as readonly unknown[] as Values)));
}

type Table = 'entries' | 'journal' | 'letters';

/** Adds a row, and resolves to its number. */
export async function insert<T extends Table>(session: Session, table: T, row: Insertable<Schema[T]>): Promise<number> {
  const columns = Object.keys(row);
  const { insertId } = await ask(session, `${table} ${columns.join()}`, Object.values(row), (places) => {
    const worded = Object.fromEntries(columns.map((column, i) => [column, places[i]]));
    return session.db.insertInto(table).values(worded as Insertable<Schema[T]>);
  });
  return Number(insertId);
}

function ask<Row>(
  session: Session,
  key: unknown,
  values: readonly unknown[],
  build: (places: readonly Place[]) => Compilable<Row>,
): Promise<QueryResult<Row>> {
  const known = session.words.get(key) ?? new Map<number, CompiledQuery>();
  session.words.set(key, known);
  const words = known.get(values.length) ?? build(values.map((_, i) => new Place(i))).compile();
  known.set(values.length, words);
  const parameters = words.parameters.map((parameter) => Place.fill(parameter, values));
  return session.db.executeQuery<Row>({ ...words, parameters });
}
