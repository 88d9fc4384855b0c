/** Text that no parser was made for, and text that is nearly what one was made for. */
import fc from 'fast-check';
import { AppError, type Code } from '../../src/errors';

export const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());

/** A sample with a piece cut out and another put in: closer to what parsers expect than chance would come. */
function nearly(...samples: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom(...samples));
  return fc.tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(12), piece).map(([sample, at, length, put]) => {
    const from = at % (sample.length + 1);
    return sample.slice(0, from) + put + sample.slice(from + length);
  });
}

export const around = (...samples: readonly string[]) => fc.oneof(anyText, nearly(...samples));

/** Undefined when it was refused with this code. */
export function orRefused<T>(code: Code, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError && error.code === code) return undefined;
    throw error;
  }
}
