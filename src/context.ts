import type { Secrets } from './base/secrets.ts';
import type { RateLimiter } from './http/rate-limiter.ts';
import type { Inputs } from './inputs/inputs.ts';
import type { Runner } from './runner.ts';
import type { Clock } from './time/clock.ts';

/** The process that the program runs in. */
export interface RunContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runner: Runner;
  readonly clock: Clock;
  /** Aborted by SIGINT and SIGTERM; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** The context of one run, once its inputs are read. */
export interface ExportContext extends RunContext {
  readonly inputs: Inputs;
  /** The secrets that are redacted from everything that is shown. */
  readonly secrets: Secrets;
  /** The one rate limiter of all requests to the vendor. */
  readonly rateLimiter: RateLimiter;
}
