import { ExportError } from '../base/errors.ts';
import { formatInstant } from '../time/instant.ts';
import { contains, pad, type Window } from '../time/window.ts';
import { sameRows } from './answer-stats.ts';
import { LEAST_CAP } from './cap-guard.ts';
import type { Segment, VendorEvent } from './contract.ts';

/**
 * Follows a cursor to its end. Throws `protocol` on a cursor that comes twice and on an empty page that has one:
 * both are loops that would otherwise run for ever, or stop early in silence.
 */
export async function* byCursor<Entry>(
  fetch: (cursor: string | undefined) => Promise<{ entries: readonly Entry[]; cursor: string | null }>,
  where: string,
): AsyncGenerator<readonly Entry[]> {
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (;;) {
    const page = await fetch(cursor);
    yield page.entries;
    if (page.cursor === null) return;
    if (page.entries.length === 0) throw loop('an empty page that names a next one', where);
    if (seen.has(page.cursor)) throw loop('the same cursor twice', where);
    seen.add(page.cursor);
    cursor = page.cursor;
  }
}

const loop = (what: string, where: string): ExportError =>
  new ExportError('protocol', `The vendor's paging does not end: it answered ${what}.`, {
    where,
    next: 'Run the export again; if it stays, report it to the vendor with the window and the time of this run.',
  });

/**
 * Two pages in a row with the same rows: the vendor did not look at the cursor or the offset, and repeats some events in
 * place of others. A few events may be alike. Throws `protocol`.
 */
export function checkNewPage(page: readonly VendorEvent[], before: readonly VendorEvent[], where: string): void {
  if (page.length >= LEAST_CAP && sameRows(page, before)) throw loop('the same page twice', where);
}

interface Asked {
  readonly vendor: string;
  readonly where: string;
  /** What to do about another answer. */
  readonly next?: string;
}

/**
 * An answer of which no event lies in the window that was asked for is the answer to another question: from a cache, or
 * because something on the way dropped the window. Throws `protocol`. Events without a time pass.
 */
export function checkAsked(events: readonly VendorEvent[], asked: Window, about: Asked): void {
  if (events.length > 0 && !events.some((event) => isAsked(event, asked))) throw notAsked(events.length, about);
}

/** Lets the events of one answer pass, and does the same when it has ended. */
export async function* asAsked(
  answer: AsyncIterable<readonly VendorEvent[]>,
  asked: Window,
  about: Asked,
): AsyncGenerator<readonly VendorEvent[]> {
  let count = 0;
  let found = false;
  for await (const events of answer) {
    count += events.length;
    found ||= events.some((event) => isAsked(event, asked));
    yield events;
  }
  if (count > 0 && !found) throw notAsked(count, about);
}

const isAsked = ({ time }: VendorEvent, asked: Window): boolean => time === null || contains(pad(asked, 0, 1), time);

const notAsked = (count: number, { vendor, where, next = ANOTHER_ANSWER }: Asked): ExportError =>
  new ExportError('protocol', `All ${count} events that ${vendor} answered lie outside the window.`, { where, next });

const ANOTHER_ANSWER =
  'Look for a cache or a proxy on the way that gives the answer to another request; run the export again.';

/** Asks for events of `[from, to)`, newest first, `offset` of them left out. */
export interface WalkAsk extends Window {
  readonly offset: number;
}

/** A page of a walk, and whether the vendor says that older events follow; null where it does not say. */
export interface WalkPage {
  readonly events: readonly VendorEvent[];
  readonly more: boolean | null;
  /** false: nothing proves that the events behind are older, however they look. */
  readonly inOrder?: boolean;
}

export interface Walk {
  readonly fetch: (ask: WalkAsk) => Promise<WalkPage>;
  /** All events of a window that may hold more than a page and is one millisecond long. */
  readonly crowded: (window: Window) => Promise<readonly VendorEvent[]>;
  /** Where pages may come in another order than newest first: all events of a window, in another way. */
  readonly unordered?: (window: Window) => AsyncIterable<readonly VendorEvent[]>;
  readonly where: string;
  /** A page of fewer rows is always the last. */
  readonly least?: number;
}

/**
 * Walks windows backwards, newest page first, by moving their end to the oldest millisecond of the page: unlike offsets
 * and cursors, that neither repeats nor skips when events arrive meanwhile, and costs the same however far back it is.
 * A page may end amid that millisecond, so its events are left to the next page; one that fills whole pages is asked
 * for on its own. Holds whether the vendor reads `to` as in- or exclusive.
 * Where the vendor does not say that more follow, the last page is one that is shorter than a page before, of any
 * window: how many rows were asked for proves nothing, since a vendor may give fewer.
 * The next page is asked for before this one is given; the older half of what is left goes to whoever is free.
 */
export function walkBack({ fetch, crowded, unordered, where, least = LEAST_CAP }: Walk): (window: Window) => Segment {
  let longest = least;
  const isLast = ({ events, more }: WalkPage) => {
    if (more !== null || events.length < longest) return !more;
    longest = events.length;
    return false;
  };
  const stretchOf = (window: Window): Segment =>
    async function* (handOver) {
      let { from, to: end } = window;
      let to = end;
      let coming = ahead(fetch({ from, to, offset: 0 }));
      for (;;) {
        const page = await coming;
        const { events } = page;
        const oldest = page.inOrder === false ? null : oldestOf(events, to);
        if (oldest === null && page.more !== false) {
          if (unordered === undefined) throw disorder(where);
          for await (const some of unordered({ from, to: end })) yield { slice: { from, to: end }, events: some };
          return;
        }
        if (page.more && events.length === 0) throw loop('an empty page that names a next one', where);
        if (oldest === null || isLast(page)) {
          yield { slice: { from, to: end }, events };
          return;
        }
        to = Math.max(from, Math.min(oldest + 1, end - 1));
        // None of the page is below the end: the vendor reads `to` as inclusive.
        const done = { from: oldest === end ? end : to, to: end };
        end = done.from;
        const isLeft = from < end;
        const middle = Math.floor((from + end) / 2);
        const isLong = end - from > 2 * (done.to - done.from);
        if (isLong && middle > from && handOver(stretchOf({ from, to: middle }))) from = middle;
        if (isLeft) coming = ahead(fetch({ from, to, offset: 0 }));
        // A page all of whose events are of one millisecond may not hold all of them.
        if (done.from < done.to) yield { slice: done, events: oldest === done.from ? await crowded(done) : events };
        if (!isLeft) return;
      }
    };
  return stretchOf;
}

/** Of what is asked for ahead, a failure is only looked at when its turn comes. */
function ahead<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

/** The oldest millisecond of a page, or `to` where it is empty; null where it is not newest first, from `to` on. */
function oldestOf(page: readonly VendorEvent[], to: number): number | null {
  let oldest = to;
  for (const { time } of page) {
    const millisecond = Math.floor(time ?? Number.NaN);
    if (!(millisecond <= oldest)) return null;
    oldest = millisecond;
  }
  return oldest;
}

const disorder = (where: string): ExportError =>
  new ExportError('protocol', "The vendor's events are not in the documented order, newest first.", {
    where,
    next: 'Run the export again; if it stays, report it to the vendor: paging cannot be complete without an order.',
  });

const DRAIN_PASSES = 12;

/**
 * All events of one millisecond, by offset, told apart by their ids. Ties have no order, so a pass may repeat some and
 * miss others: passes go on until as many distinct ids were seen as a pass has rows.
 */
export async function drainByOffset(
  fetch: Walk['fetch'],
  window: Window,
  where: string,
): Promise<readonly VendorEvent[]> {
  const seen = new Map<string, VendorEvent>();
  for (let pass = 0; pass < DRAIN_PASSES; pass++) {
    let rows = 0;
    let full = 0;
    for (;;) {
      const { events } = await fetch({ ...window, offset: rows });
      for (const event of events) seen.set(event.id ?? '', event);
      rows += events.length;
      full = Math.max(full, events.length);
      // The second is a vendor that does not look at `offset`.
      if (events.length === 0 || rows > 2 * seen.size + full) break;
    }
    if (seen.size === rows) return [...seen.values()];
  }
  throw new ExportError(
    'incomplete',
    'One millisecond holds more events than a page, and their order keeps changing.',
    {
      where: `${where}, ${formatInstant(window.from)}`,
      next: 'Run the export again with narrower filters, or report it to the vendor.',
    },
  );
}
