import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomFrom } from '../../sandbox/ledger.ts';
import { ExportError } from '../../src/errors.ts';
import { byCursor, checkAsked, checkNewPage, type WalkAsk, walkBack } from '../../src/paging.ts';
import type { VendorEvent, Window } from '../../src/types.ts';
import { contains } from '../../src/window.ts';

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

  test.each<[string, Parameters<typeof chain>[0], said: string]>([
    ['a cursor that names its own page', { '': [[1], 'a'], a: [[2], 'a'] }, 'the same cursor twice'],
    [
      'cursors that go in a circle',
      { '': [[1], 'a'], a: [[2], 'b'], b: [[3], 'c'], c: [[4], 'b'] },
      'the same cursor twice',
    ],
    ['an empty page that names a next one', { '': [[1], 'a'], a: [[], 'b'], b: [[2], null] }, 'an empty page'],
    ['an empty first page that names a next one', { '': [[], 'a'], a: [[1], null] }, 'an empty page'],
  ])('takes %s for what it is: protocol', async (_, pages, said) => {
    await expect(all(chain(pages).walk)).rejects.toMatchObject({
      kind: 'protocol',
      where: WHERE,
      message: expect.stringContaining(`paging does not end: it answered ${said}`),
      next: expect.stringContaining('report it to the vendor'),
    });
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

describe('checkNewPage', () => {
  const page = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => eventAt(index, String(from + index)));

  test.each([
    ['in the same order', page(10)],
    ['in another order', page(10).reverse()],
  ])('the same rows twice, %s: protocol', (_, again) => {
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
  ])('%s: nothing', (_, after, before) => {
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
  ])('%s: nothing', (_, times) => {
    expect(check(times)).not.toThrow();
  });

  test.each([
    ['before', [8, 9]],
    ['after', [21, 22]],
    ['on either side', [9, 21]],
  ])('all of them %s the window: protocol, for it answers another question', (_, times) => {
    expect(check(times)).toThrow(
      expect.objectContaining({
        kind: 'protocol',
        where: WHERE,
        message: 'All 2 events that Acme answered lie outside the window.',
        next: expect.stringContaining('a cache or a proxy'),
      }),
    );
  });

  test('says what a vendor knows better to do about it', () => {
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
      all(walkBack(fetch, WHERE, 1)(window)).then((found) => new Set(idsOf(inside(found, window)))),
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
    const walk = walkBack(async () => page, WHERE)(WINDOW);
    await expect(all(walk)).rejects.toMatchObject({
      kind: 'protocol',
      where: WHERE,
      message: expect.stringContaining('newest first'),
      next: expect.stringContaining('report it to the vendor'),
    });
  });

  test('pages shorter than was asked for, of whatever length: exactly the window', async () => {
    const walk = walkBack(async ({ from, to, offset }) => {
      const found = many.filter(({ time }) => contains({ from, to: to + 1 }, time ?? 0));
      return found.slice(offset, offset + 20);
    }, WHERE);
    const many = Array.from({ length: 150 }, (_, index) => eventAt(1150 - index, `e${index}`));
    for (const window of [
      { from: 1000, to: 1080 },
      { from: 1080, to: 2000 },
    ]) {
      const found = new Set(idsOf(inside(await all(walk(window)), window)));
      expect(found).toEqual(new Set(idsOf(inside(many, window))));
    }
  });

  test('one request for a page of few rows, or of fewer than one before', async () => {
    let calls = 0;
    const day = (count: number, from: number) =>
      Array.from({ length: count }, (_, index) => eventAt(from + 99 - index, `${from}-${index}`));
    const ledger = [...day(9, 0), ...day(30, 100), ...day(29, 200)];
    const walk = walkBack(async ({ from, to }) => {
      calls++;
      return ledger.filter(({ time }) => contains({ from, to }, time ?? 0));
    }, WHERE);
    const requests: number[] = [];
    for (const from of [0, 100, 200]) {
      await all(walk({ from, to: from + 100 }));
      requests.push(calls);
      calls = 0;
    }
    expect(requests).toEqual([1, 2, 1]);
  });

  test('a vendor that does not look at the offset: incomplete, not for ever', async () => {
    const ties = Array.from({ length: 20 }, (_, index) => eventAt(21, String(index)));
    await expect(all(walkBack(async () => ties, WHERE)(WINDOW))).rejects.toMatchObject({
      kind: 'incomplete',
      message: expect.stringContaining('more events than a page'),
      where: `${WHERE}, 1970-01-01T00:00:00.021Z`,
      next: expect.stringContaining('narrower filters'),
    });
  });

  test('ties whose order hides an event for ever: incomplete', async () => {
    const hidden = Array.from({ length: 6 }, (_, index) => eventAt(21, String(index)));
    const fetch = async ({ offset }: WalkAsk) =>
      offset === 0 ? hidden.slice(0, 3) : offset === 3 ? hidden.slice(1, 4) : [];
    await expect(all(walkBack(fetch, WHERE, 3)(WINDOW))).rejects.toMatchObject({ kind: 'incomplete' });
  });
});
