import type { RowBuffer } from '../../csv/row-buffer.ts';
import { byTimeThenId, keyOf, type RowBatch, type RowBatchBuilder, type RowBatchPool, startOf } from './row-batch.ts';

/** Rows in memory. */
export class MemoryBuffer {
  readonly #pool: RowBatchPool;
  readonly #blocks: RowBatchBuilder[] = [];
  #count = 0;
  /** Of the blocks that are full. */
  #fullBytes = 0;
  #lastTime = Number.NaN;
  #lastId: string | null = null;
  #rises = true;
  #falls = true;

  constructor(pool: RowBatchPool) {
    this.#pool = pool;
  }

  get count(): number {
    return this.#count;
  }

  /** Of the rows and of what their places depend on, about. */
  get bytes(): number {
    return this.#fullBytes + (this.#blocks.at(-1)?.heldBytes ?? 0);
  }

  /** Gives the buffer to which the row of this time and id has to be added, and which takes no other meanwhile. */
  add(time: number | null, id: string | null, rest: string): RowBuffer {
    let block = this.#blocks.at(-1);
    if (block === undefined || block.isFull) {
      this.#fullBytes += block?.heldBytes ?? 0;
      block = this.#pool.take();
      this.#blocks.push(block);
    }
    const at = time ?? Number.NaN;
    if (this.#count > 0) {
      const isTie = at === this.#lastTime && !(id === null && this.#lastId === null);
      if (!(this.#lastTime <= at) || isTie) this.#rises = false;
      if (!(this.#lastTime >= at)) this.#falls = false;
    }
    this.#lastTime = at;
    this.#lastId = id;
    this.#count++;
    return block.add(at, id, rest);
  }

  /** All rows, as they came or in time order. A block is good until the next one. */
  *inOrder(order: 'time' | 'vendor'): Generator<RowBatch> {
    const blocks = this.#blocks.map((block) => block.view());
    if (order === 'vendor' || this.#rises) yield* blocks;
    else yield* this.#sorted(blocks);
  }

  /** Gives the memory back. */
  release(): void {
    for (const block of this.#blocks) this.#pool.give(block);
  }

  *#sorted(blocks: readonly RowBatch[]): Generator<RowBatch> {
    const into = this.#pool.take();
    try {
      for (const place of this.#placesInOrder(blocks)) {
        const block = blocks[place >>> ROW_BITS] as RowBatch;
        const row = place & ROW_MASK;
        const rows = into.add(block.times[row] as number, block.ids[row] ?? null, block.identities[row] ?? '');
        rows.addEncoded(block.bytes, startOf(block, row), block.ends[row] as number);
        if (!into.isFull) continue;
        yield into.view();
        into.clear();
      }
      if (into.count > 0) yield into.view();
    } finally {
      this.#pool.give(into);
    }
  }

  /** Of all rows in time order: the number of the block, and the place in it in the lower bits. */
  #placesInOrder(blocks: readonly RowBatch[]): Uint32Array {
    const places = new Uint32Array(this.#count);
    let length = 0;
    for (const [index, { count }] of blocks.entries()) {
      for (let row = 0; row < count; row++) places[length++] = (index << ROW_BITS) | row;
    }
    const key = (place: number) => keyOf(blocks[place >>> ROW_BITS] as RowBatch, place & ROW_MASK);
    const compare = (a: number, b: number) => byTimeThenId(key(a), key(b)) || a - b;
    if (!this.#falls) return places.sort(compare);
    // Newest first, as most come: backwards, but for those of one time.
    places.reverse();
    const time = (index: number) => {
      const place = places[index] as number;
      return (blocks[place >>> ROW_BITS] as RowBatch).times[place & ROW_MASK];
    };
    for (let from = 0; from < length; ) {
      let to = from + 1;
      while (to < length && time(to) === time(from)) to++;
      if (to > from + 1) places.subarray(from, to).sort(compare);
      from = to;
    }
    return places;
  }
}

/** Those that the place of a row in its block takes. */
const ROW_BITS = 16;
const ROW_MASK = 2 ** ROW_BITS - 1;
