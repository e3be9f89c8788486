import type { Secrets } from './base/secrets.ts';
import type { RateLimiter } from './http/rate-limiter.ts';
import type { Runner } from './runner.ts';
import type { Clock } from './time/clock.ts';

/** What the program runs on. */
export interface RunContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runner: Runner;
  readonly clock: Clock;
  /** Aborted by SIGINT and SIGTERM; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** The same, with what has to be kept out of everything that is shown. */
export interface ExportContext extends RunContext {
  readonly secrets: Secrets;
  /** Of all requests to the vendor. */
  readonly rateLimiter: RateLimiter;
}
