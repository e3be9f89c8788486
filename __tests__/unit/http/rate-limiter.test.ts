import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RateLimiter, rateLimiterFor } from '../../../src/http/rate-limiter.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { vendorOf } from '../chain.ts';

const NEVER = new AbortController().signal;
const answer = (remaining: number | string, reset: number | string) => ({
  'x-ratelimit-remaining': String(remaining),
  'x-ratelimit-reset': String(reset),
});

/** A clock that moves on to the next wait that ends, once all else is done. */
class VirtualClock implements Clock {
  #now = 1_000_000;
  readonly #waiting: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  random(): number {
    return 0.5;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((wake, reject) => {
      if (signal.aborted) reject(signal.reason);
      if (signal !== NEVER) signal.addEventListener('abort', () => reject(signal.reason));
      this.#waiting.push({ at: this.#now + ms, wake });
    });
  }

  /** Runs until no wait is left, or past an instant. */
  async run(until = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      await turn();
      this.#waiting.sort((a, b) => a.at - b.at);
      const [next] = this.#waiting;
      if (next === undefined || next.at > until) break;
      this.#waiting.shift();
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    if (until < Number.POSITIVE_INFINITY) this.#now = Math.max(this.#now, until);
  }
}

/** Counts one more request as a server does; returns how many are left (below 0: too many), and the time to its reset. */
type Counting = (now: number) => { readonly left: number; readonly resetMs: number };

/** Allows `limit` requests in a window that starts with its first request. */
function fixedWindow(limit: number, windowMs: number): Counting {
  let endsAt = Number.NEGATIVE_INFINITY;
  let count = 0;
  return (now) => {
    if (now >= endsAt) [endsAt, count] = [now + windowMs, 0];
    count++;
    return { left: limit - count, resetMs: endsAt - now };
  };
}

/** Allows `limit` requests in the `windowMs` milliseconds before each. */
function slidingWindow(limit: number, windowMs: number): Counting {
  const arrived: number[] = [];
  return (now) => {
    arrived.push(now);
    while ((arrived[0] ?? now) <= now - windowMs) arrived.shift();
    return { left: limit - arrived.length, resetMs: (arrived[0] ?? now) + windowMs - now };
  };
}

interface Traffic {
  readonly limiter: RateLimiter;
  readonly clock: VirtualClock;
  readonly counting: Counting;
  readonly concurrency: number;
  readonly requests: number;
  /** Times that requests and answers travel, and a sender pauses, in milliseconds; repeated. */
  readonly travel: readonly number[];
  readonly tells: boolean;
}

/** Sends requests concurrently. Returns when each arrived, and how many were too many. */
async function traffic({ limiter, clock, counting, concurrency, requests, travel, tells }: Traffic) {
  const arrivals: number[] = [];
  let tooMany = 0;
  let sent = 0;
  let travels = 0;
  const travelled = () => clock.sleep(travel[travels++ % travel.length] ?? 0, NEVER);
  const send = async () => {
    while (sent < requests) {
      sent++;
      await limiter.acquire(NEVER);
      await travelled();
      arrivals.push(clock.now());
      const { left, resetMs } = counting(clock.now());
      if (left < 0) tooMany++;
      const headers = tells ? answer(Math.max(0, left), Math.ceil(resetMs / 1000)) : {};
      await travelled();
      limiter.release(headers);
      await travelled();
    }
  };
  const all = Promise.all(Array.from({ length: concurrency }, send));
  await clock.run();
  await all;
  return { arrivals, tooMany };
}

const travel = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 20 });
const concurrency = fc.integer({ min: 1, max: 16 });

describe('RateLimiter: a documented rate', () => {
  test.each([
    ['in fixed windows', fixedWindow],
    ['in sliding windows', slidingWindow],
  ])('a server that counts %s, answers of any duration: the rate is never exceeded', async (_, count) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), concurrency, travel, async (requests, atOnce, times) => {
        const clock = new VirtualClock();
        const rate = { requests, windowMs: 10_000 };
        const given = {
          clock,
          counting: count(requests, rate.windowMs),
          concurrency: atOnce,
          travel: times,
          tells: false,
        };
        const { arrivals, tooMany } = await traffic({ ...given, limiter: new RateLimiter(rate, clock), requests: 60 });
        expect(tooMany).toBe(0);
        expect(arrivals).toHaveLength(60);
        arrivals.sort((a, b) => a - b);
        for (const [index, at] of arrivals.entries()) {
          expect(at - (arrivals[index - requests] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(rate.windowMs);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('more requests than the rate allows: each window is used in full', async () => {
    const clock = new VirtualClock();
    const rate = { requests: 10, windowMs: 60_000 };
    const start = clock.now();
    const given = {
      clock,
      counting: slidingWindow(10, 60_000),
      concurrency: 4,
      requests: 100,
      travel: [50],
      tells: false,
    };
    await traffic({ ...given, limiter: new RateLimiter(rate, clock) });
    expect(clock.now() - start).toBeLessThan(9 * 61_000);
  });

  test('rateLimiterFor: the rate holds for the vendor’s own hosts alone', async () => {
    const vendor = vendorOf({ rate: { requests: 1, windowMs: 60_000 } });
    for (const [origin, ms] of [
      ['https://acme.test', 60_250],
      ['https://proxy.test', 0],
    ] as const) {
      const clock = new VirtualClock();
      const start = clock.now();
      const limiter = rateLimiterFor(vendor, origin, clock);
      await limiter.acquire(NEVER);
      limiter.release(null);
      const second = limiter.acquire(NEVER);
      await clock.run();
      await second;
      expect(clock.now() - start).toBe(ms);
    }
  });
});

describe('RateLimiter: the rest that `x-ratelimit-*` tells', () => {
  test('any requests in flight: never one too many', async () => {
    let most = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 16, max: 60 }), concurrency, travel, async (limit, atOnce, times) => {
        const clock = new VirtualClock();
        const given = { clock, counting: fixedWindow(limit, 60_000), concurrency: atOnce, travel: times, tells: true };
        const { arrivals, tooMany } = await traffic({ ...given, limiter: new RateLimiter(null, clock), requests: 150 });
        expect(tooMany).toBe(0);
        most = Math.max(most, arrivals.length / (1 + (clock.now() - 1_000_000) / 60_000) / limit);
      }),
      { numRuns: 60 },
    );
    expect(most).toBeGreaterThan(0.5);
  });

  test('many requests: all of the rest is used but for as many as may be in flight', async () => {
    const clock = new VirtualClock();
    const given = {
      clock,
      counting: fixedWindow(100, 60_000),
      concurrency: 8,
      requests: 500,
      travel: [100],
      tells: true,
    };
    const { tooMany } = await traffic({ ...given, limiter: new RateLimiter(null, clock) });
    expect(tooMany).toBe(0);
    expect(clock.now() - 1_000_000).toBeLessThan(6 * 62_000);
  });

  test('several requests before the next answer: each takes one of the rest', async () => {
    const clock = new VirtualClock();
    const limiter = new RateLimiter(null, clock);
    const start = clock.now();
    await limiter.acquire(NEVER);
    limiter.release(answer(2, 9));
    const sent = [0, 1, 2].map(() => limiter.acquire(NEVER).then(() => clock.now() - start));
    await clock.run();
    expect(await Promise.all(sent)).toEqual([0, 0, 9250]);
  });

  /** Wait of the next request after an answer with these headers, in milliseconds. */
  const waitAfter = async (headers: Record<string, string> | null, others = 0) => {
    const clock = new VirtualClock();
    const limiter = new RateLimiter(null, clock);
    for (let sent = 0; sent <= others; sent++) await limiter.acquire(NEVER);
    limiter.release(headers);
    const start = clock.now();
    const next = limiter.acquire(NEVER);
    await clock.run();
    await next;
    return clock.now() - start;
  };

  test.each([
    ['nothing for nine seconds', answer(0, 9), 0, 9250],
    ['one, none in flight', answer(1, 9), 0, 0],
    ['one, which may be for the one in flight', answer(1, 9), 1, 9250],
    ['three, one of them for what is in flight', answer(3, 9), 2, 0],
    ['an instant of time, not seconds', answer(0, 1_793_577_600), 0, 0],
    ['no time', answer(0, ''), 0, 0],
    ['no count', answer('many', 9), 0, 0],
    ['less than nothing', answer(-1, 9), 0, 0],
    ['no such headers', {}, 0, 0],
    ['a request without an answer', null, 0, 0],
  ])('%s: %j, %i others in flight: the next request waits %i ms', async (_, headers, others, ms) => {
    expect(await waitAfter(headers, others)).toBe(ms);
  });
});

describe('RateLimiter.pauseFor', () => {
  test('requests that are not sent yet: wait for the longest pause, and keep their order', async () => {
    const clock = new VirtualClock();
    const limiter = new RateLimiter(null, clock);
    const start = clock.now();
    const sent: [index: number, ms: number][] = [];
    limiter.pauseFor(17_000);
    limiter.pauseFor(5000);
    for (const index of [0, 1, 2]) void limiter.acquire(NEVER).then(() => sent.push([index, clock.now() - start]));
    await clock.run();
    expect(sent).toEqual([
      [0, 17_000],
      [1, 17_000],
      [2, 17_000],
    ]);
  });

  test('a longer pause while requests wait: delays them further', async () => {
    const clock = new VirtualClock();
    const limiter = new RateLimiter(null, clock);
    const start = clock.now();
    limiter.pauseFor(1000);
    const sent = limiter.acquire(NEVER).then(() => clock.now() - start);
    await clock.run(start + 500);
    limiter.pauseFor(2000);
    await clock.run();
    expect(await sent).toBe(2500);
  });
});

test('RateLimiter: the signal aborts: all waiting requests throw its reason', async () => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter({ requests: 1, windowMs: 60_000 }, clock);
  await limiter.acquire(NEVER);
  const over = new AbortController();
  const waiting = [0, 1, 2].map(() =>
    limiter.acquire(over.signal).then(
      () => 'sent',
      (reason: unknown) => reason,
    ),
  );
  await clock.run(clock.now() + 100);
  over.abort('over');
  expect(await Promise.all(waiting)).toEqual(['over', 'over', 'over']);
});
