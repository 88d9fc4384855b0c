/** Several indexes of one family laid over each other. */
import type { AddressRange } from '../domain/address-range';
import type { Family } from '../domain/network';
import { integerAt } from './address-words';
import { compareWords, STRIDE, type Segments } from './segments';

const LAST: Readonly<Record<Family, bigint>> = { 4: 2n ** 32n - 1n, 6: 2n ** 128n - 1n };

/** The ranges whose marks, one of each layer, are as wanted: merged, in order. Layers are of one family. */
export function rangesWhere(
  layers: readonly [Segments, ...Segments[]],
  wanted: (marks: readonly number[]) => boolean,
): AddressRange[] {
  const [{ family, starts }] = layers;
  const stride = STRIDE[family];
  const at = layers.map(() => 0);
  // The same two lists all the way: there are hundreds of thousands of steps.
  const marks = layers.map(() => 0);
  const found: AddressRange[] = [];
  let [begun, from, here]: [bigint | undefined, Uint32Array, number] = [undefined, starts, 0];
  for (;;) {
    for (let i = 0; i < layers.length; i++) marks[i] = layers[i]?.marks[at[i] ?? 0] ?? 0;
    if (wanted(marks)) begun ??= integerAt(from, here * stride, family);
    else if (begun !== undefined) {
      found.push({ family, first: begun, last: integerAt(from, here * stride, family) - 1n });
      begun = undefined;
    }
    const next = nearest(layers, at);
    if (next === undefined) break;
    [from, here] = [next.starts, (at[layers.indexOf(next)] ?? 0) + 1];
    for (let i = 0; i < layers.length; i++) {
      const [layer, segment] = [layers[i] ?? next, (at[i] ?? 0) + 1];
      if (segment < layer.length && compareStarts(layer, segment, next, here) === 0) at[i] = segment;
    }
  }
  if (begun !== undefined) found.push({ family, first: begun, last: LAST[family] });
  return found;
}

/** The layer whose next segment begins first behind the ones that we are in; undefined: none has one. */
function nearest(layers: readonly Segments[], at: readonly number[]): Segments | undefined {
  let [found, its]: [Segments | undefined, number] = [undefined, 0];
  for (let i = 0; i < layers.length; i++) {
    const [layer, segment] = [layers[i], (at[i] ?? 0) + 1];
    if (!layer || segment >= layer.length) continue;
    if (!found || compareStarts(layer, segment, found, its) < 0) [found, its] = [layer, segment];
  }
  return found;
}

function compareStarts(a: Segments, segmentOfA: number, b: Segments, segmentOfB: number): number {
  if (a.family === 6) return compareWords(a.starts, 4 * segmentOfA, b.starts, 4 * segmentOfB);
  return (a.starts[segmentOfA] ?? 0) - (b.starts[segmentOfB] ?? 0);
}
