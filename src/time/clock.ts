import { setTimeout as delay } from 'node:timers/promises';

/** Time and chance, passed as an argument so that tests depend on neither. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00Z. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects at once with `signal.reason` when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A random number, at least 0 and less than 1. */
  random(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  },
};
