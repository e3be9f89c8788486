import type { RowBuffer } from '../../csv/row-buffer.ts';
import {
  byTimeThenId,
  type RowBatch,
  type RowBatchBuilder,
  type RowBatchPool,
  sortKeyOf,
  startOf,
} from './row-batch.ts';

/** Rows in memory, which become one sorted run. */
export class MemoryBuffer {
  readonly #pool: RowBatchPool;
  readonly #batches: RowBatchBuilder[] = [];
  #count = 0;
  /** Bytes of all batches but the last one. */
  #fullBytes = 0;
  #lastTime = Number.NaN;
  #lastId: string | null = null;
  /** Whether rows came in the order of the export, so that nothing has to be sorted. */
  #isAscending = true;
  /** Whether rows came newest first, so that only ties have to be sorted. */
  #isDescending = true;

  constructor(pool: RowBatchPool) {
    this.#pool = pool;
  }

  get count(): number {
    return this.#count;
  }

  /** Estimate of the bytes of the rows and of what they are sorted by. */
  get bytes(): number {
    return this.#fullBytes + (this.#batches.at(-1)?.bytesInMemory ?? 0);
  }

  /** Returns the buffer to which the row of this time and id has to be appended before the next call. */
  add(time: number | null, id: string | null, identity: string): RowBuffer {
    let batch = this.#batches.at(-1);
    if (batch === undefined || batch.isFull) {
      this.#fullBytes += batch?.bytesInMemory ?? 0;
      batch = this.#pool.acquire();
      this.#batches.push(batch);
    }
    const at = time ?? Number.NaN;
    if (this.#count > 0) {
      const isTie = at === this.#lastTime && !(id === null && this.#lastId === null);
      if (!(this.#lastTime <= at) || isTie) this.#isAscending = false;
      if (!(this.#lastTime >= at)) this.#isDescending = false;
    }
    this.#lastTime = at;
    this.#lastId = id;
    this.#count++;
    return batch.add(at, id, identity);
  }

  /** Yields all rows, as they came or sorted by time and id. A batch is good until the next one. */
  *inOrder(order: 'time' | 'vendor'): Generator<RowBatch> {
    const batches = this.#batches.map((batch) => batch.view());
    if (order === 'vendor' || this.#isAscending) yield* batches;
    else yield* this.#sorted(batches);
  }

  /** Gives the memory back to the pool. */
  release(): void {
    for (const batch of this.#batches) this.#pool.release(batch);
  }

  *#sorted(batches: readonly RowBatch[]): Generator<RowBatch> {
    const sorted = this.#pool.acquire();
    try {
      for (const position of this.#sortedPositions(batches)) {
        const batch = batches[position >>> ROW_BITS] as RowBatch;
        const row = position & ROW_MASK;
        const rows = sorted.add(batch.times[row] as number, batch.ids[row] ?? null, batch.identities[row] ?? '');
        rows.addEncoded(batch.bytes, startOf(batch, row), batch.ends[row] as number);
        if (!sorted.isFull) continue;
        yield sorted.view();
        sorted.clear();
      }
      if (sorted.count > 0) yield sorted.view();
    } finally {
      this.#pool.release(sorted);
    }
  }

  /** Returns the sorted rows by position: the number of the batch, and that of the row in it in the lower 16 bits. */
  #sortedPositions(batches: readonly RowBatch[]): Uint32Array {
    const positions = new Uint32Array(this.#count);
    let length = 0;
    for (const [index, { count }] of batches.entries()) {
      for (let row = 0; row < count; row++) positions[length++] = (index << ROW_BITS) | row;
    }
    const key = (position: number) => sortKeyOf(batches[position >>> ROW_BITS] as RowBatch, position & ROW_MASK);
    const compare = (a: number, b: number) => byTimeThenId(key(a), key(b)) || a - b;
    if (!this.#isDescending) return positions.sort(compare);
    // Most vendors send the newest first: reversing is cheaper than sorting, and leaves ties alone to be sorted.
    positions.reverse();
    const time = (index: number) => {
      const position = positions[index] as number;
      return (batches[position >>> ROW_BITS] as RowBatch).times[position & ROW_MASK];
    };
    for (let from = 0; from < length; ) {
      let to = from + 1;
      while (to < length && time(to) === time(from)) to++;
      if (to > from + 1) positions.subarray(from, to).sort(compare);
      from = to;
    }
    return positions;
  }
}

/** Bits that the number of a row in its batch takes. */
const ROW_BITS = 16;
const ROW_MASK = 2 ** ROW_BITS - 1;
