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

/** A clock that goes on to the next thing that somebody waits for, once nothing else is to be done. */
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

  /** Until nobody waits any more, or beyond an instant. */
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

/** How a server counts: gives what is left after one more request, and when it counts anew; less than 0: too many. */
type Counting = (now: number) => { readonly left: number; readonly resetMs: number };

/** From its first request on, so many a window. */
function fixedWindow(limit: number, windowMs: number): Counting {
  let endsAt = Number.NEGATIVE_INFINITY;
  let count = 0;
  return (now) => {
    if (now >= endsAt) [endsAt, count] = [now + windowMs, 0];
    count++;
    return { left: limit - count, resetMs: endsAt - now };
  };
}

/** So many in each stretch that ends now. */
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
  readonly walkers: number;
  readonly requests: number;
  /** How long requests and answers travel, and walkers do something else, in milliseconds, again and again. */
  readonly travel: readonly number[];
  readonly tells: boolean;
}

/** Sends requests, as many at once as there are walkers. Gives when each arrived, and how many were too many. */
async function traffic({ limiter, clock, counting, walkers, requests, travel, tells }: Traffic) {
  const arrivals: number[] = [];
  let tooMany = 0;
  let sent = 0;
  let travels = 0;
  const travelled = () => clock.sleep(travel[travels++ % travel.length] ?? 0, NEVER);
  const walk = async () => {
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
  const walks = Promise.all(Array.from({ length: walkers }, walk));
  await clock.run();
  await walks;
  return { arrivals, tooMany };
}

const travel = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 20 });
const walkers = fc.integer({ min: 1, max: 16 });

describe('a published rate', () => {
  test.each([
    ['in fixed windows', fixedWindow],
    ['in sliding windows', slidingWindow],
  ])('is never exceeded at a server that counts %s, however long answers take', async (_, count) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), walkers, travel, async (requests, atOnce, times) => {
        const clock = new VirtualClock();
        const rate = { requests, windowMs: 10_000 };
        const given = { clock, counting: count(requests, rate.windowMs), walkers: atOnce, travel: times, tells: false };
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

  test('is made use of: a full one each window', async () => {
    const clock = new VirtualClock();
    const rate = { requests: 10, windowMs: 60_000 };
    const start = clock.now();
    const given = { clock, counting: slidingWindow(10, 60_000), walkers: 4, requests: 100, travel: [50], tells: false };
    await traffic({ ...given, limiter: new RateLimiter(rate, clock) });
    expect(clock.now() - start).toBeLessThan(9 * 61_000);
  });

  test('is that of the vendor’s own hosts, and no other’s', async () => {
    const vendor = vendorOf({ rate: { requests: 1, windowMs: 60_000 } });
    for (const [origin, ms] of [
      ['https://acme.test', 60_250],
      ['https://proxy.test', 0],
    ] as const) {
      const clock = new VirtualClock();
      const start = clock.now();
      const pace = rateLimiterFor(vendor, origin, clock);
      await pace.acquire(NEVER);
      pace.release(null);
      const second = pace.acquire(NEVER);
      await clock.run();
      await second;
      expect(clock.now() - start).toBe(ms);
    }
  });
});

describe('what the vendor says is left', () => {
  test('is kept to, whatever is in flight: never one request too many', async () => {
    let most = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 16, max: 60 }), walkers, travel, async (limit, atOnce, times) => {
        const clock = new VirtualClock();
        const given = { clock, counting: fixedWindow(limit, 60_000), walkers: atOnce, travel: times, tells: true };
        const { arrivals, tooMany } = await traffic({ ...given, limiter: new RateLimiter(null, clock), requests: 150 });
        expect(tooMany).toBe(0);
        most = Math.max(most, arrivals.length / (1 + (clock.now() - 1_000_000) / 60_000) / limit);
      }),
      { numRuns: 60 },
    );
    expect(most).toBeGreaterThan(0.5);
  });

  test('is made use of, but for as many as may be in flight', async () => {
    const clock = new VirtualClock();
    const given = { clock, counting: fixedWindow(100, 60_000), walkers: 8, requests: 500, travel: [100], tells: true };
    const { tooMany } = await traffic({ ...given, limiter: new RateLimiter(null, clock) });
    expect(tooMany).toBe(0);
    expect(clock.now() - 1_000_000).toBeLessThan(6 * 62_000);
  });

  test('is for one request each, though none was answered since', async () => {
    const clock = new VirtualClock();
    const pace = new RateLimiter(null, clock);
    const start = clock.now();
    await pace.acquire(NEVER);
    pace.release(answer(2, 9));
    const sent = [0, 1, 2].map(() => pace.acquire(NEVER).then(() => clock.now() - start));
    await clock.run();
    expect(await Promise.all(sent)).toEqual([0, 0, 9250]);
  });

  /** How long the next request waits after an answer with these headers, in milliseconds. */
  const waitAfter = async (headers: Record<string, string> | null, others = 0) => {
    const clock = new VirtualClock();
    const pace = new RateLimiter(null, clock);
    for (let sent = 0; sent <= others; sent++) await pace.acquire(NEVER);
    pace.release(headers);
    const start = clock.now();
    const next = pace.acquire(NEVER);
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
    ['nothing at all', {}, 0, 0],
    ['no answer', null, 0, 0],
  ])('%s', async (_, headers, others, ms) => {
    expect(await waitAfter(headers, others)).toBe(ms);
  });
});

describe('close', () => {
  test('stops all that were not sent yet, for as long as was asked for, and they go in their order', async () => {
    const clock = new VirtualClock();
    const pace = new RateLimiter(null, clock);
    const start = clock.now();
    const sent: [index: number, ms: number][] = [];
    pace.pauseFor(17_000);
    pace.pauseFor(5000);
    for (const index of [0, 1, 2]) void pace.acquire(NEVER).then(() => sent.push([index, clock.now() - start]));
    await clock.run();
    expect(sent).toEqual([
      [0, 17_000],
      [1, 17_000],
      [2, 17_000],
    ]);
  });

  test('stops those that wait already for longer', async () => {
    const clock = new VirtualClock();
    const pace = new RateLimiter(null, clock);
    const start = clock.now();
    pace.pauseFor(1000);
    const sent = pace.acquire(NEVER).then(() => clock.now() - start);
    await clock.run(start + 500);
    pace.pauseFor(2000);
    await clock.run();
    expect(await sent).toBe(2500);
  });
});

test('a wait ends with the signal, for all that wait', async () => {
  const clock = new VirtualClock();
  const pace = new RateLimiter({ requests: 1, windowMs: 60_000 }, clock);
  await pace.acquire(NEVER);
  const over = new AbortController();
  const waiting = [0, 1, 2].map(() =>
    pace.acquire(over.signal).then(
      () => 'sent',
      (reason: unknown) => reason,
    ),
  );
  await clock.run(clock.now() + 100);
  over.abort('over');
  expect(await Promise.all(waiting)).toEqual(['over', 'over', 'over']);
});
