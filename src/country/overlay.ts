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
  const found: AddressRange[] = [];
  let [begun, from, here]: [bigint | undefined, Uint32Array, number] = [undefined, starts, 0];
  for (;;) {
    const isWanted = wanted(layers.map(({ marks }, i) => marks[at[i] ?? 0] ?? 0));
    if (isWanted) begun ??= integerAt(from, here * stride, family);
    else if (begun !== undefined) {
      found.push({ family, first: begun, last: integerAt(from, here * stride, family) - 1n });
      begun = undefined;
    }
    const next = nextStart(layers, at);
    if (next === undefined) break;
    layers.forEach((layer, i) => {
      if (isStart(layer, (at[i] ?? 0) + 1, next)) at[i] = (at[i] ?? 0) + 1;
    });
    [from, here] = [next.layer.starts, next.segment];
  }
  if (begun !== undefined) found.push({ family, first: begun, last: LAST[family] });
  return found;
}

interface Start {
  readonly layer: Segments;
  readonly segment: number;
}

/** The nearest segment that begins behind the ones that we are in. */
function nextStart(layers: readonly Segments[], at: readonly number[]): Start | undefined {
  let nearest: Start | undefined;
  layers.forEach((layer, i) => {
    const segment = (at[i] ?? 0) + 1;
    if (segment >= layer.length) return;
    if (!nearest || compareStarts({ layer, segment }, nearest) < 0) nearest = { layer, segment };
  });
  return nearest;
}

function isStart(layer: Segments, segment: number, start: Start): boolean {
  return segment < layer.length && compareStarts({ layer, segment }, start) === 0;
}

function compareStarts(a: Start, b: Start): number {
  if (a.layer.family === 6) return compareWords(a.layer.starts, 4 * a.segment, b.layer.starts, 4 * b.segment);
  return (a.layer.starts[a.segment] ?? 0) - (b.layer.starts[b.segment] ?? 0);
}
