import type { FileHandle } from 'node:fs/promises';
import { onDisk, openScratch } from '../../base/disk.ts';
import type { RowBuffer } from '../../csv/row-buffer.ts';
import { HeldRows } from './memory-buffer.ts';
import type { Block, BlockPool } from './row-batch.ts';
import { type Extent, HeldRun, type Run, StoredRun, writeRun } from './sorted-runs.ts';

/** A file without a name, for the runs of all stores of a stretch: they may be many, and files that are open are few. */
export class Scratch {
  readonly folder: string;
  #file: FileHandle | null = null;
  #end = 0;

  /** @param folder where it may grow, once there is a run */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** To be called for one run at a time, which has a row. Throws `destination` where the disk refuses. */
  async write(blocks: Iterable<Block>): Promise<Extent> {
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
export class RowStore {
  readonly #scratch: Scratch;
  readonly #order: 'time' | 'vendor';
  readonly #pool: BlockPool;
  #held: HeldRows;
  #extents: Extent[] = [];
  #storing: Promise<void> = Promise.resolve();

  constructor(scratch: Scratch, order: 'time' | 'vendor', pool: BlockPool) {
    this.#scratch = scratch;
    this.#order = order;
    this.#pool = pool;
    this.#held = new HeldRows(pool);
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
    this.#held = new HeldRows(this.#pool);
    this.#extents.push(await this.#scratch.write(held.inOrder(this.#order)));
    held.release();
  }

  /** What came, in runs that are each in order. The store takes no more rows then. */
  runs(): Run[] {
    const stored = this.#extents.map((extent) => new StoredRun(extent, this.#scratch.folder));
    return this.#held.count === 0 ? stored : [...stored, new HeldRun(this.#held.inOrder(this.#order))];
  }

  /** Forgets all rows, once none is written any more. */
  async close(): Promise<void> {
    await this.#storing.catch(() => {});
    this.#held.release();
    this.#held = new HeldRows(this.#pool);
    this.#extents = [];
  }
}
