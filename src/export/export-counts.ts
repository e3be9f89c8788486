import type { RowRange } from './sort/row-batch.ts';

/** Counts of events, of which none is missing: `received = outsideWindow + duplicates + alreadyExported + written`. */
export interface Counts {
  received: number;
  /** Events outside the window: bounds are over-fetched where no document says how the vendor reads them. */
  outsideWindow: number;
  /** Repetitions of an event, told by id. */
  duplicates: number;
  /** Events that an earlier export holds. */
  alreadyExported: number;
  written: number;
}

/** Counts of an export, and what is known of its rows as a whole. */
export interface ExportTotals {
  readonly counts: Readonly<Counts>;
  /** Time of the oldest event, in milliseconds since 1970; null where there is no event, or the vendor gives no times. */
  readonly firstEvent: number | null;
  /** Time of the newest event, as `firstEvent`. */
  readonly lastEvent: number | null;
  /** Rows of events from before `from`, which the vendor had not stored when their time was exported; 1 is the first row. */
  readonly lateRows: readonly number[];
}

/** Counts the events of an export while they are received, filtered and written. */
export class ExportCounts {
  readonly #from: number;
  readonly #counts: Counts = { received: 0, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: 0 };
  readonly #lateRows: number[] = [];
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  /** @param from start of the export's window; an earlier event is late */
  constructor(from: number) {
    this.#from = from;
  }

  get written(): number {
    return this.#counts.written;
  }

  addSegment({ received, outsideWindow }: { readonly received: number; readonly outsideWindow: number }): void {
    this.#counts.received += received;
    this.#counts.outsideWindow += outsideWindow;
  }

  addDuplicate(): void {
    this.#counts.duplicates++;
  }

  addAlreadyExported(): void {
    this.#counts.alreadyExported++;
  }

  /** Counts rows that are to be written, in the order of the table. */
  addWritten({ batch: { times }, from, to }: RowRange): void {
    for (let row = from; row < to; row++) {
      const time = times[row] as number;
      this.#counts.written++;
      if (time < this.#from) this.#lateRows.push(this.#counts.written);
      if (time < this.#first) this.#first = time;
      if (time > this.#last) this.#last = time;
    }
  }

  /** Returns the totals. Throws a plain `Error` where a received event is in none of the other counts. */
  totals(): ExportTotals {
    const { received, outsideWindow, duplicates, alreadyExported, written } = this.#counts;
    if (received !== outsideWindow + duplicates + alreadyExported + written)
      throw new Error(`Rows are unaccounted for: ${JSON.stringify(this.#counts)}`);
    const hasTimes = Number.isFinite(this.#first);
    return {
      counts: this.#counts,
      firstEvent: hasTimes ? this.#first : null,
      lastEvent: hasTimes ? this.#last : null,
      lateRows: this.#lateRows,
    };
  }
}
