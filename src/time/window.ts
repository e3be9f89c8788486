import { formatInstant } from './instant.ts';

/** A half-open interval of time `[from, to)`, in milliseconds since 1970-01-01T00:00Z. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * Splits a window at the multiples of `lengthMs` since 1970 and yields the slices, oldest first. The first and the last
 * may be shorter. Throws `RangeError` unless `lengthMs` is a whole number of milliseconds above 0.
 */
export function* sliceWindow({ from, to }: Window, lengthMs: number): Generator<Window> {
  if (!(Number.isSafeInteger(lengthMs) && lengthMs > 0)) throw new RangeError(`Slices of ${lengthMs} ms`);
  let start = from;
  while (start < to) {
    const end = Math.min(to, (Math.floor(start / lengthMs) + 1) * lengthMs);
    yield { from: start, to: end };
    start = end;
  }
}

/** Splits a window in two at its middle millisecond; null if it is one millisecond long. */
export function halves({ from, to }: Window): [Window, Window] | null {
  if (to - from <= 1) return null;
  const middle = Math.floor((from + to) / 2);
  return [
    { from, to: middle },
    { from: middle, to },
  ];
}

/** Extends a window by some milliseconds before it and after it. */
export function pad({ from, to }: Window, beforeMs: number, afterMs = beforeMs): Window {
  return { from: from - beforeMs, to: to + afterMs };
}

/** Whether an instant, in milliseconds since 1970, lies in `[from, to)`. */
export function contains({ from, to }: Window, time: number): boolean {
  return from <= time && time < to;
}

/** The ends of a window as RFC 3339. */
export const boundsOf = ({ from, to }: Window): { from: string; to: string } => ({
  from: formatInstant(from),
  to: formatInstant(to),
});
