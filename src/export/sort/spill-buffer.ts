/**
 * The external sort: rows of a segment in any order → rows in the order of the export, in little memory.
 *
 * An example: a segment of 60,000 events, newest first, on pages of 1,000, at 300 bytes a row; the budget is 6 MiB.
 * - Rows are encoded as they come, into row batches of 256 KiB: 874 rows each, with times and ids in columns.
 * - After 17 pages the batches take more than 6 MiB: a row counts as 376 bytes, its own 300, 36 of its id and 40 of its
 *   sort key. `spill` sorts these 17,000 rows and writes them to a file without a name, as one spilled run of 20 batches.
 *   The next pages go into other batches of the pool meanwhile.
 * - After 51 pages there are three spilled runs. The last 9,000 rows stay in memory, as one memory run.
 * - `merge` reads the four runs side by side, with at most two batches of a spilled run in memory, and yields ranges of
 *   rows that stay side by side: here whole batches, since each run is older than the run before it.
 *
 * The reference is JavaScript's own stable sort of all rows at once, `toSorted` by time and id. Drawn rows are compared
 * with it in `__tests__/unit/export/sort/spill-buffer.test.ts`, whenever they are spilled.
 */

import type { FileHandle } from 'node:fs/promises';
import { onDisk, openScratch } from '../../base/disk.ts';
import type { RowBuffer } from '../../csv/row-buffer.ts';
import { MemoryBuffer } from './memory-buffer.ts';
import type { RowBatch, RowBatchPool } from './row-batch.ts';
import { MemoryRun, type SortedRun } from './sorted-runs.ts';
import { type RunLocation, SpilledRun, writeRun } from './spilled-run.ts';

/** A file without a name that holds all spilled runs of a segment: runs may be many, and open files are limited. */
export class ScratchFile {
  readonly folder: string;
  #file: FileHandle | null = null;
  #end = 0;

  /** @param folder where the file is opened at the first run */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Appends a run of at least one row; one call at a time. Throws `destination` where the disk refuses. */
  async write(batches: Iterable<RowBatch>): Promise<RunLocation> {
    this.#file ??= await onDisk(this.folder, () => openScratch(this.folder));
    const run = await writeRun(this.#file, this.#end, batches, this.folder);
    this.#end = run.to;
    return run;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}

/** Rows on their way into order: in memory, and, where they are many, in sorted runs on the disk. */
export class SpillBuffer {
  readonly #scratch: ScratchFile;
  readonly #order: 'time' | 'vendor';
  readonly #pool: RowBatchPool;
  #memory: MemoryBuffer;
  #spilled: RunLocation[] = [];
  #spilling: Promise<void> = Promise.resolve();

  constructor(scratch: ScratchFile, order: 'time' | 'vendor', pool: RowBatchPool) {
    this.#scratch = scratch;
    this.#order = order;
    this.#pool = pool;
    this.#memory = new MemoryBuffer(pool);
  }

  /** Estimate of the bytes of the rows in memory and of what they are sorted by. */
  get bytesInMemory(): number {
    return this.#memory.bytes;
  }

  /** Returns the buffer to which the row of this time and id has to be appended before the next call. */
  add(time: number | null, id: string | null, identity: string): RowBuffer {
    return this.#memory.add(time, id, identity);
  }

  /** Moves the rows in memory to the disk, as one run; others may be added meanwhile. Throws `destination`. */
  spill(): Promise<void> {
    this.#spilling = this.#spill();
    return this.#spilling;
  }

  async #spill(): Promise<void> {
    const memory = this.#memory;
    if (memory.count === 0) return;
    this.#memory = new MemoryBuffer(this.#pool);
    this.#spilled.push(await this.#scratch.write(memory.inOrder(this.#order)));
    memory.release();
  }

  /** Returns the rows as sorted runs, in the order in which they came. No row may be added after that. */
  runs(): SortedRun[] {
    const spilled = this.#spilled.map((run) => new SpilledRun(run, this.#scratch.folder));
    return this.#memory.count === 0 ? spilled : [...spilled, new MemoryRun(this.#memory.inOrder(this.#order))];
  }

  /** Drops all rows, once the write that is under way has ended. */
  async close(): Promise<void> {
    await this.#spilling.catch(() => {});
    this.#memory.release();
    this.#memory = new MemoryBuffer(this.#pool);
    this.#spilled = [];
  }
}
