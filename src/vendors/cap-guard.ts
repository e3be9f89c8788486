import { ExportError } from '../base/errors.ts';
import { formatInstant } from '../time/instant.ts';
import { halves, type Window } from '../time/window.ts';
import { AnswerStats, inWindow, MultisetSum, millisecondOf, sameRows } from './answer-stats.ts';
import type { Page, Retraction, VendorEvent } from './contract.ts';

/** What a vendor answers for a window; events beside the window may be among it. */
export interface Fetched {
  /** Its events, as they arrive. May be asked for more than once. */
  readonly events: () => AsyncIterable<readonly VendorEvent[]>;
  /** Whether the vendor itself said that this is all (a cursor chain that ended, a total that agrees). */
  readonly complete: boolean;
  /** To be called when nothing is read any more. */
  readonly release: () => Promise<void>;
}

type Fetch = (window: Window) => Promise<Fetched>;

/** Nobody's page is shorter: an answer of fewer rows is whole. */
export const LEAST_CAP = 10;
/** So many events may stand too close together to be asked for apart, and be taken for all where nothing speaks against it. */
const MOST_CLOSE = 99;
const DAY_MS = 86_400_000;
/** How much more is asked for, to see whether an answer can be larger. */
const LONGER_MS = [DAY_MS, 8 * DAY_MS, 64 * DAY_MS];

/**
 * Guards against row caps that no document names. A vendor that has answered more rows before does not cap at fewer,
 * so only an answer that nothing proves whole, and of as many rows as any before it, is looked at again:
 * - A cap leaves out one end of an answer. Where rows come in time order, both ends of the window are asked for on
 *   their own, from the outermost row on: they have to hold what the answer holds there.
 * - Rows without order or times are asked for again in two halves, which have to hold as many.
 * - Rows that stand too close together for either are at no cap where a longer window brings more.
 * The two halves of an answer that may be capped follow it, each guarded in the same way; what is too much of the three is
 * taken back: the answer where it was capped, else its halves.
 * Throws `incomplete` where a capped window cannot be cut further, or where less comes when it is asked for again.
 * @param paddingMs What `fetch` asks for beside each window: a shorter window brings no fewer rows.
 */
export function capGuard(
  paddingMs: number,
): (window: Window, fetch: Fetch, first?: Fetched) => AsyncGenerator<Page | Retraction> {
  let largest = LEAST_CAP;
  /** Answers of so many rows were found capped. */
  let cap = Number.POSITIVE_INFINITY;
  /** Answers of so many rows were taken for all, although nothing proves it. */
  let trusted = 0;

  return (window, fetch, first) => {
    /** No longer window brings more rows than this. */
    let most = 0;

    const canBeMore = async ({ from, to }: Window, count: number): Promise<boolean> => {
      for (const ms of count > most ? LONGER_MS : []) {
        const longer = { from: Math.max(0, from - ms), to };
        const { proven, count: found } = await lookAt(await fetch(longer), null);
        if (proven) return true;
        largest = Math.max(largest, found);
        if (found > count) return true;
      }
      most = Math.max(most, count);
      return false;
    };

    /** Whether an answer holds all of its window, as far as can be told without cutting it. */
    const isWhole = async (look: AnswerStats): Promise<boolean> => {
      const ends = look.count < cap ? await lookAtEnds(look, fetch) : 'more';
      return ends === 'all' || (ends === 'close' && (await canBeMore(look.window, look.count)));
    };

    const guard = async function* (asked: Window, fetched: Fetched): AsyncGenerator<Page | Retraction> {
      const provisional = {};
      const look = new AnswerStats(asked);
      try {
        for await (const events of fetched.events()) {
          look.add(events);
          yield { slice: asked, provisional, events };
        }
        const { count } = look;
        if (fetched.complete || count < largest) return;
        largest = count;
        if (await isWhole(look)) return;
        const pair = asked.to - asked.from > paddingMs ? halves(asked) : null;
        if (pair === null) {
          if (count <= MOST_CLOSE && count < cap) trusted = Math.max(trusted, count);
          else if (!(await canBeMore(asked, count))) throw capped(asked, count, 'and the window cannot be cut further');
          return;
        }
        const before = new MultisetSum();
        for await (const events of fetched.events()) before.add({ slice: asked, events });
        const after = new MultisetSum();
        // Rows that stay in the vendor's order come newest first where it answers so.
        for (const half of look.falls ? pair.toReversed() : pair) {
          for await (const page of guard(half, await fetch(half))) {
            after.add(page);
            yield page;
          }
        }
        const [had, has] = [before.total(), after.total()];
        if (has.count < had.count) throw fewer(asked, had.count, has.count);
        if (has.count === had.count && has.sum === had.sum) {
          // The answer itself has the vendor's order.
          for (const part of after.provisionals()) yield { retracted: part };
          return;
        }
        if (look.isTimeless) {
          throw capped(asked, count, `its halves hold ${has.count}, and without times they cannot be told apart`);
        }
        yield { retracted: provisional };
        cap = Math.min(cap, count);
        if (trusted >= cap) throw capped(asked, count, 'and as many stand too close together to be asked for apart');
      } finally {
        await fetched.release();
      }
    };
    return (async function* () {
      yield* guard(window, first ?? (await fetch(window)));
    })();
  };
}

interface Seen {
  readonly count: number;
  readonly proven: boolean;
  readonly kept: readonly VendorEvent[];
}

/** What another answer brings; of its events, those of a window are kept. */
async function lookAt(fetched: Fetched, window: Window | null): Promise<Seen> {
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
  return { count, proven: fetched.complete, kept };
}

/**
 * Whether an answer in time order holds `all` of both ends of its window, or `more` is there; `close` where asking for
 * an end brings as many rows as the whole answer has, which tells nothing; null where rows have no order or no times.
 */
async function lookAtEnds(look: AnswerStats, fetch: Fetch): Promise<'all' | 'more' | 'close' | null> {
  if (!look.isInOrder) return null;
  const { window, count } = look;
  const [oldest, newest] = look.outermost;
  // A cap may cut between the events of one millisecond, so that of the outermost row is asked for again.
  const ends = [
    { end: { from: window.from, to: Math.min(millisecondOf(oldest) + 1, window.to) }, events: oldest },
    { end: { from: Math.max(millisecondOf(newest), window.from), to: window.to }, events: newest },
  ];
  let close = false;
  for (const { end, events } of ends) {
    if (end.from >= end.to) continue;
    const { kept: there, count: found } = await lookAt(await fetch(end), end);
    const here = inWindow(end, events);
    if (there.length < here.length) throw fewer(end, here.length, there.length);
    if (!sameRows(here, there)) return 'more';
    if (found >= count) close = true;
  }
  return close ? 'close' : 'all';
}

const capped = (window: Window, count: number, why: string): ExportError =>
  new ExportError('incomplete', `The vendor answered ${count} events, which may be a row cap, ${why}.`, {
    where: `${formatInstant(window.from)} to ${formatInstant(window.to)}`,
    next: 'Export a longer window, which shows whether an answer can hold more, or narrower filters; if it stays, ask the vendor how many rows one answer may hold.',
  });

const fewer = (window: Window, before: number, after: number): ExportError =>
  new ExportError('incomplete', `The vendor answered ${before} events, and only ${after} when it was asked again.`, {
    where: `${formatInstant(window.from)} to ${formatInstant(window.to)}`,
    next: 'Run the export again; if it stays, report it to the vendor with the window.',
  });
