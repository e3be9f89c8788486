import type { Runner } from './runner.ts';
import { grouped } from './summary.ts';
import type { Window } from './types.ts';
import { formatInstant } from './window.ts';

/** The least time between two lines, in milliseconds: for people, not for pages. */
const PACE_MS = 10_000;

/** Says, at a human pace, how far the export has come and what it waits for. */
export interface Progress {
  readonly requested: () => void;
  readonly written: (events: number, upTo: Window) => void;
  readonly waiting: (wait: { attempt: number; waitMs: number; reason: string }) => void;
}

export function openProgress(runner: Runner, now: () => number): Progress {
  let requests = 0;
  let saidAt = now();
  const atPace = (line: () => string): void => {
    if (now() - saidAt < PACE_MS) return;
    saidAt = now();
    runner.info(line());
  };
  return {
    requested: () => {
      requests++;
      atPace(() => `… ${grouped(requests)} requests`);
    },
    written: (events, { to }) =>
      atPace(() => `… ${grouped(events)} events, up to ${formatInstant(to)}, in ${grouped(requests)} requests`),
    waiting: ({ attempt, waitMs, reason }) => {
      const line = `Try ${attempt} failed: ${reason}. Trying again in ${(waitMs / 1000).toFixed(1)} s.`;
      if (waitMs >= PACE_MS) runner.info(line);
      else atPace(() => line);
    },
  };
}
