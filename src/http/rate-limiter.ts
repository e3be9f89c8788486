import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../time/clock.ts';

/** At most so many requests in any stretch of so many milliseconds. */
export interface Rate {
  readonly requests: number;
  readonly windowMs: number;
}

/** The vendor's clock counts whole seconds, and begins to count when a request arrives, in milliseconds. */
const MARGIN_MS = 250;

/**
 * How fast requests may follow each other, for all that are in flight together: as the vendor's document has it, as its
 * `x-ratelimit-*` headers say, and not before the time that it asked to wait for.
 */
export class RateLimiter {
  readonly #rate: Rate | null;
  readonly #clock: Clock;
  /** When those requests were answered that still count, oldest first. */
  readonly #answered: number[] = [];
  #inFlight = 0;
  /** Nothing is sent before. */
  #pausedUntil = 0;
  /** What the vendor allows before `#resetAt`. */
  #left = Number.POSITIVE_INFINITY;
  #resetAt = 0;
  #turn: Promise<void> = Promise.resolve();

  /**
   * @param rate never exceeded; null: none is known
   */
  constructor(rate: Rate | null, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Waits until one more request may be sent; each is to be followed by `answered`. Throws the signal's reason. */
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

  /** Told of each request that ended; null: without an answer. */
  release(headers: IncomingHttpHeaders | null): void {
    const now = this.#clock.now();
    this.#inFlight--;
    if (this.#rate !== null) this.#answered.push(now);
    const left = wholeNumber(headers?.['x-ratelimit-remaining']);
    const resetS = wholeNumber(headers?.['x-ratelimit-reset']);
    // Some vendors name an instant there, in seconds since 1970.
    if (left === null || resetS === null || resetS > 86_400) return;
    if (now >= this.#resetAt) this.#left = Number.POSITIVE_INFINITY;
    // What is in flight may not have been counted there yet.
    this.#left = Math.min(this.#left, left - this.#inFlight);
    this.#resetAt = now + resetS * 1000 + MARGIN_MS;
  }

  /** Sends nothing for so many milliseconds: the vendor has asked one request to wait, and means all. */
  pauseFor(waitMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + waitMs);
  }

  /** How long nothing may be sent, as far as is known by now. */
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
    // All that count are in flight: whichever ends next, it counts from then on.
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

/** The pace of requests to an origin: the documented rate is that of the vendor's own hosts. */
export function rateLimiterFor({ hosts, rate }: DocumentedRate, origin: string, clock: Clock): RateLimiter {
  const isOwn = Object.values(hosts).includes(origin);
  return new RateLimiter((isOwn && rate) || null, clock);
}
