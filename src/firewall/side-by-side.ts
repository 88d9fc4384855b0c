/** Hundreds of thousands of members, for whoever walks through them with pauses. */

/** In the order in which they are visited; a value is at the place of its key. */
export interface SideBySide<Value> {
  readonly keys: readonly string[];
  readonly values: readonly Value[];
}

/** Two lists take far less room than a pair for each, and a map's iterator would make one at each step. */
export function sideBySide<Value>(all: {
  forEach(visit: (value: Value, key: string) => void): void;
}): SideBySide<Value> {
  const keys: string[] = [];
  const values: Value[] = [];
  all.forEach((value, key) => {
    keys.push(key);
    values.push(value);
  });
  return { keys, values };
}
