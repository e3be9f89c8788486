import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../time/clock.ts';

/** A limit of at most `requests` requests in any `windowMs` milliseconds. */
export interface Rate {
  readonly requests: number;
  readonly windowMs: number;
}

/** Added to waits, in milliseconds: the vendor counts whole seconds, from the arrival of a request on. */
const MARGIN_MS = 250;

/**
 * Delays requests so that the vendor does not refuse them: keeps the rate of the vendor's document, the count that its
 * `x-ratelimit-*` headers tell, and the waits that it asks for. Concurrent requests share one limiter.
 */
export class RateLimiter {
  readonly #rate: Rate | null;
  readonly #clock: Clock;
  /** Times of the answers that still count for the rate, oldest first. */
  readonly #answered: number[] = [];
  #inFlight = 0;
  /** Time before which nothing is sent. */
  #pausedUntil = 0;
  /** Number of requests that the vendor still allows before `#resetAt`. */
  #left = Number.POSITIVE_INFINITY;
  #resetAt = 0;
  #turn: Promise<void> = Promise.resolve();

  /** @param rate null if none is known */
  constructor(rate: Rate | null, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Waits until one more request may be sent, which `release` has to follow. Throws the signal's reason. */
  async acquire(signal: AbortSignal): Promise<void> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await before;
      for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) {
        await this.#clock.sleep(waitMs, signal);
      }
      this.#inFlight++;
      this.#left--;
    } finally {
      resolve();
    }
  }

  /** Ends a request that was acquired; `headers` are those of its answer, null if there was none. */
  release(headers: IncomingHttpHeaders | null): void {
    const now = this.#clock.now();
    this.#inFlight--;
    if (this.#rate !== null) this.#answered.push(now);
    const left = wholeNumber(headers?.['x-ratelimit-remaining']);
    const resetS = wholeNumber(headers?.['x-ratelimit-reset']);
    // Some vendors name an instant there, in seconds since 1970.
    if (left === null || resetS === null || resetS > 86_400) return;
    if (now >= this.#resetAt) this.#left = Number.POSITIVE_INFINITY;
    // The vendor may not have counted the requests in flight yet.
    this.#left = Math.min(this.#left, left - this.#inFlight);
    this.#resetAt = now + resetS * 1000 + MARGIN_MS;
  }

  /** Delays all requests by some milliseconds: a vendor that asks one request to wait means all. */
  pauseFor(waitMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + waitMs);
  }

  /** Time until the next request may be sent, in milliseconds, as far as is known now. */
  #waitMs(): number {
    const now = this.#clock.now();
    if (now >= this.#resetAt) this.#left = Number.POSITIVE_INFINITY;
    const untilReset = this.#left > 0 ? 0 : this.#resetAt - now;
    return Math.max(this.#pausedUntil - now, untilReset, this.#untilRate(now));
  }

  #untilRate(now: number): number {
    if (this.#rate === null) return 0;
    const { requests, windowMs } = this.#rate;
    const counts = (answeredAt: number) => answeredAt + windowMs + MARGIN_MS > now;
    while (this.#answered.length > 0 && !counts(this.#answered[0] ?? 0)) this.#answered.shift();
    if (this.#answered.length + this.#inFlight < requests) return 0;
    const [oldest] = this.#answered;
    // All requests that count are in flight, and each counts from its answer on.
    return oldest === undefined ? MARGIN_MS : oldest + windowMs + MARGIN_MS - now;
  }
}

const wholeNumber = (header: string | readonly string[] | undefined): number | null =>
  typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : null;

interface DocumentedRate {
  /** The vendor's own origins, by region. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly rate?: Rate;
}

/** Makes the rate limiter for an origin. The documented rate is that of the vendor's own hosts alone. */
export function rateLimiterFor({ hosts, rate }: DocumentedRate, origin: string, clock: Clock): RateLimiter {
  const isOwn = Object.values(hosts).includes(origin);
  return new RateLimiter((isOwn && rate) || null, clock);
}
