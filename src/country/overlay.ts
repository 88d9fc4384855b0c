/** Several indexes of one family laid over each other. */
import type { AddressRange } from '../domain/address-range';
import type { Family } from '../domain/network';
import { integerAt } from './address-words';
import { compareWords, Segments, STRIDE } from './segments';

const LAST: Readonly<Record<Family, bigint>> = { 4: 2n ** 32n - 1n, 6: 2n ** 128n - 1n };

type Layers = readonly [Segments, ...Segments[]];

/** The ranges whose marks, one of each layer, are as wanted: merged, in order. Layers are of one family. */
export function rangesWhere(layers: Layers, wanted: (marks: readonly number[]) => boolean): AddressRange[] {
  const [{ family }] = layers;
  const found: AddressRange[] = [];
  let begun: bigint | undefined;
  sweep(layers, (marks, starts, at) => {
    if (wanted(marks)) begun ??= integerAt(starts, at, family);
    else if (begun !== undefined) {
      found.push({ family, first: begun, last: integerAt(starts, at, family) - 1n });
      begun = undefined;
    }
  });
  if (begun !== undefined) found.push({ family, first: begun, last: LAST[family] });
  return found;
}

/** All layers in one, each segment marked with what `both` makes of theirs. Layers are of one family. */
export function overlaid(layers: Layers, both: (a: number, b: number) => number): Segments {
  const [{ family }] = layers;
  const starts: number[] = [];
  const found: number[] = [];
  sweep(layers, (marks, words, at) => {
    const mark = marks.reduce(both);
    if (mark === found.at(-1)) return; // it goes on
    found.push(mark);
    starts.push(...words.subarray(at, at + STRIDE[family]));
  });
  return Segments.of(family, Uint32Array.from(starts), Uint16Array.from(found));
}

/** Tells the marks, one of each layer, wherever one of them changes, and where that is: words of a layer's starts. */
function sweep(layers: Layers, tell: (marks: readonly number[], starts: Uint32Array, at: number) => void): void {
  const [{ family, starts }] = layers;
  const stride = STRIDE[family];
  const at = layers.map(() => 0);
  // The same two lists all the way: there are hundreds of thousands of steps.
  const marks = layers.map(() => 0);
  let [from, here]: [Uint32Array, number] = [starts, 0];
  for (;;) {
    for (let i = 0; i < layers.length; i++) marks[i] = layers[i]?.marks[at[i] ?? 0] ?? 0;
    tell(marks, from, here * stride);
    const next = nearest(layers, at);
    if (next === undefined) return;
    [from, here] = [next.starts, (at[layers.indexOf(next)] ?? 0) + 1];
    for (let i = 0; i < layers.length; i++) {
      const [layer, segment] = [layers[i] ?? next, (at[i] ?? 0) + 1];
      if (segment < layer.length && compareStarts(layer, segment, next, here) === 0) at[i] = segment;
    }
  }
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
