import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomFrom } from '../../sandbox/ledger.ts';
import { ExportError } from '../../src/errors.ts';
import { byCursor, capGuard, type WalkAsk, walkBack } from '../../src/paging.ts';
import type { VendorEvent, Window } from '../../src/types.ts';
import { contains, halves, pad } from '../../src/window.ts';

const WHERE = 'GET /log';

const eventAt = (time: number | null, id: string): VendorEvent => ({ time, id, body: { id } });
const idsOf = (events: Iterable<VendorEvent>): string[] => [...events].map(({ id }) => id ?? '').sort();
const inside = (events: readonly VendorEvent[], window: Window) =>
  events.filter(({ time }) => time !== null && contains(window, time));

/** What comes of a promise: its value, or the kind of the `ExportError` that it is rejected with. */
const outcomeOf = <Value>(promise: Promise<Value>): Promise<Value | string> =>
  promise.catch((error: unknown) => {
    if (error instanceof ExportError) return error.kind;
    throw error;
  });

async function all<Value>(pages: AsyncIterable<readonly Value[]>): Promise<Value[]> {
  const found: Value[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

describe('byCursor', () => {
  /** A vendor that answers the pages by cursor, and `''` where none is given; one that is not there ends the walk. */
  const chain = (pages: Record<string, [entries: number[], next: string | null]>) => {
    const asked: (string | undefined)[] = [];
    const walk = byCursor(async (cursor) => {
      asked.push(cursor);
      if (asked.length > 20) throw new Error('The walk does not end.');
      const [entries, next] = pages[cursor ?? ''] ?? [[], null];
      return { entries, cursor: next };
    }, WHERE);
    return { asked, walk };
  };

  test('follows the cursors to their end, in order, each once', async () => {
    const { asked, walk } = chain({ '': [[1, 2], 'a'], a: [[3], 'b'], b: [[], null] });
    expect(await all(walk)).toEqual([1, 2, 3]);
    expect(asked).toEqual([undefined, 'a', 'b']);
  });

  test('asks no more than it is read', async () => {
    const { asked, walk } = chain({ '': [[1], 'a'], a: [[2], null] });
    await walk[Symbol.asyncIterator]().next();
    expect(asked).toEqual([undefined]);
  });

  test.each<[string, Parameters<typeof chain>[0]]>([
    ['a cursor that names its own page', { '': [[1], 'a'], a: [[2], 'a'] }],
    ['cursors that go in a circle', { '': [[1], 'a'], a: [[2], 'b'], b: [[3], 'c'], c: [[4], 'b'] }],
    ['an empty page that names a next one', { '': [[1], 'a'], a: [[], 'b'], b: [[2], null] }],
    ['an empty first page that names a next one', { '': [[], 'a'], a: [[1], null] }],
  ])('takes %s for what it is: protocol', async (_, pages) => {
    await expect(all(chain(pages).walk)).rejects.toMatchObject({ kind: 'protocol', where: WHERE });
  });

  test('gives any chain of pages whole', async () => {
    const pages = fc.array(fc.array(fc.integer(), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(pages, async (list) => {
        const entries = list.map((page, at): [string, [number[], string | null]] => [
          at === 0 ? '' : `c${at}`,
          [page, at + 1 < list.length ? `c${at + 1}` : null],
        ]);
        expect(await all(chain(Object.fromEntries(entries)).walk)).toEqual(list.flat());
      }),
    );
  });
});

describe('capGuard', () => {
  const WINDOW = { from: 1000, to: 87_401_000 };

  interface Vendor {
    readonly times: readonly number[];
    readonly cap: number;
    readonly newestFirst: boolean;
    readonly fromInclusive: boolean;
    readonly toInclusive: boolean;
    /** Milliseconds asked for on either side, to be on the safe side of its bounds. */
    readonly padding: number;
    /** Whether its rows have times to cut by. */
    readonly timed?: boolean;
  }

  /** A vendor that cuts its answers in silence, and a guard over it. */
  function guarded({ times, cap, newestFirst, fromInclusive, toInclusive, padding, timed = true }: Vendor) {
    const ledger = times
      .map((time, index) => eventAt(time, String(index)))
      .sort((a, b) => (a.time ?? 0) - (b.time ?? 0));
    if (newestFirst) ledger.reverse();
    const asked: Window[] = [];
    const guard = capGuard(async (window) => {
      asked.push(window);
      const { from, to } = pad(window, padding);
      const found = ledger.filter(({ time }) => {
        const at = time ?? 0;
        return (fromInclusive ? at >= from : at > from) && (toInclusive ? at <= to : at < to);
      });
      return { events: found.slice(0, cap).map((event) => (timed ? event : { ...event, time: null })), proven: false };
    });
    return { ledger, asked, guard };
  }

  /** Every event that the parts keep. */
  const keptBy = (parts: readonly { window: Window; events: readonly VendorEvent[] }[]) =>
    parts.flatMap(({ window, events }) => inside(events, window));

  const vendorOf = (cap: number, most: number) =>
    fc.record({
      times: fc
        .tuple(fc.integer({ min: 0, max: most }), fc.integer(), fc.constantFrom(10, 50_000, 90_000_000))
        .map(([count, seed, spread]) => {
          const random = randomFrom(seed);
          return Array.from({ length: count }, () => 500 + Math.floor(random() * spread));
        }),
      cap: fc.constant(cap),
      newestFirst: fc.boolean(),
      fromInclusive: fc.boolean(),
      toInclusive: fc.boolean(),
      padding: fc.constant(1),
    });

  test.each([
    [100, 450, 200],
    [1000, 4500, 40],
    [10_000, 35_000, 8],
  ])('a hidden cap of %d: exactly the window, or incomplete', async (cap, most, numRuns) => {
    let exact = 0;
    let split = 0;
    await fc.assert(
      fc.asyncProperty(vendorOf(cap, most), async (vendor) => {
        const { ledger, guard } = guarded(vendor);
        const outcome = await outcomeOf(guard(WINDOW));
        if (typeof outcome === 'string') return outcome === 'incomplete';
        exact++;
        if (outcome.length > 1) split++;
        expect(idsOf(keptBy(outcome))).toEqual(idsOf(inside(ledger, WINDOW)));
        return true;
      }),
      { numRuns, seed: 1, examples: [[{ ...SPREAD, times: spreadOut(most), cap }]] },
    );
    expect(exact).toBeGreaterThan(numRuns / 4);
    expect(split).toBeGreaterThan(0);
  });

  const SPREAD = { newestFirst: true, fromInclusive: true, toInclusive: true, padding: 1 };
  const spreadOut = (count: number) => Array.from({ length: count }, (_, index) => 1000 + index * 2000);

  test.each([100, 200, 250, 500, 1000, 2000, 2500, 5000, 10_000])('finds a cap of %d', async (cap) => {
    const times = Array.from({ length: 3 * cap + 7 }, (_, index) => 1000 + index * 2000);
    const { ledger, guard } = guarded({ ...SPREAD, times, cap });
    expect(idsOf(keptBy(await guard(WINDOW)))).toEqual(idsOf(inside(ledger, WINDOW)));
  });

  test.each([0, 1, 99, 101, 999, 1001])('asks once for %d events, which is no count of a cap', async (count) => {
    const { asked, guard } = guarded({ ...SPREAD, times: spreadOut(count), cap: 10_000 });
    const parts = await guard(WINDOW);
    expect(asked).toEqual([WINDOW]);
    expect(parts).toMatchObject([{ window: WINDOW, events: { length: count } }]);
  });

  test('a round count that is no cap stays one part, once its halves have added up', async () => {
    const even = Array.from({ length: 1000 }, (_, index) => 1000 + index * 87_000);
    const { asked, guard } = guarded({ ...SPREAD, times: even, cap: 10_000 });
    const parts = await guard(WINDOW);
    expect(asked).toEqual([WINDOW, ...(halves(WINDOW) ?? [])]);
    expect(parts).toMatchObject([{ window: WINDOW, events: { length: 1000 } }]);
  });

  test('a proven answer is not asked for again, whatever its count', async () => {
    let calls = 0;
    const events = spreadOut(1000).map((time, index) => eventAt(time, String(index)));
    const guard = capGuard(async () => {
      calls++;
      return { events, proven: true };
    });
    expect(await guard(WINDOW)).toEqual([{ window: WINDOW, events }]);
    expect(calls).toBe(1);
  });

  test('a round count below what the vendor has answered before is no cap', async () => {
    const { asked, guard } = guarded({ ...SPREAD, times: spreadOut(1357), cap: 10_000 });
    await guard(WINDOW);
    const short = { from: 1000, to: 1000 + 99 * 2000 - 1 };
    expect(await guard(short)).toMatchObject([{ events: { length: 100 } }]);
    expect(asked).toHaveLength(2);
  });

  test.each([100, 1000])('%d events of one millisecond cannot be cut further: incomplete', async (cap) => {
    const { guard } = guarded({ ...SPREAD, times: Array.from({ length: cap + 1 }, () => 5000), cap });
    await expect(guard(WINDOW)).rejects.toMatchObject({ kind: 'incomplete' });
  });

  test('halves that hold less than the whole: incomplete', async () => {
    const events = spreadOut(100).map((time, index) => eventAt(time, String(index)));
    const guard = capGuard(async (window) => ({ events: window === WINDOW ? events : [], proven: false }));
    await expect(guard(WINDOW)).rejects.toMatchObject({
      kind: 'incomplete',
      message: expect.stringContaining('only 0'),
    });
  });

  test('rows without times: all of them below the cap, incomplete at it', async () => {
    const bounds = { ...SPREAD, padding: 0, toInclusive: false, timed: false };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 250 }), async (count) => {
        const { ledger, guard } = guarded({ ...bounds, times: spreadOut(count), cap: 100 });
        const outcome = await outcomeOf(guard(WINDOW));
        if (count > 100) expect(outcome).toBe('incomplete');
        else expect(outcome).toMatchObject([{ window: WINDOW, events: ledger.map(({ id }) => ({ id })) }]);
      }),
      { examples: [[100], [101], [200]] },
    );
  });
});

describe('walkBack', () => {
  interface Vendor {
    /** Milliseconds; events in no order. */
    readonly times: readonly number[];
    readonly limit: number;
    readonly toInclusive: boolean;
    /** Orders ties anew at each request. */
    readonly shuffle: number | null;
    /** Times of events that arrive, one after each request. */
    readonly arriving?: readonly number[];
  }

  const WINDOW = { from: 10, to: 22 };

  function walked({ times, limit, toInclusive, shuffle, arriving = [] }: Vendor, window = WINDOW) {
    const random = randomFrom(shuffle ?? 0);
    const ledger = times.map((time, index) => eventAt(time, `e${index}`));
    const initial = [...ledger];
    const coming = arriving.map((time, index) => eventAt(time, `late${index}`));
    let calls = 0;
    const fetch = async ({ from, to, offset }: WalkAsk) => {
      if (++calls > 20_000) throw new Error('The walk does not end.');
      const tie = new Map(ledger.map(({ id }) => [id, shuffle === null ? 0 : random()]));
      const found = ledger
        .filter(({ time }) => (time ?? 0) >= from && (toInclusive ? (time ?? 0) <= to : (time ?? 0) < to))
        .sort((a, b) => (b.time ?? 0) - (a.time ?? 0) || (tie.get(a.id) ?? 0) - (tie.get(b.id) ?? 0));
      const next = coming.shift();
      if (next) ledger.push(next);
      return found.slice(offset, offset + limit);
    };
    const result = outcomeOf(
      all(walkBack(window, limit, fetch, WHERE)).then((found) => new Set(idsOf(inside(found, window)))),
    );
    return { initial, ledger, result };
  }

  const times = fc.array(fc.integer({ min: 8, max: 24 }), { maxLength: 60 });
  const limit = fc.integer({ min: 1, max: 8 });

  test('ties in a steady order: exactly the window, whatever the bounds', async () => {
    await fc.assert(
      fc.asyncProperty(times, limit, fc.boolean(), async (list, rows, toInclusive) => {
        const { ledger, result } = walked({ times: list, limit: rows, toInclusive, shuffle: null });
        expect(await result).toEqual(new Set(idsOf(inside(ledger, WINDOW))));
      }),
      { numRuns: 500 },
    );
  });

  test('ties in another order at each request: exactly the window, or incomplete', async () => {
    let exact = 0;
    await fc.assert(
      fc.asyncProperty(times, limit, fc.boolean(), fc.integer(), async (list, rows, toInclusive, shuffle) => {
        const { ledger, result } = walked({ times: list, limit: rows, toInclusive, shuffle });
        const outcome = await result;
        if (outcome === 'incomplete') return;
        exact++;
        expect(outcome).toEqual(new Set(idsOf(inside(ledger, WINDOW))));
      }),
      { numRuns: 500 },
    );
    expect(exact).toBeGreaterThan(450);
  });

  // Every millisecond of the window, its neighbours included, may hold more events than a page.
  const bursts = fc
    .array(fc.tuple(fc.integer({ min: 8, max: 24 }), fc.integer({ min: 1, max: 14 })), { minLength: 1, maxLength: 5 })
    .map((list) => list.flatMap(([time, count]) => Array.from({ length: count }, () => time)));
  const neighbours = [12, 13, 14].flatMap((time) => Array.from({ length: 9 }, () => time));
  const atTheEnd = [20, 21, 22, 23].flatMap((time) => Array.from({ length: 9 }, () => time));

  test.each([false, true])(
    'bursts beyond a page in neighbouring milliseconds, end inclusive: %s',
    async (toInclusive) => {
      await fc.assert(
        fc.asyncProperty(bursts, fc.integer({ min: 1, max: 5 }), async (list, rows) => {
          const { ledger, result } = walked({ times: list, limit: rows, toInclusive, shuffle: null });
          expect(await result).toEqual(new Set(idsOf(inside(ledger, WINDOW))));
        }),
        {
          numRuns: 500,
          examples: [
            [neighbours, 4],
            [atTheEnd, 4],
            [atTheEnd, 9],
          ],
        },
      );
    },
  );

  test.each([false, true])('the same with ties shuffled, end inclusive: %s', async (toInclusive) => {
    await fc.assert(
      fc.asyncProperty(bursts, fc.integer({ min: 2, max: 5 }), fc.integer(), async (list, rows, shuffle) => {
        const { ledger, result } = walked({ times: list, limit: rows, toInclusive, shuffle });
        const outcome = await result;
        if (outcome !== 'incomplete') expect(outcome).toEqual(new Set(idsOf(inside(ledger, WINDOW))));
      }),
      {
        numRuns: 300,
        examples: [
          [neighbours, 4, 1],
          [atTheEnd, 4, 1],
        ],
      },
    );
  });

  test('events that arrive after the window meanwhile change nothing', async () => {
    const after = fc.array(fc.integer({ min: WINDOW.to, max: WINDOW.to + 3 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(times, limit, fc.boolean(), after, async (list, rows, toInclusive, arriving) => {
        const { initial, result } = walked({ times: list, limit: rows, toInclusive, shuffle: null, arriving });
        expect(await result).toEqual(new Set(idsOf(inside(initial, WINDOW))));
      }),
      { numRuns: 500 },
    );
  });

  test('events that arrive inside the window meanwhile take none away', async () => {
    const late = fc.array(fc.integer({ min: WINDOW.from, max: WINDOW.to - 1 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(times, limit, fc.boolean(), late, async (list, rows, toInclusive, arriving) => {
        const { initial, ledger, result } = walked({ times: list, limit: rows, toInclusive, shuffle: null, arriving });
        const outcome = await result;
        if (typeof outcome === 'string') {
          expect(outcome).toBe('incomplete');
          return;
        }
        const lacking = idsOf(inside(initial, WINDOW)).filter((id) => !outcome.has(id));
        const foreign = [...outcome].filter((id) => !ledger.some((event) => event.id === id));
        expect({ lacking, foreign }).toEqual({ lacking: [], foreign: [] });
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['oldest first', [11, 12, 13]],
    ['one row out of place', [15, 13, 14]],
    ['newer than was asked for', [30, 12, 11]],
    ['without a time', [15, null, 14]],
  ])('pages %s: protocol', async (_, found) => {
    const page = found.map((time, index) => eventAt(time, String(index)));
    const walk = walkBack(WINDOW, 10, async () => page, WHERE);
    await expect(all(walk)).rejects.toMatchObject({ kind: 'protocol', where: WHERE });
  });

  test('ties whose order hides an event for ever: incomplete', async () => {
    const hidden = Array.from({ length: 6 }, (_, index) => eventAt(21, String(index)));
    const fetch = async ({ offset }: WalkAsk) =>
      offset === 0 ? hidden.slice(0, 3) : offset === 3 ? hidden.slice(1, 4) : [];
    await expect(all(walkBack(WINDOW, 3, fetch, WHERE))).rejects.toMatchObject({ kind: 'incomplete' });
  });
});
