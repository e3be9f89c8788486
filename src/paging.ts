import { LEAST_CAP, sameRows } from './caps.ts';
import { ExportError } from './errors.ts';
import type { VendorEvent, Window } from './types.ts';
import { contains, formatInstant, pad } from './window.ts';

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

/**
 * An answer of which no event lies in the window that was asked for is the answer to another question: from a cache, or
 * because something on the way dropped the window. Throws `protocol`. Events without a time pass.
 * @param next what to do about it
 */
export function checkAsked(
  events: readonly VendorEvent[],
  asked: Window,
  { vendor, where, next = ANOTHER_ANSWER }: { vendor: string; where: string; next?: string },
): void {
  const closed = pad(asked, 0, 1);
  if (events.length === 0 || events.some(({ time }) => time === null || contains(closed, time))) return;
  throw new ExportError('protocol', `All ${events.length} events that ${vendor} answered lie outside the window.`, {
    where,
    next,
  });
}

const ANOTHER_ANSWER =
  'Look for a cache or a proxy on the way that gives the answer to another request; run the export again.';

/** A page of a walk back: events of `[from, to)`, newest first, `offset` of them left out. */
export interface WalkAsk extends Window {
  readonly offset: number;
}

type FetchPage = (ask: WalkAsk) => Promise<readonly VendorEvent[]>;

/**
 * Walks windows backwards, newest page first, by moving their end to the last event seen: unlike offsets, that neither
 * repeats nor skips when events arrive meanwhile. Ties on the page border come twice and are de-duplicated by id later;
 * a millisecond that fills whole pages is drained by offset. Holds whether the vendor reads `to` as in- or exclusive.
 * The last page is one that is shorter than a page before, of any window: how many rows were asked for proves nothing,
 * since a vendor may give fewer.
 * @param least a page of fewer rows is always the last.
 */
export function walkBack(
  fetch: FetchPage,
  where: string,
  least = LEAST_CAP,
): (window: Window) => AsyncGenerator<readonly VendorEvent[]> {
  let longest = least;
  return async function* walk(window) {
    let to = window.to;
    let drained = window.to;
    while (to >= window.from) {
      const page = await fetch({ from: window.from, to, offset: 0 });
      const oldest = checkNewestFirst(page, to, where);
      yield page;
      if (page.length < longest) return;
      longest = page.length;
      if (oldest + 1 < to) {
        to = oldest + 1;
        continue;
      }
      // The whole page lies in the last millisecond, so the end cannot be moved to it without losing its other events.
      if (oldest !== drained) yield drain({ from: oldest, to: oldest + 1 }, longest, fetch, where);
      drained = oldest;
      // An event at `to` itself: the vendor reads it as inclusive.
      to = oldest === to ? to - 1 : oldest;
    }
  };
}

/** The oldest millisecond of a page, once its order is what the walk relies on. Throws `protocol`. */
function checkNewestFirst(page: readonly VendorEvent[], to: number, where: string): number {
  let oldest = to;
  for (const { time } of page) {
    const millisecond = Math.floor(time ?? Number.NaN);
    if (!(millisecond <= oldest)) {
      throw new ExportError('protocol', "The vendor's events are not in the documented order, newest first.", {
        where,
        next: 'Run the export again; if it stays, report it to the vendor: paging cannot be complete without an order.',
      });
    }
    oldest = millisecond;
  }
  return oldest;
}

const DRAIN_PASSES = 12;

/**
 * All events of one millisecond, by offset. Ties have no order, so a pass may repeat some and miss others: passes go on
 * until as many distinct ids were seen as a pass has rows.
 * @param full rows of a page that is not the last.
 */
async function drain(window: Window, full: number, fetch: FetchPage, where: string): Promise<readonly VendorEvent[]> {
  const seen = new Map<string, VendorEvent>();
  for (let pass = 0; pass < DRAIN_PASSES; pass++) {
    let rows = 0;
    for (;;) {
      const page = await fetch({ ...window, offset: rows });
      for (const event of page) seen.set(event.id ?? '', event);
      rows += page.length;
      // The second is a vendor that does not look at `offset`.
      if (page.length < full || rows > 2 * seen.size + full) break;
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
