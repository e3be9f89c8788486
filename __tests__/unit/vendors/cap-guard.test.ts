import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomFrom } from '../../../sandbox/ledger.ts';
import { ExportError } from '../../../src/base/errors.ts';
import { contains, halves, pad, type Window } from '../../../src/time/window.ts';
import { capGuard, type Fetched } from '../../../src/vendors/cap-guard.ts';
import type { Page, Retraction, VendorEvent } from '../../../src/vendors/contract.ts';

const WINDOW = { from: 100 * 86_400_000, to: 101 * 86_400_000 };
const [FIRST, SECOND] = halves(WINDOW) ?? [WINDOW, WINDOW];

interface Vendor {
  /** Milliseconds after the start of the window. */
  readonly times: readonly number[];
  readonly cap?: number;
  /** Which rows a cap leaves. */
  readonly left?: 'newest' | 'oldest' | 'any';
  readonly order?: 'falling' | 'rising' | 'none';
  readonly fromInclusive?: boolean;
  readonly toInclusive?: boolean;
  /** Milliseconds asked for on either side, to be on the safe side of its bounds. */
  readonly padding?: number;
  /** Whether its rows have times to cut by. */
  readonly timed?: boolean;
  /** Of ties and of rows without order, anew at each request. */
  readonly seed?: number;
}

/** An answer whose events arrive some at a time, and may be read until it is released. */
function answerOf(events: readonly VendorEvent[], complete = false): Fetched {
  let isReleased = false;
  const answer = {
    complete,
    async *events() {
      for (let at = 0; at < Math.max(1, events.length); at += 37) {
        if (isReleased) throw new Error('The answer was released.');
        yield events.slice(at, at + 37);
      }
    },
    async release() {
      if (isReleased) throw new Error('The answer was released twice.');
      isReleased = true;
      unreleased.delete(answer);
    },
  };
  unreleased.add(answer);
  return answer;
}

const unreleased = new Set<Fetched>();
afterEach(() => {
  expect(unreleased.size).toBe(0);
  unreleased.clear();
});

/** What stays of the answers to a window: the pages of each that was not taken back, put together. */
interface Part {
  readonly window: Window;
  readonly events: readonly VendorEvent[];
}

async function partsOf(pages: AsyncIterable<Page | Retraction>): Promise<Part[]> {
  const parts = new Map<object, { window: Window; events: VendorEvent[] }>();
  for await (const page of pages) {
    if ('retracted' in page) {
      if (!parts.delete(page.retracted)) throw new Error('A draft was taken back of which nothing came.');
      continue;
    }
    const { provisional, slice, events } = page;
    if (provisional === undefined) throw new Error('A page came that cannot be taken back.');
    const part = parts.get(provisional) ?? { window: slice, events: [] };
    expect(part.window).toEqual(slice);
    part.events.push(...events);
    parts.set(provisional, part);
  }
  return [...parts.values()];
}

/** A vendor that cuts its answers in silence, and a guard over it. */
function guarded({
  times,
  cap = Number.POSITIVE_INFINITY,
  left = 'newest',
  order = 'falling',
  fromInclusive = true,
  toInclusive = true,
  padding = 1,
  timed = true,
  seed = 1,
}: Vendor) {
  const random = randomFrom(seed);
  const ledger = times.map(
    (time, index): VendorEvent => ({ time: WINDOW.from + time, id: String(index), body: { index } }),
  );
  const lots = (events: readonly VendorEvent[]) => {
    const lot = new Map(events.map((event) => [event, random()]));
    return (a: VendorEvent, b: VendorEvent) => (lot.get(a) ?? 0) - (lot.get(b) ?? 0);
  };
  const rising = (events: readonly VendorEvent[]) => {
    const tie = lots(events);
    return events.toSorted((a, b) => (a.time ?? 0) - (b.time ?? 0) || tie(a, b));
  };
  const asked: Window[] = [];
  const fetch = async (window: Window) => {
    asked.push(window);
    if (asked.length > 5000) throw new Error('The guard does not end.');
    const { from, to } = pad(window, padding);
    const found = ledger.filter(({ time }) => {
      const at = time ?? 0;
      return (fromInclusive ? at >= from : at > from) && (toInclusive ? at <= to : at < to);
    });
    const sorted = left === 'any' ? found.toSorted(lots(found)) : rising(found);
    const kept = left === 'newest' ? sorted.slice(-cap) : sorted.slice(0, cap);
    const inOrder = order === 'none' ? kept.toSorted(lots(kept)) : rising(kept);
    if (order === 'falling') inOrder.reverse();
    return answerOf(inOrder.map((event) => (timed ? event : { ...event, time: null })));
  };
  const guard = capGuard(padding);
  return { ledger, asked, guard: (window: Window = WINDOW) => partsOf(guard(window, fetch)) };
}

const keptBy = (parts: readonly Part[]) =>
  parts.flatMap(({ window, events }) => events.filter(({ time }) => time === null || contains(window, time)));
const idsOf = (events: readonly VendorEvent[]) => events.map(({ id }) => id ?? '').sort();
const due = (ledger: readonly VendorEvent[], window = WINDOW) =>
  ledger.filter(({ time }) => contains(window, time ?? Number.NaN));

/** What comes of a guard: the parts, or the kind of the `ExportError` that it throws. */
const outcomeOf = (parts: Promise<Part[]>): Promise<Part[] | string> =>
  parts.catch((error: unknown) => {
    if (error instanceof ExportError) return error.kind;
    throw error;
  });

/** So many events, evenly over the window. */
const spread = (count: number): number[] => Array.from({ length: count }, (_, index) => (index * 86_000_000) / count);

describe('capGuard, a cap that no document names', () => {
  const timesOf = (most: number) =>
    fc
      .tuple(
        fc.integer({ min: 0, max: most }),
        fc.integer(),
        fc.constantFrom(10, 3000, 60_000, 90_000_000),
        fc.constantFrom(0, 0, 0.3),
      )
      .map(([count, seed, width, tied]) => {
        const random = randomFrom(seed);
        const start = Math.floor(random() * 80_000_000);
        const burst = Math.floor(random() * 86_000_000);
        return Array.from({ length: count }, () =>
          random() < tied ? burst : start + Math.floor(random() * width) - 500,
        );
      });
  const waysToCut = fc.constantFrom<Pick<Required<Vendor>, 'left' | 'order'>>(
    { left: 'newest', order: 'falling' },
    { left: 'oldest', order: 'rising' },
    { left: 'newest', order: 'rising' },
    { left: 'oldest', order: 'falling' },
    { left: 'newest', order: 'none' },
    { left: 'oldest', order: 'none' },
    { left: 'any', order: 'none' },
  );
  const vendorOf = (least: number, most: number) =>
    fc.tuple(fc.integer({ min: least, max: most }), waysToCut).chain(([cap, way]) =>
      fc.record({
        times: timesOf(4 * cap),
        cap: fc.constant(cap),
        left: fc.constant(way.left),
        order: fc.constant(way.order),
        fromInclusive: fc.boolean(),
        toInclusive: fc.boolean(),
        padding: fc.constantFrom(1, 1000),
        seed: fc.integer(),
      }),
    );

  test.each([
    [100, 400, 80],
    [700, 1300, 8],
  ])('cap of %d to %d rows: yields exactly the window, or throws `incomplete`', async (least, most, numRuns) => {
    let exact = 0;
    let cut = 0;
    await fc.assert(
      fc.asyncProperty(vendorOf(least, most), async (vendor) => {
        const { ledger, guard } = guarded(vendor);
        const outcome = await outcomeOf(guard());
        if (typeof outcome === 'string') return outcome === 'incomplete';
        exact++;
        if (outcome.length > 1) cut++;
        expect(idsOf(keptBy(outcome))).toEqual(idsOf(due(ledger)));
        return true;
      }),
      { numRuns, seed: 1 },
    );
    expect(exact).toBeGreaterThan(numRuns / 2);
    expect(cut).toBeGreaterThan(numRuns / 10);
  });

  test('cap of 10 to 99 rows: yields exactly the window, or throws, except where all events are too close together to tell', async () => {
    await fc.assert(
      fc.asyncProperty(vendorOf(10, 99), async (vendor) => {
        const { ledger, guard } = guarded(vendor);
        const outcome = await outcomeOf(guard());
        if (typeof outcome === 'string') return outcome === 'incomplete';
        const times = due(ledger).map(({ time }) => time ?? 0);
        const span = Math.max(...times) - Math.min(...times);
        if (keptBy(outcome).length < times.length) return span <= 3 * vendor.padding;
        expect(idsOf(keptBy(outcome))).toEqual(idsOf(due(ledger)));
        return true;
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  test.each([10, 37, 100, 250, 777, 1000])('cap of %d rows: is found, whichever rows are left out', async (cap) => {
    for (const left of ['newest', 'oldest'] as const) {
      for (const order of ['falling', 'rising', 'none'] as const) {
        const { ledger, guard } = guarded({ times: spread(3 * cap + 7), cap, left, order });
        const parts = await guard();
        expect(parts.length).toBeGreaterThan(1);
        expect(idsOf(keptBy(parts))).toEqual(idsOf(due(ledger)));
      }
    }
  });

  test('cap that ends between ties: is found', async () => {
    const ties = [...spread(60), ...Array.from({ length: 60 }, () => 5000)];
    const { ledger, guard } = guarded({ times: ties, cap: 100 });
    expect(idsOf(keptBy(await guard()))).toEqual(idsOf(due(ledger)));
  });

  test.each([100, 1000])('cap of %d events, and one more in one millisecond: throws `incomplete`', async (cap) => {
    const { guard } = guarded({ times: Array.from({ length: cap + 1 }, () => 5000), cap });
    await expect(guard()).rejects.toMatchObject({ kind: 'incomplete' });
  });

  test('cap of few rows, as many close together: throws `incomplete` once another event shows the cap', async () => {
    const close = Array.from({ length: 60 }, () => 50_000_000);
    const { guard } = guarded({ times: [1000, ...close], cap: 50 });
    await expect(guard()).rejects.toMatchObject({
      kind: 'incomplete',
      message: expect.stringMatching(/answered 50 events, which may be a row cap, .* too close together/),
    });
  });
});

test('capGuard, a cap found before few rows that are too close together: throws `incomplete`, since they are at the cap', async () => {
  const close = Array.from({ length: 60 }, () => 1000);
  const { guard } = guarded({ times: [...close, ...spread(120).map((time) => 43_200_000 + time / 2)], cap: 50 });
  await expect(guard()).rejects.toMatchObject({
    kind: 'incomplete',
    message: expect.stringMatching(/answered 50 events, which may be a row cap, .* cannot be split further/),
  });
});

describe('capGuard, requests', () => {
  test.each([0, 1, 9])('%d events: asks for the window alone, since no cap is so small', async (count) => {
    const { asked, guard } = guarded({ times: spread(count) });
    expect(await guard()).toMatchObject([{ window: WINDOW, events: { length: count } }]);
    expect(asked).toEqual([WINDOW]);
  });

  test.each(['falling', 'rising'] as const)('rows in order, %s: asks for both ends once more', async (order) => {
    const times = spread(500).map((time) => time + 60_000);
    const { ledger, asked, guard } = guarded({ times, order });
    expect(await guard()).toMatchObject([{ window: WINDOW, events: { length: 500 } }]);
    const [oldest = 0, newest = 0] = [ledger[0]?.time, ledger.at(-1)?.time].map((time) => Math.floor(time ?? 0));
    expect(asked).toEqual([WINDOW, { from: WINDOW.from, to: oldest + 1 }, { from: newest, to: WINDOW.to }]);
  });

  test('rows beside the window on one side: does not ask for that end', async () => {
    const { asked, guard } = guarded({ times: [-1, ...spread(500), 86_400_001] });
    await guard();
    expect(asked).toEqual([WINDOW]);
  });

  test('rows in no order: asks for both halves once more', async () => {
    const { asked, guard } = guarded({ times: spread(500), order: 'none' });
    expect(await guard()).toMatchObject([{ window: WINDOW, events: { length: 500 } }]);
    expect(asked).toEqual([WINDOW, FIRST, SECOND]);
  });

  test('fewer rows than an answer before: asks for nothing more', async () => {
    const { asked, guard } = guarded({ times: spread(500) });
    await guard();
    const before = asked.length;
    expect(await guard(FIRST)).toMatchObject([{ window: FIRST }]);
    expect(asked.slice(before)).toEqual([FIRST]);
  });

  test('as many rows as a capped answer: asks for both halves at once, newest first', async () => {
    const { ledger, asked, guard } = guarded({ times: spread(1000), cap: 100 });
    await guard();
    const before = asked.length;
    expect(idsOf(keptBy(await guard(FIRST)))).toEqual(idsOf(due(ledger, FIRST)));
    expect(asked.slice(before, before + 2)).toEqual([FIRST, halves(FIRST)?.[1]]);
  });

  test('an answer that is complete: asks for nothing more, whatever its count', async () => {
    let calls = 0;
    const { ledger } = guarded({ times: spread(1000) });
    const parts = await partsOf(
      capGuard(1)(WINDOW, async () => {
        calls++;
        return answerOf(ledger, true);
      }),
    );
    expect(parts).toEqual([{ window: WINDOW, events: ledger }]);
    expect(calls).toBe(1);
  });

  test.each([
    [1, 1],
    [3, 8],
    [50, 64],
  ])(
    'all events too close together: asks for a longer window; more there, %d days ago, is no cap',
    async (ago, days) => {
      const close = Array.from({ length: 150 }, () => 5000);
      const { asked, guard } = guarded({ times: [...close, -ago * 86_400_000] });
      expect(await guard()).toMatchObject([{ events: { length: 150 } }]);
      expect(asked.at(-1)).toEqual({ from: WINDOW.from - days * 86_400_000, to: WINDOW.to });
    },
  );

  test('events too close together in no order: asks for a longer window, too', async () => {
    const close = Array.from({ length: 150 }, (_, index) => 5000 + (index % 3));
    const { ledger, guard } = guarded({ times: [...close, -3 * 86_400_000], order: 'none', padding: 1000 });
    expect(idsOf(keptBy(await guard()))).toEqual(idsOf(due(ledger)));
  });

  test('a longer window has brought more already: asks for nothing more', async () => {
    const close = Array.from({ length: 150 }, () => 5000);
    const { asked, guard } = guarded({ times: [...close, -3 * 86_400_000] });
    await guard();
    const before = asked.length;
    expect(await guard(FIRST)).toMatchObject([{ window: FIRST, events: { length: 150 } }]);
    expect(asked.slice(before)).toEqual([FIRST]);
  });

  test('a longer window that is complete: proves the shorter one', async () => {
    const { ledger } = guarded({ times: Array.from({ length: 150 }, () => 5000) });
    const asked: Window[] = [];
    const parts = await partsOf(
      capGuard(1)(WINDOW, async (window) => {
        asked.push(window);
        return answerOf(ledger, window.from < WINDOW.from);
      }),
    );
    expect(parts).toEqual([{ window: WINDOW, events: ledger }]);
    expect(asked.at(-1)).toEqual({ from: WINDOW.from - 86_400_000, to: WINDOW.to });
  });

  test('a longer window: never begins before 1970', async () => {
    const ties = Array.from({ length: 100 }, (_, index): VendorEvent => ({ time: 5000, id: `${index}`, body: {} }));
    const starts: number[] = [];
    const guard = capGuard(1)({ from: 1000, to: 9000 }, async ({ from }) => {
      starts.push(from);
      return answerOf(ties);
    });
    await expect(partsOf(guard)).rejects.toMatchObject({ kind: 'incomplete' });
    expect(Math.min(...starts)).toBe(0);
  });

  test.each([10, 99])('%d events close together and no others far and wide: takes them for whole', async (count) => {
    const { asked, guard } = guarded({ times: Array.from({ length: count }, () => 5000), padding: 1000 });
    expect(keptBy(await guard())).toHaveLength(count);
    expect(asked.length).toBeLessThan(100);
  });

  test('100 events close together and no others far and wide: throws `incomplete`', async () => {
    const { guard } = guarded({ times: Array.from({ length: 100 }, () => 5000) });
    await expect(guard()).rejects.toMatchObject({
      kind: 'incomplete',
      message: expect.stringMatching(/answered 100 events, which may be a row cap, .* cannot be split further/),
      where: expect.stringMatching(/^1970-04-11T00:00:0\S+ to 1970-04-11T00:00:0\S+$/),
      next: expect.stringContaining('a longer window'),
    });
  });
});

describe('capGuard, a vendor that answers fewer rows when it is asked again: throws `incomplete`', () => {
  test.each([
    ['falling', 'answered 1 events, and only 0 when'],
    ['none', 'answered 100 events, and only 0 when'],
  ])('rows in order %s', async (order, message) => {
    const { ledger } = guarded({ times: spread(100) });
    const events = order === 'none' ? [...ledger.slice(50), ...ledger.slice(0, 50)] : ledger;
    const guard = capGuard(1);
    const pages = guard(WINDOW, async (window) => answerOf(window === WINDOW ? events : []));
    await expect(partsOf(pages)).rejects.toMatchObject({
      kind: 'incomplete',
      message: expect.stringContaining(message),
      where: expect.stringMatching(/^1970-04-11T\S+ to 1970-04-1\S+$/),
      next: expect.stringContaining('report it to the vendor'),
    });
  });
});

test.each([
  ['in order', (events: VendorEvent[]) => events],
  ['in no order', (events: VendorEvent[]) => [...events.slice(50), ...events.slice(0, 50)]],
])(
  'capGuard, an event deleted meanwhile hides the cap, since counts agree, rows %s: the cap is found',
  async (_, arranged) => {
    // The cap leaves out one of two events of the first millisecond; then the other one is deleted.
    const { ledger } = guarded({ times: [...spread(100), 0] });
    const falling = ledger.toSorted((a, b) => (b.time ?? 0) - (a.time ?? 0));
    const answer = arranged(falling.slice(0, 100));
    const left = falling.filter((event) => event !== falling[99]);
    let asked = 0;
    const parts = await partsOf(
      capGuard(1)(WINDOW, async (window) =>
        answerOf(asked++ === 0 ? answer : left.filter(({ time }) => contains(window, time ?? 0))),
      ),
    );
    expect(idsOf(keptBy(parts))).toEqual(idsOf(left));
  },
);

test('capGuard, pages that nobody reads to the end: every answer is released', async () => {
  const { ledger } = guarded({ times: spread(300) });
  const fetch = async (window: Window) =>
    answerOf(ledger.filter(({ time }) => contains(pad(window, 1), time ?? 0)).slice(0, 200));
  let pages = 0;
  for await (const page of capGuard(1)(WINDOW, fetch)) {
    if ('retracted' in page) throw new Error('Nothing was taken back yet.');
    if (page.slice.from !== WINDOW.from || ++pages === 8) break;
  }
  expect(unreleased.size).toBe(0);
});

test('capGuard, rows without times at a cap: throws `incomplete`, since the halves cannot take their place', async () => {
  const { guard } = guarded({ padding: 0, toInclusive: false, timed: false, cap: 100, times: spread(150) });
  await expect(guard()).rejects.toMatchObject({
    kind: 'incomplete',
    message: expect.stringMatching(/answered 100 events.* halves hold 150, and without times/),
  });
});

test('capGuard, rows without times: yields all below a cap, throws `incomplete` at it', async () => {
  const bounds = { padding: 0, toInclusive: false, timed: false, cap: 100 };
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 250 }), async (count) => {
      const { ledger, guard } = guarded({ ...bounds, times: spread(count) });
      const outcome = await outcomeOf(guard());
      if (count > 100 || typeof outcome === 'string') expect(outcome).toBe('incomplete');
      else expect(idsOf(keptBy(outcome))).toEqual(idsOf(ledger));
      return count <= 100 ? typeof outcome !== 'string' : true;
    }),
    { numRuns: 60, examples: [[100], [101], [200]] },
  );
});
