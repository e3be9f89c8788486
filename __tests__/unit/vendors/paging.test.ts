import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomFrom } from '../../../sandbox/ledger.ts';
import { ExportError } from '../../../src/base/errors.ts';
import { contains, type Window } from '../../../src/time/window.ts';
import type { Page, Segment, SplitOff, VendorEvent } from '../../../src/vendors/contract.ts';
import {
  asAsked,
  byCursor,
  checkAsked,
  checkNewPage,
  drainByOffset,
  type Walk,
  type WalkAsk,
  type WalkPage,
  walkBack,
} from '../../../src/vendors/paging.ts';

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

/** Hands nothing over. */
const alone: SplitOff = () => false;

/** The pages of a stretch, and of those that it hands over, each after what it had handed over before. */
async function pagesOf(stretch: Segment, handsOver: () => boolean = alone as () => boolean): Promise<Page[]> {
  const pages: Page[] = [];
  const parts: Promise<Page[]>[] = [];
  const handOver: SplitOff = (part) => {
    if (!handsOver()) return false;
    const pagesOfPart = pagesOf(part, handsOver);
    // Heard of below, when its turn comes.
    pagesOfPart.catch(() => {});
    parts.push(pagesOfPart);
    return true;
  };
  for await (const page of stretch(handOver)) {
    if ('retracted' in page) throw new Error('Nothing of a walk is ever taken back.');
    pages.push(page);
  }
  return [...(await Promise.all(parts)).flat(), ...pages];
}

/** What an export keeps of pages: the events of each that lie in its slice. Some may come twice. */
const keptOf = (pages: readonly Page[]): VendorEvent[] => pages.flatMap(({ slice, events }) => inside(events, slice));

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

  test('a chain of cursors: yields each page once, in order', async () => {
    const { asked, walk } = chain({ '': [[1, 2], 'a'], a: [[3], 'b'], b: [[], null] });
    expect(await all(walk)).toEqual([1, 2, 3]);
    expect(asked).toEqual([undefined, 'a', 'b']);
  });

  test('a reader that stops: no page is asked for ahead', async () => {
    const { asked, walk } = chain({ '': [[1], 'a'], a: [[2], null] });
    await walk[Symbol.asyncIterator]().next();
    expect(asked).toEqual([undefined]);
  });

  test.each<[string, Parameters<typeof chain>[0], said: string]>([
    ['a cursor that names its own page', { '': [[1], 'a'], a: [[2], 'a'] }, 'the same cursor twice'],
    [
      'cursors that go in a circle',
      { '': [[1], 'a'], a: [[2], 'b'], b: [[3], 'c'], c: [[4], 'b'] },
      'the same cursor twice',
    ],
    ['an empty page that names a next one', { '': [[1], 'a'], a: [[], 'b'], b: [[2], null] }, 'an empty page'],
    ['an empty first page that names a next one', { '': [[], 'a'], a: [[1], null] }, 'an empty page'],
  ])('%s: throws `protocol`', async (_, pages, said) => {
    await expect(all(chain(pages).walk)).rejects.toMatchObject({
      kind: 'protocol',
      where: WHERE,
      message: expect.stringContaining(`paging does not end: it answered ${said}`),
      next: expect.stringContaining('report it to the vendor'),
    });
  });

  test('any chain of pages: yields all of it', async () => {
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

describe('checkNewPage', () => {
  const page = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => eventAt(index, String(from + index)));

  test.each([
    ['in the same order', page(10)],
    ['in another order', page(10).reverse()],
  ])('equal rows twice, %s: throws `protocol`', (_, again) => {
    expect(() => checkNewPage(again, page(10), WHERE)).toThrow(
      expect.objectContaining({
        kind: 'protocol',
        where: WHERE,
        message: expect.stringContaining('the same page twice'),
      }),
    );
  });

  test.each([
    ['other rows', page(10, 10), page(10)],
    ['one other row', page(10, 1), page(10)],
    ['the same rows and one more', page(11), page(10)],
    ['rows of the page before, and fewer', page(10), page(11)],
    ['few rows, which may be alike', page(9), page(9)],
    ['a first page', page(10), []],
  ])('%s: passes', (_, after, before) => {
    expect(() => checkNewPage(after, before, WHERE)).not.toThrow();
  });
});

describe('checkAsked', () => {
  const asked = { from: 10, to: 20 };
  const check = (times: readonly (number | null)[], next?: string) => () =>
    checkAsked(
      times.map((time, index) => eventAt(time, String(index))),
      asked,
      { vendor: 'Acme', where: WHERE, ...(next !== undefined && { next }) },
    );

  test.each([
    ['no event', []],
    ['its first millisecond', [10]],
    ['its end, which some vendors include', [20]],
    ['one inside among others', [9, 15, 30]],
    ['one without a time', [9, null]],
  ])('%s: passes', (_, times) => {
    expect(check(times)).not.toThrow();
  });

  test.each([
    ['before', [8, 9]],
    ['after', [21, 22]],
    ['on either side', [9, 21]],
  ])('all events %s the window: throws `protocol`, since the answer is to another question', (_, times) => {
    expect(check(times)).toThrow(
      expect.objectContaining({
        kind: 'protocol',
        where: WHERE,
        message: 'All 2 events that Acme answered lie outside the window.',
        next: expect.stringContaining('a cache or a proxy'),
      }),
    );
  });

  test('a vendor with advice of its own: the error has it as the next step', () => {
    expect(check([9], 'Ask for less.')).toThrow(expect.objectContaining({ next: 'Ask for less.' }));
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
    /** Whether it says that more follow. */
    readonly says?: 'no' | 'more';
    /** Whether somebody is free to walk a part, whenever it is asked. */
    readonly handsOver?: () => boolean;
  }

  const WINDOW = { from: 10, to: 22 };

  function walked(
    { times, limit, toInclusive, shuffle, arriving = [], says = 'no', handsOver = () => false }: Vendor,
    window = WINDOW,
  ) {
    const random = randomFrom(shuffle ?? 0);
    const ledger = times.map((time, index) => eventAt(time, `e${index}`));
    const initial = [...ledger];
    const coming = arriving.map((time, index) => eventAt(time, `late${index}`));
    let calls = 0;
    const fetch = async ({ from, to, offset }: WalkAsk): Promise<WalkPage> => {
      if (++calls > 20_000) throw new Error('The walk does not end.');
      const tie = new Map(ledger.map(({ id }) => [id, shuffle === null ? 0 : random()]));
      const found = ledger
        .filter(({ time }) => (time ?? 0) >= from && (toInclusive ? (time ?? 0) <= to : (time ?? 0) < to))
        .sort((a, b) => (b.time ?? 0) - (a.time ?? 0) || (tie.get(a.id) ?? 0) - (tie.get(b.id) ?? 0));
      const next = coming.shift();
      if (next) ledger.push(next);
      const events = found.slice(offset, offset + limit);
      if (says === 'no') return { events, more: null };
      return { events, more: offset + limit < found.length };
    };
    const crowded = async (tie: Window) => inside(await drainByOffset(fetch, tie, WHERE), tie);
    const result = outcomeOf(
      pagesOf(walkBack({ fetch, crowded, where: WHERE, least: 1 })(window), handsOver).then((pages) => {
        for (const { slice } of pages) expect(slice.from >= window.from && slice.to <= window.to).toBe(true);
        return idsOf(keptOf(pages));
      }),
    );
    return { initial, ledger, result, calls: () => calls };
  }

  const times = fc.array(fc.integer({ min: 8, max: 24 }), { maxLength: 60 });
  const limit = fc.integer({ min: 1, max: 8 });

  test('ties in a steady order: yields exactly the window, whatever the bounds', async () => {
    await fc.assert(
      fc.asyncProperty(times, limit, fc.boolean(), async (list, rows, toInclusive) => {
        const { ledger, result } = walked({ times: list, limit: rows, toInclusive, shuffle: null });
        expect(await result).toEqual(idsOf(inside(ledger, WINDOW)));
      }),
      { numRuns: 500 },
    );
  });

  test('ties in another order at each request: yields exactly the window, or throws `incomplete`', async () => {
    let exact = 0;
    await fc.assert(
      fc.asyncProperty(times, limit, fc.boolean(), fc.integer(), async (list, rows, toInclusive, shuffle) => {
        const { ledger, result } = walked({ times: list, limit: rows, toInclusive, shuffle });
        const outcome = await result;
        if (outcome === 'incomplete') return;
        exact++;
        expect(outcome).toEqual(idsOf(inside(ledger, WINDOW)));
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
    'bursts beyond a page in neighbouring milliseconds, end inclusive: %s: yields exactly the window',
    async (toInclusive) => {
      await fc.assert(
        fc.asyncProperty(bursts, fc.integer({ min: 1, max: 5 }), async (list, rows) => {
          const { ledger, result } = walked({ times: list, limit: rows, toInclusive, shuffle: null });
          expect(await result).toEqual(idsOf(inside(ledger, WINDOW)));
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

  test.each([false, true])(
    'bursts beyond a page with ties shuffled, end inclusive: %s: yields exactly the window',
    async (toInclusive) => {
      await fc.assert(
        fc.asyncProperty(bursts, fc.integer({ min: 2, max: 5 }), fc.integer(), async (list, rows, shuffle) => {
          const { ledger, result } = walked({ times: list, limit: rows, toInclusive, shuffle });
          const outcome = await result;
          if (outcome !== 'incomplete') expect(outcome).toEqual(idsOf(inside(ledger, WINDOW)));
        }),
        {
          numRuns: 300,
          examples: [
            [neighbours, 4, 1],
            [atTheEnd, 4, 1],
          ],
        },
      );
    },
  );

  test('events that arrive after the window meanwhile: change nothing', async () => {
    const after = fc.array(fc.integer({ min: WINDOW.to, max: WINDOW.to + 3 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(times, limit, fc.boolean(), after, async (list, rows, toInclusive, arriving) => {
        const { initial, result } = walked({ times: list, limit: rows, toInclusive, shuffle: null, arriving });
        expect(await result).toEqual(idsOf(inside(initial, WINDOW)));
      }),
      { numRuns: 500 },
    );
  });

  test('events that arrive inside the window meanwhile: take none away', async () => {
    const late = fc.array(fc.integer({ min: WINDOW.from, max: WINDOW.to - 1 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(times, limit, fc.boolean(), late, async (list, rows, toInclusive, arriving) => {
        const { initial, ledger, result } = walked({ times: list, limit: rows, toInclusive, shuffle: null, arriving });
        const outcome = await result;
        if (typeof outcome === 'string') {
          expect(outcome).toBe('incomplete');
          return;
        }
        const lacking = idsOf(inside(initial, WINDOW)).filter((id) => !outcome.includes(id));
        const foreign = [...outcome].filter((id) => !ledger.some((event) => event.id === id));
        expect({ lacking, foreign }).toEqual({ lacking: [], foreign: [] });
        expect(new Set(outcome).size).toBe(outcome.length);
      }),
      { numRuns: 500 },
    );
  });

  const never: Pick<Walk, 'crowded' | 'where'> = {
    crowded: async () => {
      throw new Error('No millisecond is crowded.');
    },
    where: WHERE,
  };

  test.each([
    ['oldest first', [11, 12, 13]],
    ['one row out of place', [15, 13, 14]],
    ['newer than was asked for', [30, 12, 11]],
    ['without a time', [15, null, 14]],
  ])('pages %s: throws `protocol`', async (_, found) => {
    const page = found.map((time, index) => eventAt(time, String(index)));
    const walk = walkBack({ ...never, fetch: async () => ({ events: page, more: null }) })(WINDOW);
    await expect(pagesOf(walk)).rejects.toMatchObject({
      kind: 'protocol',
      where: WHERE,
      message: expect.stringContaining('newest first'),
      next: expect.stringContaining('report it to the vendor'),
    });
  });

  test('pages in another order, and another way to fetch: yields all that is left in that way', async () => {
    const ledger = [21, 20, 19, 12, 18, 15, 11].map((time) => eventAt(time, String(time)));
    const asked: Window[] = [];
    const walk = walkBack({
      ...never,
      fetch: async ({ from, to }) => ({ events: inside(ledger, { from, to }).slice(0, 3), more: true }),
      unordered: async function* (window) {
        asked.push(window);
        yield* inside(ledger, window).map((event) => [event]);
      },
    })(WINDOW);
    const pages = await pagesOf(walk);
    expect(asked).toEqual([{ from: 10, to: 20 }]);
    expect(idsOf(keptOf(pages))).toEqual(idsOf(ledger));
  });

  test('one page in another order that the vendor calls complete: yields all of it', async () => {
    const ledger = [12, 15, 11].map((time) => eventAt(time, String(time)));
    const walk = walkBack({ ...never, fetch: async () => ({ events: ledger, more: false }) })(WINDOW);
    expect(await pagesOf(walk)).toEqual([{ slice: WINDOW, events: ledger }]);
  });

  test.each([
    [true, []],
    [undefined, []],
    [false, [{ from: 10, to: 21 }]],
  ])('pages in order, inOrder %s: takes the other way where nothing proves the order', async (inOrder, due) => {
    const ledger = [21, 20, 19, 18, 15].map((time) => eventAt(time, String(time)));
    const asked: Window[] = [];
    const walk = walkBack({
      ...never,
      fetch: async ({ from, to }) => {
        const found = inside(ledger, { from, to });
        // Only from the second page on: the first is proven.
        const proof = to === WINDOW.to || inOrder === undefined ? {} : { inOrder };
        return { events: found.slice(0, 2), more: found.length > 2, ...proof };
      },
      unordered: async function* (window) {
        asked.push(window);
        yield inside(ledger, window);
      },
    })(WINDOW);
    expect(idsOf(keptOf(await pagesOf(walk)))).toEqual(idsOf(ledger));
    expect(asked).toEqual(due);
  });

  test('an empty page that names a next one: throws `protocol`', async () => {
    const walk = walkBack({ ...never, fetch: async () => ({ events: [], more: true }) })(WINDOW);
    await expect(pagesOf(walk)).rejects.toMatchObject({
      kind: 'protocol',
      where: WHERE,
      message: expect.stringContaining('an empty page'),
    });
  });

  describe('requests', () => {
    /** An event each ten milliseconds of a second, newest first, in pages of ten. */
    const ledger = Array.from({ length: 100 }, (_, index) => eventAt(990 - 10 * index, String(index)));
    const SPAN = { from: 0, to: 1000 };
    const walkOf = (asks: WalkAsk[]) =>
      walkBack({
        ...never,
        fetch: async (ask) => {
          asks.push(ask);
          return { events: inside(ledger, ask).slice(0, 10), more: null };
        },
      });

    test('next page: is asked for before the current one is yielded', async () => {
      const asks: WalkAsk[] = [];
      const pages = walkOf(asks)(SPAN)(alone)[Symbol.asyncIterator]();
      expect(asks).toEqual([]);
      expect((await pages.next()).value).toMatchObject({ slice: { from: 901, to: 1000 } });
      expect(asks.map(({ to }) => to)).toEqual([1000, 901]);
      await pages.return?.();
      expect(asks).toHaveLength(2);
    });

    test('no page: is asked for twice, or with an offset', async () => {
      const asks: WalkAsk[] = [];
      const pages = await pagesOf(walkOf(asks)(SPAN));
      expect(idsOf(keptOf(pages))).toEqual(idsOf(ledger));
      expect(new Set(asks.map(({ to }) => to)).size).toBe(asks.length);
      expect(asks.every(({ offset }) => offset === 0)).toBe(true);
      expect(asks.length).toBeLessThanOrEqual(12);
    });

    test('older half: goes to another walker that is free, and does not overlap the rest', async () => {
      const asks: WalkAsk[] = [];
      let free = 3;
      const pages = await pagesOf(walkOf(asks)(SPAN), () => free-- > 0);
      expect(idsOf(keptOf(pages))).toEqual(idsOf(ledger));
      expect(new Set(asks.map(({ from }) => from)).size).toBe(4);
      expect(asks).toContainEqual({ from: 0, to: 450, offset: 0 });
      const slices = pages.map(({ slice }) => slice).toSorted((a, b) => a.from - b.from);
      for (const [index, { from }] of slices.entries()) expect(from).toBe(slices[index - 1]?.to ?? SPAN.from);
      expect(slices.at(-1)?.to).toBe(SPAN.to);
    });

    test('end of the log: nothing more is asked for where the vendor says so, or where a page reaches beyond the window', async () => {
      for (const [more, span] of [
        [false, SPAN],
        [true, { from: 905, to: 1000 }],
        [null, { from: 905, to: 1000 }],
      ] as const) {
        const asks: WalkAsk[] = [];
        const walk = walkBack({
          ...never,
          fetch: async (ask) => {
            asks.push(ask);
            return { events: ledger.slice(0, 20), more };
          },
        });
        expect(await pagesOf(walk(span))).toHaveLength(1);
        expect(asks).toEqual([{ ...span, offset: 0 }]);
      }
    });

    test.each([
      [999, 9],
      [1001, 8],
      [1090, 8],
      [1091, 7],
    ])('rest that two more pages of equal length may hold, from %d on: is not split off', async (from, offers) => {
      const later = ledger.map((event) => ({ ...event, time: (event.time ?? 0) + 1000 }));
      const walk = walkBack({
        ...never,
        fetch: async (ask) => ({ events: inside(later, ask).slice(0, 10), more: null }),
      });
      let offered = 0;
      for await (const _ of walk({ from, to: 2000 })(() => ++offered < 0));
      expect(offered).toBe(offers);
    });

    test('rest of a millisecond, or of the end itself that the vendor includes: is not split off', async () => {
      const asks: WalkAsk[] = [];
      const ties = [22, 21].map((time) => eventAt(time, String(time)));
      const walk = walkBack({
        ...never,
        fetch: async (ask) => {
          asks.push(ask);
          return {
            events: ties.filter(({ time }) => contains({ ...ask, to: ask.to + 1 }, time ?? 0)).slice(0, 1),
            more: null,
          };
        },
        crowded: async (window) => inside(ties, window),
        least: 1,
      });
      let offered = 0;
      const slices: Window[] = [];
      for await (const page of walk({ from: 21, to: 22 })(() => ++offered < 0))
        if ('slice' in page) slices.push(page.slice);
      expect(offered).toBe(0);
      expect(slices).toEqual([{ from: 21, to: 22 }]);
      expect(asks.map(({ from, to }) => [from, to])).toEqual([
        [21, 22],
        [21, 21],
      ]);
    });

    test('page that fails ahead of its turn: breaks nothing before it, and fails when its turn comes', async () => {
      let asks = 0;
      const walk = walkBack({
        ...never,
        fetch: async (ask) => {
          if (++asks > 1) throw new Error('It fell over.');
          return { events: inside(ledger, ask).slice(0, 10), more: null };
        },
      });
      const pages = walk(SPAN)(alone)[Symbol.asyncIterator]();
      expect((await pages.next()).done).toBe(false);
      await new Promise((done) => setImmediate(done));
      await expect(pages.next()).rejects.toThrow('It fell over.');
    });
  });

  test('any log, split off in any way: yields each event of the window exactly once, or throws `incomplete`', async () => {
    const some = fc.record({
      times: fc.oneof(times, bursts),
      limit: fc.integer({ min: 1, max: 8 }),
      toInclusive: fc.boolean(),
      shuffle: fc.option(fc.integer()),
      says: fc.constantFrom('no', 'more'),
      free: fc.infiniteStream(fc.boolean()),
    });
    let handed = 0;
    let exact = 0;
    await fc.assert(
      fc.asyncProperty(some, async ({ free, ...vendor }) => {
        const handsOver = () => {
          const isFree = free.next().value;
          if (isFree) handed++;
          return isFree;
        };
        const { ledger, result } = walked({ ...vendor, handsOver });
        const outcome = await result;
        if (outcome === 'incomplete') return;
        exact++;
        expect(outcome).toEqual(idsOf(inside(ledger, WINDOW)));
      }),
      { numRuns: 1000 },
    );
    expect(handed).toBeGreaterThan(300);
    expect(exact).toBeGreaterThan(900);
  });

  test('pages shorter than was asked for, of any length: yields exactly the window', async () => {
    const walk = walkBack({
      ...never,
      fetch: async ({ from, to, offset }) => {
        const found = many.filter(({ time }) => contains({ from, to: to + 1 }, time ?? 0));
        return { events: found.slice(offset, offset + 20), more: null };
      },
    });
    const many = Array.from({ length: 150 }, (_, index) => eventAt(1150 - index, `e${index}`));
    for (const window of [
      { from: 1000, to: 1080 },
      { from: 1080, to: 2000 },
    ]) {
      expect(idsOf(keptOf(await pagesOf(walk(window))))).toEqual(idsOf(inside(many, window)));
    }
  });

  test('a page of few rows, or of fewer than one before: takes one request', async () => {
    let calls = 0;
    const day = (count: number, from: number) =>
      Array.from({ length: count }, (_, index) => eventAt(from + 99 - index, `${from}-${index}`));
    const ledger = [...day(9, 0), ...day(30, 100), ...day(29, 200)];
    const walk = walkBack({
      ...never,
      fetch: async ({ from, to }) => {
        calls++;
        return { events: inside(ledger, { from, to }), more: null };
      },
    });
    const requests: number[] = [];
    for (const from of [0, 100, 200]) {
      await pagesOf(walk({ from, to: from + 100 }));
      requests.push(calls);
      calls = 0;
    }
    expect(requests).toEqual([1, 2, 1]);
  });

  test('a millisecond that fills a page: is asked for on its own, and comes once', async () => {
    const ties = [21, 21, 21, 20, 20, 20, 20, 15].map((time, index) => eventAt(time, String(index)));
    const crowds: Window[] = [];
    const walk = walkBack({
      fetch: async ({ from, to }) => ({ events: inside(ties, { from, to }).slice(0, 3), more: null }),
      crowded: async (window) => {
        crowds.push(window);
        return inside(ties, window);
      },
      where: WHERE,
      least: 1,
    })(WINDOW);
    expect(idsOf(keptOf(await pagesOf(walk)))).toEqual(idsOf(ties));
    expect(crowds).toEqual([
      { from: 21, to: 22 },
      { from: 20, to: 21 },
    ]);
  });
});

describe('drainByOffset', () => {
  const TIE = { from: 21, to: 22 };
  const drain = (fetch: (ask: WalkAsk) => Promise<VendorEvent[]>) =>
    drainByOffset(async (ask) => ({ events: await fetch(ask), more: null }), TIE, WHERE);

  test('ties in another order at each request: yields all of them, once', async () => {
    const random = randomFrom(4);
    const ties = Array.from({ length: 50 }, (_, index) => eventAt(21, String(index)));
    let most = 0;
    const found = await drain(async ({ offset }) => {
      most = Math.max(most, offset);
      const lot = new Map(ties.map((event) => [event, random()]));
      const order = offset % 2 === 0 ? ties : ties.toSorted((a, b) => (lot.get(a) ?? 0) - (lot.get(b) ?? 0));
      return order.slice(offset, offset + 20);
    });
    expect(idsOf(found)).toEqual(idsOf(ties));
    expect(most).toBe(50);
  });

  test('a vendor that ignores the offset: throws `incomplete` in the end', async () => {
    const ties = Array.from({ length: 20 }, (_, index) => eventAt(21, String(index)));
    let asked = 0;
    const drained = drain(async () => {
      asked++;
      return ties;
    });
    await expect(drained).rejects.toMatchObject({
      kind: 'incomplete',
      message: expect.stringContaining('more events than a page'),
      where: `${WHERE}, 1970-01-01T00:00:00.021Z`,
      next: expect.stringContaining('narrower filters'),
    });
    // Twelve times, each up to more than twice the events and a page.
    expect(asked).toBe(12 * 4);
  });

  test('ties whose order hides an event for ever: throws `incomplete`', async () => {
    const hidden = Array.from({ length: 6 }, (_, index) => eventAt(21, String(index)));
    const fetch = async ({ offset }: WalkAsk) =>
      offset === 0 ? hidden.slice(0, 3) : offset === 3 ? hidden.slice(1, 4) : [];
    await expect(drain(fetch)).rejects.toMatchObject({ kind: 'incomplete' });
  });
});

describe('asAsked', () => {
  const asked = { from: 10, to: 20 };
  const about = { vendor: 'Acme', where: WHERE };
  const through = async (...times: readonly number[][]) => {
    const seen: VendorEvent[] = [];
    const answer = (async function* () {
      for (const some of times) yield some.map((time) => eventAt(time, String(time)));
    })();
    for await (const events of asAsked(answer, asked, about)) seen.push(...events);
    return idsOf(seen);
  };

  test.each([
    ['nothing', []],
    ['one event inside, the last of all', [[1], [2, 3], [30, 20]]],
    ['one event inside, the first of all', [[10, 1], [2]]],
  ])('%s: passes all of it', async (_, times) => {
    expect(await through(...times)).toEqual(times.flat().map(String).sort());
  });

  test('all events outside the window: throws `protocol` once all of the answer was read', async () => {
    await expect(through([1], [], [21, 22])).rejects.toMatchObject({
      kind: 'protocol',
      message: 'All 3 events that Acme answered lie outside the window.',
    });
  });
});
