/** The events of a sandbox vendor: sorted, each written once, found by binary search. */

import { type LedgerEvent, randomFrom } from './ledger.ts';
import type { VendorOptions } from './server.ts';

export interface Bounds {
  /** Defaults to true. */
  readonly fromInclusive?: boolean;
  /** Defaults to true, so that a client with a half-open window has to leave events out. */
  readonly toInclusive?: boolean;
}

/** Order of an answer; `none` is a fixed order that has nothing to do with time. */
export type Order = 'newest' | 'oldest' | 'none';

/** An event, its time and its text. */
export interface Entry {
  readonly event: LedgerEvent;
  /** Microseconds since 1970. */
  readonly micros: number;
  /** The event as the API gives it. */
  readonly text: string;
}

export interface EventQuery {
  /** Microseconds since 1970; undefined is without bound. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly bounds?: Bounds;
  readonly keep?: ((entry: Entry) => boolean) | undefined;
  readonly order: Order;
  readonly cap?: number | undefined;
}

/** The entries that answer a request, in the order that was asked for. */
export interface FoundEntries {
  readonly total: number;
  /** Gives a part of the entries, with bounds as for `Array.prototype.slice`; all by default. */
  readonly slice: (start?: number, end?: number) => Entry[];
}

/** Writes each event once, however many requests of however many servers it is for. */
export function writtenOnce(textOf: (event: LedgerEvent) => string): (event: LedgerEvent) => string {
  const texts = new WeakMap<LedgerEvent, string>();
  return (event) => {
    const known = texts.get(event);
    if (known !== undefined) return known;
    const text = textOf(event);
    texts.set(event, text);
    return text;
  };
}

export type EventStoreOptions = Pick<VendorOptions, 'events' | 'visible' | 'tieShuffle' | 'capLeaves' | 'arrange'>;

/** Sorts the events once. Returns a function that finds those of a query, and reads no event outside its bounds. */
export function openEventStore(
  { events, visible, tieShuffle, capLeaves, arrange }: EventStoreOptions,
  textOf: (event: LedgerEvent) => string,
): (asked: EventQuery) => FoundEntries {
  const entries = events.map((event) => new StoredEntry(event, textOf)).sort((a, b) => a.micros - b.micros);
  const tieOrder = new Map<Entry, number>();
  const random = randomFrom(events.length);
  for (const entry of entries) tieOrder.set(entry, random());
  let calls = 0;
  /** The first entry at or after an instant. */
  const firstAt = (micros: number): number => {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((entries[middle]?.micros ?? 0) < micros) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (asked: EventQuery): FoundEntries => {
    const { from, to, bounds = {}, keep, order, cap = Number.POSITIVE_INFINITY } = asked;
    const { fromInclusive = true, toInclusive = true } = bounds;
    calls += 1;
    const start = from === undefined ? 0 : firstAt(fromInclusive ? from : from + 1);
    const end = Math.max(start, to === undefined ? entries.length : firstAt(toInclusive ? to + 1 : to));
    const plain = order !== 'none' && capLeaves === undefined && tieShuffle === undefined && !arrange;
    if (plain && !keep && !visible) return foundIn(entries, { start, end, order, cap });
    const shown = entries
      .slice(start, end)
      .filter((entry) => (!keep || keep(entry)) && (!visible || visible(entry.event)));
    if (plain) return foundIn(shown, { start: 0, end: shown.length, order, cap });
    const tied = tieShuffle === undefined ? shown : shuffleTies(shown, randomFrom(tieShuffle + calls));
    const left = inOrder(inOrder(tied, capLeaves ?? order, tieOrder).slice(0, cap), order, tieOrder);
    const given = (first = 0, beyond = left.length) => left.slice(first, beyond);
    return { total: left.length, slice: arrange ? (...range) => [...arrange(given(...range), asked)] : given };
  };
}

/** Sorts entries. Those of one instant keep their order, which is reversed where the newest come first. */
function inOrder(entries: readonly Entry[], order: Order, tieOrder: ReadonlyMap<Entry, number>): Entry[] {
  if (order === 'none') return entries.toSorted((a, b) => (tieOrder.get(a) ?? 0) - (tieOrder.get(b) ?? 0));
  const rising = entries.toSorted((a, b) => a.micros - b.micros);
  return order === 'oldest' ? rising : rising.reverse();
}

/** Shuffles entries of one instant among each other: without a documented tie-break, any order of them is right. */
function shuffleTies(entries: readonly Entry[], random: () => number): Entry[] {
  const shuffled: Entry[] = [];
  for (let start = 0, end = 0; start < entries.length; start = end) {
    while (end < entries.length && entries[end]?.micros === entries[start]?.micros) end += 1;
    const ties = entries.slice(start, end).map((entry) => ({ entry, tieOrder: end - start === 1 ? 0 : random() }));
    for (const { entry } of ties.sort((a, b) => a.tieOrder - b.tieOrder)) shuffled.push(entry);
  }
  return shuffled;
}

class StoredEntry implements Entry {
  readonly event: LedgerEvent;
  readonly micros: number;
  readonly #textOf: (event: LedgerEvent) => string;
  #text: string | undefined;

  constructor(event: LedgerEvent, textOf: (event: LedgerEvent) => string) {
    this.event = event;
    this.micros = Math.round(event.time * 1000);
    this.#textOf = textOf;
  }

  get text(): string {
    this.#text ??= this.#textOf(this.event);
    return this.#text;
  }
}

/** Finds the entries from `start` up to `end` of a list sorted from old to new, in an order and up to a cap. */
function foundIn(
  entries: readonly Entry[],
  { start, end, order, cap }: { start: number; end: number; order: Order; cap: number },
): FoundEntries {
  const total = Math.min(end - start, cap);
  return {
    total,
    slice: (first = 0, beyond = total) => {
      const last = Math.min(beyond, total);
      if (first >= last) return [];
      if (order === 'oldest') return entries.slice(start + first, start + last);
      return entries.slice(end - last, end - first).reverse();
    },
  };
}
