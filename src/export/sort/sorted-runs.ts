import { type RowBatch, type SortKey, sortKeyOf } from './row-batch.ts';

/** Rows in order, read batch by batch. */
export interface SortedRun {
  /** Sort key of the first row. */
  readonly first: SortKey;
  /**
   * Returns the next batch, or null after the last one; the batch before is not good any more. Throws `destination`
   * where the disk refuses.
   */
  readonly next: () => Promise<RowBatch | null>;
}

/** A run of batches in memory, at least one. */
export class MemoryRun implements SortedRun {
  readonly first: SortKey;
  readonly #batches: Iterator<RowBatch>;
  /** The first batch, until `next` has returned it. */
  #head: RowBatch | null;

  constructor(batches: Iterable<RowBatch>) {
    this.#batches = batches[Symbol.iterator]();
    const { value } = this.#batches.next();
    if (value === undefined) throw new Error('A run has no rows.');
    this.#head = value;
    this.first = sortKeyOf(value, 0);
  }

  async next(): Promise<RowBatch | null> {
    const head = this.#head;
    this.#head = null;
    return head ?? this.#batches.next().value ?? null;
  }
}
