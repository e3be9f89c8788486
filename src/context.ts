import type { Secrets } from './base/secrets.ts';
import type { Pace } from './http/rate-limiter.ts';
import type { Runner } from './runner.ts';
import type { Clock } from './time/clock.ts';

/** What the program runs on. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runner: Runner;
  readonly clock: Clock;
  /** Aborted by SIGINT and SIGTERM; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** The same, with what has to be kept out of everything that is shown. */
export interface Inside extends Surroundings {
  readonly secrets: Secrets;
  /** Of all requests to the vendor. */
  readonly pace: Pace;
}
