import { RowBuffer } from './rows.ts';
import { byTimeThenId, type StoredRow } from './runs.ts';

/** A segment that is as long takes no more rows, in bytes. */
const SEGMENT_BYTES = 2 ** 18;
/** Room for the row that makes it so long. */
const ROOM_BYTES = SEGMENT_BYTES + 2 ** 14;

/** Memory for rows that is used again, so that a long export takes no more than a short one. */
export class Segments {
  readonly #free: RowBuffer[] = [];

  take(): RowBuffer {
    return this.#free.pop() ?? new RowBuffer(ROOM_BYTES);
  }

  /** Takes segments back that nobody reads any more. */
  give(segments: readonly RowBuffer[]): void {
    for (const segment of segments) {
      // A row of many MiB has made it larger than others need.
      if (segment.length > 2 * SEGMENT_BYTES) continue;
      segment.clear();
      this.#free.push(segment);
    }
  }
}

/** Rows in memory with what their places depend on, column by column: an object for each would take longer than it. */
export class HeldRows {
  readonly #memory: Segments;
  readonly #segments: RowBuffer[] = [];
  /** The first row of each segment. */
  readonly #starts: number[] = [];
  /** NaN where there is none. */
  readonly #times: number[] = [];
  readonly #ids: (string | null)[] = [];
  readonly #rests: string[] = [];
  #bytes = 0;
  #rises = true;
  #falls = true;

  constructor(memory: Segments) {
    this.#memory = memory;
  }

  get count(): number {
    return this.#times.length;
  }

  /** Of the rows and of what their places depend on, about. */
  get bytes(): number {
    return this.#bytes + (this.#segments.at(-1)?.length ?? 0);
  }

  /** Gives the buffer to which the row of this time and id has to be added, and which takes no other meanwhile. */
  add(time: number | null, id: string | null, rest: string): RowBuffer {
    const count = this.#times.length;
    let rows = this.#segments.at(-1);
    if (rows === undefined || rows.length >= SEGMENT_BYTES) {
      this.#bytes += rows?.length ?? 0;
      rows = this.#memory.take();
      this.#segments.push(rows);
      this.#starts.push(count);
    }
    const before = this.#times[count - 1] ?? Number.NaN;
    const isTie = time === before && !(id === null && this.#ids[count - 1] === null);
    if (count > 0 && !(before <= (time ?? Number.NaN) && !isTie)) this.#rises = false;
    if (count > 0 && !(before >= (time ?? Number.NaN))) this.#falls = false;
    this.#times.push(time ?? Number.NaN);
    this.#ids.push(id);
    this.#rests.push(rest);
    this.#bytes += KEY_BYTES + (id?.length ?? 0) + rest.length;
    return rows;
  }

  /** Of all rows, as they came or in time order. */
  *inOrder(order: 'time' | 'vendor'): Generator<StoredRow> {
    const views = this.#segments.map(({ bytes, ends }) => ({ bytes, ends }));
    const indices = order === 'vendor' || this.#rises ? null : this.#sorted();
    let segment = 0;
    for (let place = 0; place < this.count; place++) {
      const row = indices?.[place] ?? place;
      while (row < (this.#starts[segment] ?? 0)) segment--;
      while (row >= (this.#starts[segment + 1] ?? Number.POSITIVE_INFINITY)) segment++;
      const { bytes, ends } = views[segment] as (typeof views)[number];
      const index = row - (this.#starts[segment] ?? 0);
      const from = index === 0 ? 0 : (ends[index - 1] ?? 0);
      yield { ...this.#key(row), rest: this.#rests[row] ?? '', bytes, from, to: ends[index] ?? 0 };
    }
  }

  /** Gives the memory back. */
  release(): void {
    this.#memory.give(this.#segments);
  }

  #key(row: number): Pick<StoredRow, 'time' | 'id'> {
    const time = this.#times[row] ?? Number.NaN;
    return { time: Number.isNaN(time) ? null : time, id: this.#ids[row] ?? null };
  }

  #sorted(): Uint32Array {
    const indices = Uint32Array.from({ length: this.count }, (_, index) => index);
    const compare = (a: number, b: number) => byTimeThenId(this.#key(a), this.#key(b)) || a - b;
    if (!this.#falls) return indices.sort(compare);
    // Newest first, as most come: backwards, but for those of one time.
    indices.reverse();
    for (let from = 0; from < indices.length; ) {
      let to = from + 1;
      while (to < indices.length && this.#times[indices[to] ?? 0] === this.#times[indices[from] ?? 0]) to++;
      if (to > from + 1) indices.subarray(from, to).sort(compare);
      from = to;
    }
    return indices;
  }
}

/** What a row takes in memory beside its texts, about. */
const KEY_BYTES = 40;
