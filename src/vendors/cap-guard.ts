import { ExportError } from '../base/errors.ts';
import { formatInstant } from '../time/instant.ts';
import { halves, type Window } from '../time/window.ts';
import { AnswerStats, inWindow, MultisetSum, millisecondOf, sameRows } from './answer-stats.ts';
import type { Page, Retraction, VendorEvent } from './contract.ts';

/** A vendor's answer for a window; events outside the window may be in it. */
export interface Fetched {
  /** Returns the events as they arrive; may be called more than once. */
  readonly events: () => AsyncIterable<readonly VendorEvent[]>;
  /** Whether the vendor itself said that this is all (a cursor chain that ended, a total that agrees). */
  readonly complete: boolean;
  /** Releases the answer; called once nobody reads it any more. */
  readonly release: () => Promise<void>;
}

type Fetch = (window: Window) => Promise<Fetched>;

/** Rows below which an answer is taken for whole: no vendor has a smaller cap or page. */
export const LEAST_CAP = 10;
/**
 * Number of events that may be too close together to be asked for apart, and are then taken for whole if nothing speaks
 * against it.
 */
const MOST_CLOSE = 99;
const DAY_MS = 86_400_000;
/** Lengths by which a window is made longer, to see whether an answer can hold more rows. */
const LONGER_MS = [DAY_MS, 8 * DAY_MS, 64 * DAY_MS];

/**
 * Guards against row caps that no document names. An example, with a vendor that caps answers at 1,000 rows:
 *
 *     the window of a day: 1,000 rows, as many as any answer before       looked at again
 *     its first half: 700 rows, its second half: 600 rows                 1,300 in all, so the answer was capped
 *     → the answer is retracted, and each half is guarded in turn
 *     another day: 1,000 rows; its halves: 640 and 360 rows, equal sums   the day was whole
 *     → the halves are retracted, and the answer stands
 *
 * A vendor that has answered more rows before does not cap at fewer, so only an answer that nothing proves whole, and
 * that has as many rows as any before it, is looked at again:
 * - A cap leaves out one end of an answer. Where rows come in time order, both ends of the window are requested on
 *   their own, from the outermost row on, and have to hold the rows that the answer holds there.
 * - Rows without order or times are requested again in two halves, which have to hold as many.
 * - Rows that are too close together for either are below any cap where a longer window brings more.
 *
 * The halves of an answer that may be capped follow the answer, each guarded in the same way. What is too much of the
 * three is retracted: the answer where it was capped, else its halves. Throws `incomplete` where a capped window cannot
 * be split further, or where fewer rows come when it is asked for again.
 *
 * The reference is a vendor with a known cap and known rows: the property tests of `cap-guard.test.ts` hold the guarded
 * pages to all of its rows, for every cap and order.
 * @param paddingMs Milliseconds that `fetch` adds before and after each window: a shorter window brings no fewer rows.
 */
export function capGuard(
  paddingMs: number,
): (window: Window, fetch: Fetch, first?: Fetched) => AsyncGenerator<Page | Retraction> {
  let largestAnswer = LEAST_CAP;
  /** Smallest number of rows of an answer that was found capped. */
  let cap = Number.POSITIVE_INFINITY;
  /** Largest number of rows of an answer that was taken for whole although nothing proves it. */
  let trustedClose = 0;

  return (window, fetch, first) => {
    /** Number of rows that no longer window exceeds. */
    let maxForLonger = 0;

    const canBeMore = async ({ from, to }: Window, count: number): Promise<boolean> => {
      for (const ms of count > maxForLonger ? LONGER_MS : []) {
        const longer = { from: Math.max(0, from - ms), to };
        const { complete, count: found } = await readAnswer(await fetch(longer), null);
        if (complete) return true;
        largestAnswer = Math.max(largestAnswer, found);
        if (found > count) return true;
      }
      maxForLonger = Math.max(maxForLonger, count);
      return false;
    };

    /** Whether an answer holds all of its window, as far as can be told without splitting the window. */
    const isWhole = async (stats: AnswerStats): Promise<boolean> => {
      const ends = stats.count < cap ? await compareEnds(stats, fetch) : 'more';
      return ends === 'all' || (ends === 'close' && (await canBeMore(stats.window, stats.count)));
    };

    const guard = async function* (asked: Window, fetched: Fetched): AsyncGenerator<Page | Retraction> {
      const provisional = {};
      const stats = new AnswerStats(asked);
      try {
        for await (const events of fetched.events()) {
          stats.add(events);
          yield { slice: asked, provisional, events };
        }
        const { count } = stats;
        if (fetched.complete || count < largestAnswer) return;
        largestAnswer = count;
        if (await isWhole(stats)) return;
        const pair = asked.to - asked.from > paddingMs ? halves(asked) : null;
        if (pair === null) {
          if (count <= MOST_CLOSE && count < cap) trustedClose = Math.max(trustedClose, count);
          else if (!(await canBeMore(asked, count)))
            throw cappedError(asked, count, 'and the window cannot be split further');
          return;
        }
        const before = new MultisetSum();
        for await (const events of fetched.events()) before.add({ slice: asked, events });
        const after = new MultisetSum();
        // Rows that stay in the vendor's order come newest first where it answers so.
        for (const half of stats.falls ? pair.toReversed() : pair) {
          for await (const page of guard(half, await fetch(half))) {
            after.add(page);
            yield page;
          }
        }
        const [had, has] = [before.total(), after.total()];
        if (has.count < had.count) throw fewerRowsError(asked, had.count, has.count);
        if (has.count === had.count && has.sum === had.sum) {
          // The answer itself has the vendor's order.
          for (const part of after.provisionals()) yield { retracted: part };
          return;
        }
        if (stats.isTimeless) {
          throw cappedError(asked, count, `its halves hold ${has.count}, and without times they cannot be told apart`);
        }
        yield { retracted: provisional };
        cap = Math.min(cap, count);
        if (trustedClose >= cap)
          throw cappedError(asked, count, 'and as many stand too close together to be asked for apart');
      } finally {
        await fetched.release();
      }
    };
    return (async function* () {
      yield* guard(window, first ?? (await fetch(window)));
    })();
  };
}

interface ReadAnswer {
  readonly count: number;
  readonly complete: boolean;
  readonly kept: readonly VendorEvent[];
}

/** Reads another answer; keeps the events of `window`, or none where that is null. */
async function readAnswer(fetched: Fetched, window: Window | null): Promise<ReadAnswer> {
  const kept: VendorEvent[] = [];
  let count = 0;
  try {
    for await (const events of fetched.events()) {
      count += events.length;
      for (const event of window === null ? [] : inWindow(window, events)) kept.push(event);
    }
  } finally {
    await fetched.release();
  }
  return { count, complete: fetched.complete, kept };
}

/**
 * Fetches both ends of an answer in time order: `all` where they hold what the answer holds there, `more` where they
 * hold more, `close` where an end brings as many rows as the whole answer, which tells nothing; null where rows have no
 * order or no times.
 */
async function compareEnds(stats: AnswerStats, fetch: Fetch): Promise<'all' | 'more' | 'close' | null> {
  if (!stats.isInOrder) return null;
  const { window, count } = stats;
  const [oldest, newest] = stats.outermost;
  // A cap may end between the events of one millisecond, so that of the outermost row is asked for again.
  const ends = [
    { end: { from: window.from, to: Math.min(millisecondOf(oldest) + 1, window.to) }, events: oldest },
    { end: { from: Math.max(millisecondOf(newest), window.from), to: window.to }, events: newest },
  ];
  let close = false;
  for (const { end, events } of ends) {
    if (end.from >= end.to) continue;
    const { kept: there, count: found } = await readAnswer(await fetch(end), end);
    const here = inWindow(end, events);
    if (there.length < here.length) throw fewerRowsError(end, here.length, there.length);
    if (!sameRows(here, there)) return 'more';
    if (found >= count) close = true;
  }
  return close ? 'close' : 'all';
}

const cappedError = (window: Window, count: number, why: string): ExportError =>
  new ExportError('incomplete', `The vendor answered ${count} events, which may be a row cap, ${why}.`, {
    where: `${formatInstant(window.from)} to ${formatInstant(window.to)}`,
    next: 'Export a longer window, which shows whether an answer can hold more, or narrower filters; if it stays, ask the vendor how many rows one answer may hold.',
  });

const fewerRowsError = (window: Window, before: number, after: number): ExportError =>
  new ExportError('incomplete', `The vendor answered ${before} events, and only ${after} when it was asked again.`, {
    where: `${formatInstant(window.from)} to ${formatInstant(window.to)}`,
    next: 'Run the export again; if it stays, report it to the vendor with the window.',
  });
