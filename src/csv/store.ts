import type { FileHandle } from 'node:fs/promises';
import { onDisk, openScratch } from '../disk.ts';
import { RowBuffer } from './rows.ts';
import { byTimeThenId, type Extent, HeldRun, type Run, type StoredRow, StoredRun, writeRun } from './runs.ts';

/** What a key takes in memory beside its texts, about. */
const KEY_BYTES = 80;

interface Key extends Pick<StoredRow, 'time' | 'id' | 'rest'> {
  /** Which row of the buffer. */
  readonly index: number;
}

/** A file without a name, for the runs of all stores of a stretch: they may be many, and files that are open are few. */
export class Scratch {
  readonly folder: string;
  #file: FileHandle | null = null;
  #end = 0;

  /** @param folder where it may grow, once there is a run */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** To be called for one run at a time. Throws `destination` where the disk refuses. */
  async write(rows: Iterable<StoredRow>): Promise<Extent> {
    this.#file ??= await onDisk(this.folder, () => openScratch(this.folder));
    const from = this.#end;
    this.#end = await writeRun(this.#file, from, rows, this.folder);
    return { file: this.#file, from, to: this.#end };
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
  #rows = new RowBuffer();
  /** Was written to the disk, and may be filled again. */
  #spare: RowBuffer | null = null;
  #keys: Key[] = [];
  #extents: Extent[] = [];
  #keyBytes = 0;
  #storing: Promise<void> = Promise.resolve();

  constructor(scratch: Scratch, order: 'time' | 'vendor') {
    this.#scratch = scratch;
    this.#order = order;
  }

  /** Bytes of the rows in memory, with what their places depend on; about. */
  get heldBytes(): number {
    return this.#rows.length + this.#keyBytes;
  }

  /** Gives the buffer to which the row of this time and id has to be added. */
  add(time: number | null, id: string | null, rest: string): RowBuffer {
    this.#keys.push({ time, id, rest, index: this.#keys.length });
    this.#keyBytes += KEY_BYTES + (id?.length ?? 0) + rest.length;
    return this.#rows;
  }

  /** Moves what is in memory to the disk; more may come meanwhile. Throws `destination` where the disk refuses. */
  store(): Promise<void> {
    this.#storing = this.#store();
    return this.#storing;
  }

  async #store(): Promise<void> {
    if (this.#keys.length === 0) return;
    const [keys, rows] = [this.#keys, this.#rows];
    this.#keys = [];
    this.#keyBytes = 0;
    this.#rows = this.#spare ?? new RowBuffer();
    this.#spare = null;
    this.#extents.push(await this.#scratch.write(inOrder(keys, rows, this.#order)));
    rows.clear();
    this.#spare = rows;
  }

  /** What came, in runs that are each in order. The store takes no more rows then. */
  runs(): Run[] {
    const stored = this.#extents.map((extent) => new StoredRun(extent, this.#scratch.folder));
    return this.#keys.length === 0 ? stored : [...stored, new HeldRun(inOrder(this.#keys, this.#rows, this.#order))];
  }

  /** Forgets all rows, once none is written any more. */
  async close(): Promise<void> {
    await this.#storing.catch(() => {});
    this.#keys = [];
    this.#keyBytes = 0;
    this.#rows.clear();
    this.#extents = [];
  }
}

function* inOrder(keys: Key[], { bytes, ends }: RowBuffer, order: 'time' | 'vendor'): Generator<StoredRow> {
  if (order === 'time') keys.sort(byTimeThenId);
  for (const { time, id, rest, index } of keys) {
    yield { time, id, rest, bytes, from: index === 0 ? 0 : (ends[index - 1] ?? 0), to: ends[index] ?? 0 };
  }
}
