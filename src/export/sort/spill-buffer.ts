import type { FileHandle } from 'node:fs/promises';
import { onDisk, openScratch } from '../../base/disk.ts';
import type { RowBuffer } from '../../csv/row-buffer.ts';
import { MemoryBuffer } from './memory-buffer.ts';
import type { RowBatch, RowBatchPool } from './row-batch.ts';
import { type BatchLocation, MemoryRun, type SortedRun, SpilledRun, writeRun } from './sorted-runs.ts';

/** A file without a name, for the runs of all stores of a stretch: they may be many, and files that are open are few. */
export class ScratchFile {
  readonly folder: string;
  #file: FileHandle | null = null;
  #end = 0;

  /** @param folder where it may grow, once there is a run */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** To be called for one run at a time, which has a row. Throws `destination` where the disk refuses. */
  async write(blocks: Iterable<RowBatch>): Promise<BatchLocation> {
    this.#file ??= await onDisk(this.folder, () => openScratch(this.folder));
    const extent = await writeRun(this.#file, this.#end, blocks, this.folder);
    this.#end = extent.to;
    return extent;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}

/** Rows of a stretch on their way into order: in memory, and, where they are many, in runs on the disk. */
export class SpillBuffer {
  readonly #scratch: ScratchFile;
  readonly #order: 'time' | 'vendor';
  readonly #pool: RowBatchPool;
  #held: MemoryBuffer;
  #extents: BatchLocation[] = [];
  #storing: Promise<void> = Promise.resolve();

  constructor(scratch: ScratchFile, order: 'time' | 'vendor', pool: RowBatchPool) {
    this.#scratch = scratch;
    this.#order = order;
    this.#pool = pool;
    this.#held = new MemoryBuffer(pool);
  }

  /** Bytes of the rows in memory, with what their places depend on; about. */
  get heldBytes(): number {
    return this.#held.bytes;
  }

  /** Gives the buffer to which the row of this time and id has to be added. */
  add(time: number | null, id: string | null, rest: string): RowBuffer {
    return this.#held.add(time, id, rest);
  }

  /** Moves what is in memory to the disk; more may come meanwhile. Throws `destination` where the disk refuses. */
  store(): Promise<void> {
    this.#storing = this.#store();
    return this.#storing;
  }

  async #store(): Promise<void> {
    const held = this.#held;
    if (held.count === 0) return;
    this.#held = new MemoryBuffer(this.#pool);
    this.#extents.push(await this.#scratch.write(held.inOrder(this.#order)));
    held.release();
  }

  /** What came, in runs that are each in order. The store takes no more rows then. */
  runs(): SortedRun[] {
    const stored = this.#extents.map((extent) => new SpilledRun(extent, this.#scratch.folder));
    return this.#held.count === 0 ? stored : [...stored, new MemoryRun(this.#held.inOrder(this.#order))];
  }

  /** Forgets all rows, once none is written any more. */
  async close(): Promise<void> {
    await this.#storing.catch(() => {});
    this.#held.release();
    this.#held = new MemoryBuffer(this.#pool);
    this.#extents = [];
  }
}
