/** Variants taken in turn, so that whatever else the machine does falls on all of them alike. */

/** Resolves to the milliseconds of each measurement of one round. */
type Variant = () => Promise<readonly number[]>;

/** Per round what was measured in it. */
export type Rounds = readonly (readonly number[])[];

/** ABAB: every round runs each variant once. The first `warmUp` rounds are not kept. */
export async function alternate<Name extends string>(
  variants: Readonly<Record<Name, Variant>>,
  { rounds, warmUp = 1 }: { readonly rounds: number; readonly warmUp?: number },
): Promise<Readonly<Record<Name, Rounds>>> {
  const names = Object.keys(variants) as Name[];
  const kept = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, (readonly number[])[]>;
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const name of names) {
      const values = await variants[name]();
      if (round >= warmUp) kept[name].push(values);
    }
  }
  return kept;
}

/** One after another, each by itself. */
export async function times(count: number, work: (index: number) => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  for (let index = 0; index < count; index++) {
    const began = performance.now();
    await work(index);
    taken.push(performance.now() - began);
  }
  return taken;
}
