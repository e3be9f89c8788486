import { RowBuffer } from '../../csv/row-buffer.ts';

/** Rows that wait for their turn, with what their places depend on: column by column, since an object for each takes longer. */
export interface RowBatch {
  readonly count: number;
  /** The rows, encoded, each with its line end. */
  readonly bytes: Buffer;
  /** Where each row ends in `bytes`; the first begins at 0. */
  readonly ends: Float64Array;
  /** Milliseconds since 1970; NaN where the vendor gives no time. */
  readonly times: Float64Array;
  readonly ids: readonly (string | null)[];
  /** What two rows of one id have to agree in beside their bytes. */
  readonly identities: readonly string[];
}

/** Some rows of a block, from `from` up to `to`. */
export interface RowRange {
  readonly block: RowBatch;
  readonly from: number;
  readonly to: number;
}

/** What the place of a row depends on. */
export interface Key {
  /** NaN where there is none. */
  readonly time: number;
  readonly id: string | null;
}

export const keyOf = ({ times, ids }: RowBatch, row: number): Key => ({
  time: times[row] as number,
  id: ids[row] ?? null,
});

/** Where a row begins in its block's bytes. */
export const startOf = ({ ends }: RowBatch, row: number): number => (row === 0 ? 0 : (ends[row - 1] as number));

/** Oldest first, after what has no time; ties by id, after what has none; else as they arrived. */
export function byTimeThenId(a: Key, b: Key): number {
  if (a.time !== b.time) {
    if (a.time < b.time) return -1;
    if (a.time > b.time) return 1;
    const timed = Number(Number.isNaN(b.time)) - Number(Number.isNaN(a.time));
    if (timed !== 0) return timed;
  }
  if (a.id === b.id) return 0;
  return a.id === null || (b.id !== null && a.id < b.id) ? -1 : 1;
}

/** A block whose rows, or whose ids and rests, are as long takes no more rows; in bytes, and in letters. */
const FULL = 2 ** 18;
/** Room for the row that makes it so long. */
const ROOM_BYTES = FULL + 2 ** 14;
/** The most rows of a block; places in it have 16 bits. */
const MOST_ROWS = 2 ** 14;
const FIRST_ROWS = 2 ** 10;
/** What a row takes in memory beside its texts, about. */
const KEY_BYTES = 40;

/** A block that is being filled. */
export class RowBatchBuilder {
  #rows = new RowBuffer(ROOM_BYTES);
  #times = new Float64Array(FIRST_ROWS);
  #ids: (string | null)[] = [];
  #rests: string[] = [];
  #letters = 0;

  /** Of the rows and of what their places depend on, about. */
  get heldBytes(): number {
    return this.#rows.length + this.count * KEY_BYTES + this.#letters;
  }

  get count(): number {
    return this.#ids.length;
  }

  get isFull(): boolean {
    return this.#rows.length >= FULL || this.#letters >= FULL || this.count >= MOST_ROWS;
  }

  /** Gives the buffer to which the row has to be added, before the next one. */
  add(time: number, id: string | null, rest: string): RowBuffer {
    const { count } = this;
    if (count === this.#times.length) {
      const times = new Float64Array(2 * count);
      times.set(this.#times);
      this.#times = times;
    }
    this.#times[count] = time;
    this.#ids.push(id);
    this.#rests.push(rest);
    this.#letters += (id === null ? 0 : id.length) + rest.length;
    return this.#rows;
  }

  /** Its rows, until others are added or these are cleared. */
  view(): RowBatch {
    const { bytes, ends } = this.#rows;
    const { count } = this;
    return { count, bytes, ends, times: this.#times.subarray(0, count), ids: this.#ids, identities: this.#rests };
  }

  /** Forgets all rows, and keeps the memory, unless a row of many MiB has made it larger than others need. */
  clear(): void {
    if (this.#rows.length > 2 * FULL) this.#rows = new RowBuffer(ROOM_BYTES);
    else this.#rows.clear();
    this.#ids = [];
    this.#rests = [];
    this.#letters = 0;
  }
}

/** Blocks that are used again, so that a long export takes no more memory than a short one. */
export class RowBatchPool {
  readonly #free: RowBatchBuilder[] = [];

  take(): RowBatchBuilder {
    return this.#free.pop() ?? new RowBatchBuilder();
  }

  /** Takes a block back that nobody reads any more. */
  give(block: RowBatchBuilder): void {
    block.clear();
    this.#free.push(block);
  }
}
