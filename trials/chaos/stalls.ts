/** Time-outs without the time: a fault that stalls lets the client's own timer go off at once. */

import { AsyncLocalStorage } from 'node:async_hooks';

/** The time-out of every request of a run, in seconds; no other timer has it. */
export const TIMEOUT_S = 149;

type Timers = Set<() => void>;

const runs = new AsyncLocalStorage<Timers>();
const plainTimer = globalThis.setTimeout;

/** Node's `setTimeout`, which also notes timers of that length for the run that they belong to. */
function setTimeout<Given extends unknown[]>(callback: (...given: Given) => void, ms?: number, ...given: Given) {
  const timers = ms === TIMEOUT_S * 1000 ? runs.getStore() : undefined;
  if (timers === undefined) return plainTimer(callback, ms, ...given);
  const goOff = () => {
    clearTimeout(timer);
    timers.delete(goOff);
    callback(...given);
  };
  const timer = plainTimer(goOff, ms);
  timers.add(goOff);
  return timer;
}
globalThis.setTimeout = Object.assign(setTimeout, plainTimer);

/** Does some work; `timeOut` ends every request of the work that is waiting. */
export function withTimeOuts<Value>(work: (timeOut: () => void) => Promise<Value>): Promise<Value> {
  const timers: Timers = new Set();
  return runs.run(timers, () =>
    work(() => {
      for (const goOff of [...timers]) goOff();
    }),
  );
}
