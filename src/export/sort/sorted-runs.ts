import type { FileHandle } from 'node:fs/promises';
import { diskError, onDisk, writeAll } from '../../base/disk.ts';
import { takeMemory } from '../../base/memory.ts';
import { type Key, keyOf, type RowBatch } from './row-batch.ts';

/** Rows in their order, block after block. */
export interface SortedRun {
  /** Of its first row. */
  readonly first: Key;
  /** The next block, after which the one before is good no more; null: none is left. Throws `destination` where the disk refuses. */
  readonly next: () => Promise<RowBatch | null>;
}

/** Where a block lies in its file, and how much of what it has. */
interface Place {
  readonly at: number;
  readonly rows: number;
  /** Letters of all ids; null where no row has one. */
  readonly ids: number | null;
  /** The same of the rests. */
  readonly rests: number | null;
  /** Of the rows. */
  readonly bytes: number;
}

/** A run on the disk. */
export interface BatchLocation {
  readonly file: FileHandle;
  readonly first: Key;
  readonly places: readonly Place[];
  /** Where it ends. */
  readonly to: number;
}

/** Gives every text back as it was, half characters too, so that ids stay apart. */
const TEXT_ENCODING = 'utf16le';
/** Stands for the length of a text that there is none of. */
const NO_TEXT = 0xffffffff;

/**
 * Writes blocks at `from` of a file: of each the times and the ends of its rows, as doubles; the lengths of their ids and
 * then of their rests, in 32 bits, where there are any; these texts; the rows. There is at least one row.
 * Throws `destination` where the disk refuses.
 */
export async function writeRun(
  file: FileHandle,
  from: number,
  blocks: Iterable<RowBatch>,
  path: string,
): Promise<BatchLocation> {
  const places: Place[] = [];
  let first: Key | null = null;
  let at = from;
  for (const block of blocks) {
    first ??= keyOf(block, 0);
    const place = { at, rows: block.count, ids: lettersOf(block.ids), rests: lettersOf(block.identities) || null };
    const head = headOf(block, place);
    await onDisk(path, async () => {
      await Promise.all([writeAll(file, head, at), writeAll(file, block.bytes, at + head.length)]);
    });
    places.push({ ...place, bytes: block.bytes.length });
    at += head.length + block.bytes.length;
  }
  if (first === null) throw new Error('A run has no rows.');
  return { file, first, places, to: at };
}

/** How many letters they have; null where none of them says anything. */
function lettersOf(texts: readonly (string | null)[]): number | null {
  let letters = 0;
  let isThere = false;
  for (const text of texts) {
    if (text === null) continue;
    letters += text.length;
    isThere = true;
  }
  return isThere ? letters : null;
}

/** Where each part of a block lies in its bytes: times first, then the ends. */
function layoutOf({ rows, ids, rests }: Omit<Place, 'at' | 'bytes'>) {
  const ends = 8 * rows;
  const idLengths = 2 * ends;
  const restLengths = idLengths + (ids === null ? 0 : 4 * rows);
  const idTexts = restLengths + (rests === null ? 0 : 4 * rows);
  const restTexts = idTexts + 2 * (ids ?? 0);
  return { ends, idLengths, restLengths, idTexts, restTexts, rowBytes: restTexts + 2 * (rests ?? 0) };
}

/** All that stands before the rows' own bytes. */
function headOf({ count, times, ends, ids, identities }: RowBatch, place: Omit<Place, 'at' | 'bytes'>): Buffer {
  const layout = layoutOf(place);
  const bytes = takeMemory(layout.rowBytes).subarray(0, layout.rowBytes);
  new Float64Array(bytes.buffer, 0, count).set(times);
  new Float64Array(bytes.buffer, layout.ends, count).set(ends);
  if (place.ids !== null) putTexts(bytes, ids, layout.idLengths, layout.idTexts);
  if (place.rests !== null) putTexts(bytes, identities, layout.restLengths, layout.restTexts);
  return bytes;
}

function putTexts(bytes: Buffer, texts: readonly (string | null)[], lengthsAt: number, at: number): void {
  const lengths = new Uint32Array(bytes.buffer, lengthsAt, texts.length);
  for (const [row, text] of texts.entries()) lengths[row] = text === null ? NO_TEXT : text.length;
  bytes.write(texts.join(''), at, TEXT_ENCODING);
}

/** The block that `bytes` hold from their start on. */
function blockOf(bytes: Buffer, place: Place): RowBatch {
  const { rows, ids, rests } = place;
  const { ends, idLengths, restLengths, idTexts, restTexts, rowBytes } = layoutOf(place);
  const restsOf = () => textsOf(bytes, rows, restLengths, restTexts, rests ?? 0).map((rest) => rest ?? '');
  return {
    count: rows,
    bytes: bytes.subarray(rowBytes, rowBytes + place.bytes),
    ends: new Float64Array(bytes.buffer, ends, rows),
    times: new Float64Array(bytes.buffer, 0, rows),
    ids: ids === null ? new Array(rows).fill(null) : textsOf(bytes, rows, idLengths, idTexts, ids),
    identities: rests === null ? new Array(rows).fill('') : restsOf(),
  };
}

function textsOf(bytes: Buffer, rows: number, lengthsAt: number, at: number, letters: number): (string | null)[] {
  const lengths = new Uint32Array(bytes.buffer, lengthsAt, rows);
  const all = bytes.toString(TEXT_ENCODING, at, at + 2 * letters);
  let from = 0;
  return Array.from(lengths, (length) => {
    if (length === NO_TEXT) return null;
    from += length;
    return all.slice(from - length, from);
  });
}

/** Reads a run back. */
export class SpilledRun implements SortedRun {
  readonly first: Key;
  readonly #extent: BatchLocation;
  readonly #path: string;
  #next = 0;
  /** What the block at hand lies in, and what the next one is read into. */
  #memory = Buffer.of();
  #other = Buffer.of();
  #coming: Promise<RowBatch> | null = null;

  /** @param path for messages */
  constructor(extent: BatchLocation, path: string) {
    this.#extent = extent;
    this.#path = path;
    this.first = extent.first;
  }

  async next(): Promise<RowBatch | null> {
    const coming = this.#coming ?? this.#read();
    const block = coming && (await coming);
    [this.#memory, this.#other] = [this.#other, this.#memory];
    // The disk reads on while somebody works on what it gave.
    this.#coming = block && this.#read();
    this.#coming?.catch(() => {});
    // Many runs may have ended before the last one does.
    if (block === null) this.#memory = this.#other = Buffer.of();
    return block;
  }

  /** Begins to read the next block; null: none is left. */
  #read(): Promise<RowBatch> | null {
    const place = this.#extent.places[this.#next++];
    if (place === undefined) return null;
    const length = layoutOf(place).rowBytes + place.bytes;
    if (this.#other.length < length) this.#other = takeMemory(length);
    return this.#fill(this.#other, length, place);
  }

  async #fill(memory: Buffer, length: number, place: Place): Promise<RowBatch> {
    for (let done = 0; done < length; ) {
      const { bytesRead } = await onDisk(this.#path, () =>
        this.#extent.file.read(memory, done, length - done, place.at + done),
      );
      if (bytesRead === 0) throw diskError(this.#path, 'Rows that were put aside have become fewer.', undefined);
      done += bytesRead;
    }
    return blockOf(memory, place);
  }
}

/** Blocks in memory, at least one. */
export class MemoryRun implements SortedRun {
  readonly first: Key;
  readonly #blocks: Iterator<RowBatch>;
  #begun: RowBatch | null;

  constructor(blocks: Iterable<RowBatch>) {
    this.#blocks = blocks[Symbol.iterator]();
    const { value } = this.#blocks.next();
    if (value === undefined) throw new Error('A run has no rows.');
    this.#begun = value;
    this.first = keyOf(value, 0);
  }

  async next(): Promise<RowBatch | null> {
    const begun = this.#begun;
    this.#begun = null;
    return begun ?? this.#blocks.next().value ?? null;
  }
}
