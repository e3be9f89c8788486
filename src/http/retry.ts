import type { Clock } from '../time/clock.ts';

/** Longest sum of all waits between the tries of one call, in milliseconds. */
export const WAITING_BUDGET_MS = 10 * 60_000;
/** Longest single wait, unless the vendor asks for a longer one, in milliseconds. */
const LONGEST_PAUSE_MS = 30_000;
/** Longest first wait, in milliseconds; doubled with each try. */
const FIRST_PAUSE_MS = 1_000;

/** Whether a status says "try again": 408, 425, 429, 5xx, and what the vendor uses beside them. */
export function isTransient(status: number, also: readonly number[] = []): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500 || also.includes(status);
}

const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Reads an IMF-fixdate (RFC 9110, 5.6.7) as milliseconds since 1970; null for anything else. */
export function readHttpDate(value: string | undefined): number | null {
  const time = HTTP_DATE.test(value ?? '') ? Date.parse(value ?? '') : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/**
 * The wait that a `Retry-After` header asks for, in milliseconds from `now`; null where there is none to honour.
 * Whole seconds or an IMF-fixdate (RFC 9110, 10.2.3). `Date.parse` alone would read `-5` as a month of 2001.
 * Zero and the past count as none, so that a careless header does not turn the retries into a hammer.
 */
export function readRetryAfter(value: string | undefined, now: number): number | null {
  const text = value?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : (readHttpDate(text) ?? Number.NaN) - now;
  return ms > 0 ? ms : null;
}

/** A wait before another try; `attempt` is the number of the one that failed. */
export interface Wait {
  readonly attempt: number;
  readonly waitMs: number;
  /** Reason of the failure, in our own words alone. */
  readonly reason: string;
}

/** Wait after some failures in a row, in milliseconds: full jitter under a ceiling that doubles with each. */
export const pauseAfter = (failures: number, clock: Clock): number =>
  Math.round(clock.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)));

/** Limits the tries of one call, and the time waited between them. */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #maxTries: number;
  #failed = 0;
  #leftMs = WAITING_BUDGET_MS;

  constructor(maxTries: number, clock: Clock) {
    this.#maxTries = maxTries;
    this.#clock = clock;
  }

  /**
   * Returns the wait before the next try, in milliseconds; null if no try is left, or not enough time. Has to be called
   * once after each failed try.
   * @param askedMs the wait that the vendor asks for, which is kept exactly; null for full jitter, so that jobs that
   * failed together do not come back together
   */
  nextDelay(askedMs: number | null): number | null {
    this.#failed += 1;
    if (this.#failed >= this.#maxTries) return null;
    const waitMs = askedMs ?? pauseAfter(this.#failed, this.#clock);
    if (waitMs > this.#leftMs) return null;
    this.#leftMs -= waitMs;
    return waitMs;
  }
}

/**
 * Kind of a failure below HTTP: `again` is worth another try, `trust` is a certificate that this runner does not trust,
 * `malformed` is an answer that is not HTTP, `credentials` hold a character that no header can, `bug` is ours.
 */
export type Failure = {
  readonly kind: 'again' | 'trust' | 'malformed' | 'credentials' | 'bug';
  readonly reason: string;
};

const REASONS: Readonly<Record<string, string>> = {
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name not found',
  ETIMEDOUT: 'time-out',
  ERR_HTTP_CONTENT_LENGTH_MISMATCH: 'truncated response',
  HPE_INVALID_EOF_STATE: 'truncated response',
  ERR_PROXY_TUNNEL: 'the proxy refused the tunnel',
};

const UNTRUSTED =
  /^(CERT_|CRL_|UNABLE_TO_|ERR_TLS_CERT_|ERROR_IN_C|(DEPTH_ZERO_)?SELF_SIGNED_CERT|INVALID_(CA|PURPOSE)$|HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED)/;

/** Classifies a network error by its `code`. The reason has our own words and the code alone. */
export function failureOf(code: string | undefined): Failure {
  const known = code === undefined ? undefined : REASONS[code];
  if (known !== undefined) return { kind: 'again', reason: `${known} (${code})` };
  const reason = code ?? 'no error code';
  if (code === undefined || code.startsWith('ERR_GOT_')) return { kind: 'bug', reason };
  if (code === 'ERR_INVALID_CHAR') return { kind: 'credentials', reason };
  if (code.startsWith('ERR_INVALID_') || code === 'ERR_UNSUPPORTED_PROTOCOL') return { kind: 'bug', reason };
  if (code.startsWith('HPE_')) return { kind: 'malformed', reason };
  if (UNTRUSTED.test(code)) return { kind: 'trust', reason };
  return { kind: 'again', reason: `network error (${reason})` };
}
