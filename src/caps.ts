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
 * An answer that was capped is replaced by its two halves, each guarded in the same way.
 * Throws `incomplete` where a capped window cannot be cut further, or where less comes when it is asked for again.
 * @param paddingMs What `fetch` asks for beside each window: a shorter window brings no fewer rows.
 */
export function capGuard(paddingMs: number): (window: Window, fetch: Fetch) => Promise<Part[]> {
  let largest = LEAST_CAP;
  /** Answers of so many rows were found capped. */
  let cap = Number.POSITIVE_INFINITY;
  /** Answers of so many rows were taken for all, although nothing proves it. */
  let trusted = 0;

  return (window, fetch) => {
    /** No longer window brings more rows than this. */
    let most = 0;

    const canBeMore = async ({ from, to }: Window, count: number): Promise<boolean> => {
      for (const ms of count > most ? LONGER_MS : []) {
        const { events, proven } = await fetch({ from: Math.max(0, from - ms), to });
        if (proven) return true;
        largest = Math.max(largest, events.length);
        if (events.length > count) return true;
      }
      most = Math.max(most, count);
      return false;
    };

    /** Whether an answer holds all of its window, as far as can be told without cutting it. */
    const isWhole = async (part: Part): Promise<boolean> => {
      const count = part.events.length;
      const ends = count < cap ? await lookAtEnds(part, fetch) : 'more';
      return ends === 'all' || (ends === 'close' && (await canBeMore(part.window, count)));
    };

    const guard = async (asked: Window): Promise<Part[]> => {
      const { events, proven } = await fetch(asked);
      const part = { window: asked, events };
      const count = events.length;
      if (proven || count < largest) return [part];
      largest = count;
      if (await isWhole(part)) return [part];
      const pair = asked.to - asked.from > paddingMs ? halves(asked) : null;
      if (pair === null) {
        if (count <= MOST_CLOSE && count < cap) trusted = Math.max(trusted, count);
        else if (!(await canBeMore(asked, count))) throw capped(asked, count, 'and the window cannot be cut further');
        return [part];
      }
      const parts = [...(await guard(pair[0])), ...(await guard(pair[1]))];
      const [before, after] = [keptBy(part), parts.flatMap(keptBy)];
      if (after.length < before.length) throw fewer(asked, before.length, after.length);
      if (sameRows(before, after)) return [part];
      if (events.some(({ time }) => time === null)) {
        throw capped(asked, count, `its halves hold ${after.length}, and without times they cannot be told apart`);
      }
      cap = Math.min(cap, count);
      if (trusted >= cap) throw capped(asked, count, 'and as many stand too close together to be asked for apart');
      return parts;
    };
    return guard(window);
  };
}

/**
 * Whether an answer in time order holds `all` of both ends of its window, or `more` is there; `close` where asking for
 * an end brings as many rows as the whole answer has, which tells nothing; null where rows have no order or no times.
 */
async function lookAtEnds({ window, events }: Part, fetch: Fetch): Promise<'all' | 'more' | 'close' | null> {
  const times = events.map(({ time }) => time ?? Number.NaN);
  const rises = times.every((time, index) => time >= (times[index - 1] ?? time));
  const falls = times.every((time, index) => time <= (times[index - 1] ?? time));
  if (!rises && !falls) return null;
  const [oldest = 0, newest = 0] = [times[0] ?? 0, times.at(-1) ?? 0].map(Math.floor).sort((a, b) => a - b);
  // A cap may cut between the events of one millisecond, so that of the outermost row is asked for again.
  const ends = [
    { from: window.from, to: Math.min(oldest + 1, window.to) },
    { from: Math.max(newest, window.from), to: window.to },
  ];
  let close = false;
  for (const end of ends.filter(({ from, to }) => from < to)) {
    const { events: found } = await fetch(end);
    const there = keptBy({ window: end, events: found });
    const here = keptBy({ window: end, events });
    if (there.length < here.length) throw fewer(end, here.length, there.length);
    if (!sameRows(here, there)) return 'more';
    if (found.length >= events.length) close = true;
  }
  return close ? 'close' : 'all';
}

const keptBy = ({ window, events }: Part): readonly VendorEvent[] =>
  events.filter(({ time }) => time === null || contains(window, time));

/** Whether the rows are the same, in whatever order. Counts alone may agree by chance. */
export function sameRows(some: readonly VendorEvent[], others: readonly VendorEvent[]): boolean {
  if (some.length !== others.length) return false;
  const rows = others.map(({ body }) => JSON.stringify(body)).sort();
  return some
    .map(({ body }) => JSON.stringify(body))
    .sort()
    .every((row, index) => row === rows[index]);
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
