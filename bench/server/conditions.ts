/** What a response costs beside its bytes, and how many are allowed. */

export interface Conditions {
  /** Before each response, in milliseconds. */
  readonly latencyMs: number;
  /** More of it for each thousand events that are skipped, as by a database without an index for offsets. */
  readonly skipMsPerThousand: number;
  /** So many requests in each window, which begins with its first one; null: as many as come. */
  readonly limit: { readonly requests: number; readonly windowMs: number } | null;
}

export const FREE: Conditions = { latencyMs: 0, skipMsPerThousand: 0, limit: null };

/** What the server saw since its conditions were last imposed. */
export interface Tally {
  readonly requests: number;
  /** Answered with 429. */
  readonly refused: number;
  /** Of those, the ones that came though an earlier 429 had already asked to wait, and answered long enough ago to be known. */
  readonly early: number;
}

/** By when a client has read a 429 that was sent, in milliseconds. */
const KNOWN_AFTER_MS = 250;

/** Counts requests against a limit; time is handed in, in milliseconds. */
export class Turnstile {
  readonly #limit: Conditions['limit'];
  #windowStart = Number.NEGATIVE_INFINITY;
  #inWindow = 0;
  #firstRefusal = Number.POSITIVE_INFINITY;
  #tally = { requests: 0, refused: 0, early: 0 };

  constructor(limit: Conditions['limit']) {
    this.#limit = limit;
  }

  get tally(): Tally {
    return { ...this.#tally };
  }

  /** The headers that say how the limit stands, and whether the request is refused. */
  pass(now: number): { readonly headers: Readonly<Record<string, string>>; readonly refused: boolean } {
    this.#tally.requests += 1;
    if (this.#limit === null) return { headers: {}, refused: false };
    const { requests, windowMs } = this.#limit;
    if (now >= this.#windowStart + windowMs) {
      this.#windowStart = now;
      this.#inWindow = 0;
      this.#firstRefusal = Number.POSITIVE_INFINITY;
    }
    this.#inWindow += 1;
    const refused = this.#inWindow > requests;
    const seconds = String(Math.ceil((this.#windowStart + windowMs - now) / 1000));
    if (refused) {
      this.#tally.refused += 1;
      if (now > this.#firstRefusal + KNOWN_AFTER_MS) this.#tally.early += 1;
      this.#firstRefusal = Math.min(this.#firstRefusal, now);
    }
    const headers = {
      'x-ratelimit-limit': String(requests),
      'x-ratelimit-remaining': String(Math.max(0, requests - this.#inWindow)),
      'x-ratelimit-reset': seconds,
      ...(refused && { 'retry-after': seconds }),
    };
    return { headers, refused };
  }
}
