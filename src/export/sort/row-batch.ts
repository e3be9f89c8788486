import { RowBuffer } from '../../csv/row-buffer.ts';

/** Encoded rows with what they are sorted by, in columns: an object for each row would take longer. */
export interface RowBatch {
  readonly count: number;
  /** The rows as CSV, each with its line end. */
  readonly bytes: Buffer;
  /** End of each row in `bytes`; the first row begins at 0. */
  readonly ends: Float64Array;
  /** Milliseconds since 1970; NaN where the vendor gives no time. */
  readonly times: Float64Array;
  readonly ids: readonly (string | null)[];
  /** Identity texts: what two rows of one id have to agree in beside their bytes. */
  readonly identities: readonly string[];
}

/** The rows of a batch from `from` up to `to`. */
export interface RowRange {
  readonly batch: RowBatch;
  readonly from: number;
  readonly to: number;
}

/** Key that rows are sorted by. */
export interface SortKey {
  /** NaN where the vendor gives no time. */
  readonly time: number;
  readonly id: string | null;
}

export const sortKeyOf = ({ times, ids }: RowBatch, row: number): SortKey => ({
  time: times[row] as number,
  id: ids[row] ?? null,
});

/** Returns where a row begins in the bytes of its batch. */
export const startOf = ({ ends }: RowBatch, row: number): number => (row === 0 ? 0 : (ends[row - 1] as number));

/** Compares by time, rows without a time first; then by id, rows without an id first. Equal keys: 0. */
export function byTimeThenId(a: SortKey, b: SortKey): number {
  if (a.time !== b.time) {
    if (a.time < b.time) return -1;
    if (a.time > b.time) return 1;
    const timed = Number(Number.isNaN(b.time)) - Number(Number.isNaN(a.time));
    if (timed !== 0) return timed;
  }
  if (a.id === b.id) return 0;
  return a.id === null || (b.id !== null && a.id < b.id) ? -1 : 1;
}

/** Length from which a batch takes no more rows: bytes of its rows, or UTF-16 units of its ids and identity texts. */
const FULL = 2 ** 18;
/** Memory of a batch's rows, with room for the row that makes the batch full. */
const ROOM_BYTES = FULL + 2 ** 14;
/** Most rows of a batch; the number of a row has to fit into 16 bits. */
const MAX_ROWS = 2 ** 14;
const FIRST_ROWS = 2 ** 10;
/** Estimate of what a row takes in memory beside its bytes and texts. */
const KEY_BYTES = 40;

/** Fills a batch row by row. */
export class RowBatchBuilder {
  #rows = new RowBuffer(ROOM_BYTES);
  #times = new Float64Array(FIRST_ROWS);
  #ids: (string | null)[] = [];
  #identities: string[] = [];
  /** UTF-16 units of all ids and identity texts. */
  #textUnits = 0;

  /** Estimate of the bytes of the rows and of what they are sorted by. */
  get bytesInMemory(): number {
    return this.#rows.length + this.count * KEY_BYTES + this.#textUnits;
  }

  get count(): number {
    return this.#ids.length;
  }

  get isFull(): boolean {
    return this.#rows.length >= FULL || this.#textUnits >= FULL || this.count >= MAX_ROWS;
  }

  /** Returns the buffer to which the row has to be appended before the next call. */
  add(time: number, id: string | null, identity: string): RowBuffer {
    const { count } = this;
    if (count === this.#times.length) {
      const times = new Float64Array(2 * count);
      times.set(this.#times);
      this.#times = times;
    }
    this.#times[count] = time;
    this.#ids.push(id);
    this.#identities.push(identity);
    this.#textUnits += (id === null ? 0 : id.length) + identity.length;
    return this.#rows;
  }

  /** Returns the rows; good until the next `add` or `clear`. */
  view(): RowBatch {
    const { bytes, ends } = this.#rows;
    const { count } = this;
    return { count, bytes, ends, times: this.#times.subarray(0, count), ids: this.#ids, identities: this.#identities };
  }

  /** Drops all rows, and keeps the memory, unless a row of many MiB has made the buffer larger than others need. */
  clear(): void {
    if (this.#rows.length > 2 * FULL) this.#rows = new RowBuffer(ROOM_BYTES);
    else this.#rows.clear();
    this.#ids = [];
    this.#identities = [];
    this.#textUnits = 0;
  }
}

/** Keeps batches for reuse, so that a long export takes no more memory than a short one. */
export class RowBatchPool {
  readonly #free: RowBatchBuilder[] = [];

  acquire(): RowBatchBuilder {
    return this.#free.pop() ?? new RowBatchBuilder();
  }

  /** Takes a batch back that nobody reads any more. */
  release(batch: RowBatchBuilder): void {
    batch.clear();
    this.#free.push(batch);
  }
}
