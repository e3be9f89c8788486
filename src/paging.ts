import { ExportError } from './errors.ts';
import type { VendorEvent, Window } from './types.ts';
import { contains, formatInstant, halves } from './window.ts';

/** What one walk over a window brought. */
export interface Fetched {
  readonly events: readonly VendorEvent[];
  /** Whether the vendor itself said that this is all (a cursor chain that ended, a total that agrees). */
  readonly proven: boolean;
}

/** A window and every event that the vendor gave for it; events beside the window may be among them. */
export interface Part {
  readonly window: Window;
  readonly events: readonly VendorEvent[];
}

const oneTime = (events: readonly VendorEvent[], window: Window): number =>
  events.filter(({ time }) => time === null || contains(window, time)).length;

/** 100, 200, 250, 500, 1000, … : the counts at which undocumented row caps stand. */
const isRound = (count: number): boolean => count >= 100 && /^(?:1|2|25|5)0+$/.test(String(count));

/**
 * Guards against row caps that no document names. An answer of a suspiciously round count, with nothing that proves it
 * whole, is fetched again in two halves, which must hold at least as many events; where they hold more, the answer was
 * capped and the halves (each guarded in the same way) take its place.
 * A count below one that the vendor has answered before cannot be its cap.
 * Throws `incomplete` where a capped window cannot be cut further, or where the halves hold less than the whole.
 */
export function capGuard(fetch: (window: Window) => Promise<Fetched>): (window: Window) => Promise<Part[]> {
  let largest = 0;
  const guard = async (window: Window): Promise<Part[]> => {
    const { events, proven } = await fetch(window);
    largest = Math.max(largest, events.length);
    if (proven || !isRound(events.length) || events.length < largest) return [{ window, events }];
    const pair = halves(window);
    if (!pair) throw capped(window, events.length, 'and the window cannot be cut further');
    const parts = [...(await guard(pair[0])), ...(await guard(pair[1]))];
    const whole = oneTime(events, window);
    const sum = parts.reduce((count, part) => count + oneTime(part.events, part.window), 0);
    if (sum === whole) return [{ window, events }];
    if (sum < whole) throw capped(window, events.length, `but its two halves hold only ${sum}`);
    if (events.some(({ time }) => time === null)) {
      throw capped(window, events.length, `its halves hold ${sum}, and without times they cannot be told apart`);
    }
    return parts;
  };
  return guard;
}

const capped = (window: Window, count: number, why: string): ExportError =>
  new ExportError('incomplete', `The vendor answered exactly ${count} events, which looks like a row cap, ${why}.`, {
    where: `${formatInstant(window.from)} to ${formatInstant(window.to)}`,
    next: 'Export a shorter window or narrower filters; if it stays, ask the vendor how many rows one answer may hold.',
  });

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

/** A page of a walk back: events of `[from, to)`, newest first, `offset` of them left out. */
export interface WalkAsk extends Window {
  readonly offset: number;
}

/**
 * Walks a window backwards, newest page first, by moving its end to the last event seen: unlike offsets, that neither
 * repeats nor skips when events arrive meanwhile. Ties on the page border come twice and are de-duplicated by id later;
 * a millisecond that fills whole pages is drained by offset. Holds whether the vendor reads `to` as in- or exclusive.
 * @param limit rows asked for; a shorter page is the last.
 */
export async function* walkBack(
  window: Window,
  limit: number,
  fetch: (ask: WalkAsk) => Promise<readonly VendorEvent[]>,
  where: string,
): AsyncGenerator<readonly VendorEvent[]> {
  let to = window.to;
  let drained = window.to;
  while (to >= window.from) {
    const page = await fetch({ from: window.from, to, offset: 0 });
    const oldest = checkNewestFirst(page, to, where);
    yield page;
    if (page.length < limit) return;
    if (oldest + 1 < to) {
      to = oldest + 1;
      continue;
    }
    // The whole page lies in the last millisecond, so the end cannot be moved to it without losing its other events.
    if (oldest !== drained) yield drain({ from: oldest, to: oldest + 1 }, limit, fetch, where);
    drained = oldest;
    // An event at `to` itself: the vendor reads it as inclusive.
    to = oldest === to ? to - 1 : oldest;
  }
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
 */
async function drain(
  window: Window,
  limit: number,
  fetch: (ask: WalkAsk) => Promise<readonly VendorEvent[]>,
  where: string,
): Promise<readonly VendorEvent[]> {
  const seen = new Map<string, VendorEvent>();
  for (let pass = 0; pass < DRAIN_PASSES; pass++) {
    let rows = 0;
    for (;;) {
      const page = await fetch({ ...window, offset: rows });
      for (const event of page) seen.set(event.id ?? '', event);
      rows += page.length;
      if (page.length < limit) break;
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
