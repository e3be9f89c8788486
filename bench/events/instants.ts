/** When events happen. */

import type { Dice } from '../../trials/year/dice.ts';

/** `even`: all over the window. `late`: nine of ten in its last thirtieth. */
export type Spread = 'even' | 'late';

export interface InstantsOptions {
  readonly events: number;
  /** Half open, in milliseconds since 1970. */
  readonly window: { readonly from: number; readonly to: number };
  /** The finest step of the vendor's clock, in microseconds. */
  readonly granule: number;
  readonly spread: Spread;
  /** The share of events that fall on the instant of another. */
  readonly ties: number;
  readonly dice: Dice;
}

/** Steps outside of the window, from either end, at which an event lies that no export may hold. */
const STRAYS = [1, 2, 1000];

/** Microseconds since 1970, newest first: the events of the window, with a few on either side of it. */
export function instants({ events, window, granule, spread, ties, dice }: InstantsOptions): Float64Array {
  const first = Math.ceil((window.from * 1000) / granule);
  const end = Math.ceil((window.to * 1000) / granule);
  const steps = new Float64Array(events);
  const late = end - (end - first) / 30;
  for (let index = 0; index < events; index += 1) {
    const start = spread === 'late' && dice.chance(0.9) ? late : first;
    const tied = index > 0 && dice.chance(ties);
    steps[index] = tied ? (steps[index - 1] ?? first) : Math.floor(dice.between(start, end));
  }
  const strays = STRAYS.flatMap((step) => [first - step, end + step]);
  const all = new Float64Array(events + strays.length);
  all.set(steps);
  all.set(strays, events);
  return all
    .sort()
    .reverse()
    .map((step) => step * granule);
}
