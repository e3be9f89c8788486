import { ExportError } from '../base/errors.ts';
import { formatInstant } from '../time/instant.ts';
import { contains, pad, type Window } from '../time/window.ts';
import { sameRows } from './answer-stats.ts';
import { LEAST_CAP } from './cap-guard.ts';
import type { Segment, VendorEvent } from './contract.ts';

/**
 * Follows a cursor to its end. Throws `protocol` on a cursor that comes twice and on an empty page that has one: both
 * are loops that would otherwise run for ever, or stop early in silence.
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
    if (page.entries.length === 0) throw endlessPagingError('an empty page that names a next one', where);
    if (seen.has(page.cursor)) throw endlessPagingError('the same cursor twice', where);
    seen.add(page.cursor);
    cursor = page.cursor;
  }
}

const endlessPagingError = (what: string, where: string): ExportError =>
  new ExportError('protocol', `The vendor's paging does not end: it answered ${what}.`, {
    where,
    next: 'Run the export again; if it stays, report it to the vendor with the window and the time of this run.',
  });

/**
 * Throws `protocol` where two pages in a row hold equal rows: the vendor did not read the cursor or the offset, and
 * repeats some events in place of others. Pages of a few events may be alike and pass.
 */
export function checkNewPage(page: readonly VendorEvent[], before: readonly VendorEvent[], where: string): void {
  if (page.length >= LEAST_CAP && sameRows(page, before)) throw endlessPagingError('the same page twice', where);
}

interface Asked {
  readonly vendor: string;
  readonly where: string;
  /** Next step for the reader of the error; has a default. */
  readonly next?: string;
}

/**
 * Throws `protocol` where no event of an answer lies in the window that was asked for: the answer is to another
 * question, from a cache, or something on the way dropped the window. Events without a time pass.
 */
export function checkAsked(events: readonly VendorEvent[], asked: Window, about: Asked): void {
  if (events.length > 0 && !events.some((event) => isAsked(event, asked))) throw otherAnswerError(events.length, about);
}

/** Passes the events of one answer on, and throws as `checkAsked` does once the answer has ended. */
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
  if (count > 0 && !found) throw otherAnswerError(count, about);
}

const isAsked = ({ time }: VendorEvent, asked: Window): boolean => time === null || contains(pad(asked, 0, 1), time);

const otherAnswerError = (count: number, { vendor, where, next = ANOTHER_ANSWER }: Asked): ExportError =>
  new ExportError('protocol', `All ${count} events that ${vendor} answered lie outside the window.`, { where, next });

const ANOTHER_ANSWER =
  'Look for a cache or a proxy on the way that gives the answer to another request; run the export again.';

/** A request for events of `[from, to)`, newest first, without the first `offset` of them. */
export interface WalkAsk extends Window {
  readonly offset: number;
}

/** A page of a walk; `more` says whether the vendor promises older events, null where the vendor does not say. */
export interface WalkPage {
  readonly events: readonly VendorEvent[];
  readonly more: boolean | null;
  /** False where nothing proves that the events behind this page are older, however they look. */
  readonly inOrder?: boolean;
}

export interface Walk {
  readonly fetch: (ask: WalkAsk) => Promise<WalkPage>;
  /** Fetches all events of a window that is one millisecond long and may hold more than a page. */
  readonly crowded: (window: Window) => Promise<readonly VendorEvent[]>;
  /** Fetches all events of a window in another way; for vendors whose pages may not come newest first. */
  readonly unordered?: (window: Window) => AsyncIterable<readonly VendorEvent[]>;
  readonly where: string;
  /** Number of rows below which a page is always the last. */
  readonly least?: number;
}

/**
 * Walks windows backwards, newest page first, by moving their end to the oldest millisecond of the page: unlike offsets
 * and cursors, that neither repeats nor skips when events arrive meanwhile, and costs the same however far back it is.
 *
 * A page may end amid that millisecond, so the events of the millisecond are left to the next page; a millisecond that
 * fills whole pages is fetched on its own. The walk is right whether the vendor reads `to` as inclusive or exclusive.
 *
 * Where the vendor does not say whether more follow, the last page is one that is shorter than a page before, of any
 * window: the number of rows asked for proves nothing, since a vendor may give fewer.
 *
 * The next page is requested before this one is yielded, and the older half of what is left is split off where another
 * walker is free.
 */
export function walkBack({ fetch, crowded, unordered, where, least = LEAST_CAP }: Walk): (window: Window) => Segment {
  let longest = least;
  const isLast = ({ events, more }: WalkPage) => {
    if (more !== null || events.length < longest) return !more;
    longest = events.length;
    return false;
  };
  const segmentOf = (window: Window): Segment =>
    async function* (splitOff) {
      let { from, to: end } = window;
      let to = end;
      let coming = ahead(fetch({ from, to, offset: 0 }));
      for (;;) {
        const page = await coming;
        const { events } = page;
        const oldest = page.inOrder === false ? null : oldestOf(events, to);
        if (oldest === null && page.more !== false) {
          if (unordered === undefined) throw orderError(where);
          for await (const some of unordered({ from, to: end })) yield { slice: { from, to: end }, events: some };
          return;
        }
        if (page.more && events.length === 0) throw endlessPagingError('an empty page that names a next one', where);
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
        if (isLong && middle > from && splitOff(segmentOf({ from, to: middle }))) from = middle;
        if (isLeft) coming = ahead(fetch({ from, to, offset: 0 }));
        // A page all of whose events are of one millisecond may not hold all of them.
        if (done.from < done.to) yield { slice: done, events: oldest === done.from ? await crowded(done) : events };
        if (!isLeft) return;
      }
    };
  return segmentOf;
}

/**
 * Returns a promise whose failure waits until somebody awaits it: what is fetched ahead may fail before its turn comes.
 */
function ahead<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

/**
 * Returns the oldest millisecond of a page, `to` where the page is empty, and null where the page is not newest first
 * from `to` on.
 */
function oldestOf(page: readonly VendorEvent[], to: number): number | null {
  let oldest = to;
  for (const { time } of page) {
    const millisecond = Math.floor(time ?? Number.NaN);
    if (!(millisecond <= oldest)) return null;
    oldest = millisecond;
  }
  return oldest;
}

const orderError = (where: string): ExportError =>
  new ExportError('protocol', "The vendor's events are not in the documented order, newest first.", {
    where,
    next: 'Run the export again; if it stays, report it to the vendor: paging cannot be complete without an order.',
  });

const DRAIN_PASSES = 12;

/**
 * Fetches all events of one millisecond by offset, and tells them apart by their ids. Ties have no order, so a pass may
 * repeat some and miss others: passes go on until one has as many rows as distinct ids were seen. Throws `incomplete`
 * after 12 passes.
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
      // The second is a vendor that does not read `offset`.
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
