import type { FileHandle } from 'node:fs/promises';
import { onDisk, refused, writeAll } from '../disk.ts';

/** A row that waits for its turn: encoded, with its line end, and what its place depends on. */
export interface StoredRow {
  /** Milliseconds since 1970; null where the vendor gives no time. */
  readonly time: number | null;
  readonly id: string | null;
  /** What two rows of one id have to agree in beside their bytes. */
  readonly rest: string;
  /** The row is from `from` up to `to`. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** Rows in their order, read one after the other. */
export interface Run {
  /** null where none is left, or where `load` has to be awaited first. */
  readonly row: StoredRow | null;
  readonly next: () => void;
  /** False where no row is left. Throws `destination` where the disk refuses. */
  readonly load: () => Promise<boolean>;
}

/** The time, and the lengths of the id, of the rest and of the row; then those three. */
const HEAD_BYTES = 20;
/** Stands for the length of an id that there is none of. */
const NO_ID = 0xffffffff;
/** Gives every text back as it was, half characters too, so that ids stay apart. */
const ID_ENCODING = 'utf16le';
const PIECE_BYTES = 2 ** 18;

/** Where a run lies in its file. */
export interface Extent {
  readonly file: FileHandle;
  readonly from: number;
  readonly to: number;
}

/** Writes rows at the end of a file, and gives the end that it has then. Throws `destination` where the disk refuses. */
export async function writeRun(
  file: FileHandle,
  from: number,
  rows: Iterable<StoredRow>,
  path: string,
): Promise<number> {
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let length = 0;
  let end = from;
  const flush = async () => {
    await onDisk(path, () => writeAll(file, piece.subarray(0, length), end));
    end += length;
    length = 0;
  };
  for (const { time, id, rest, bytes, from: start, to } of rows) {
    const [idBytes, restBytes] = [id === null ? 0 : Buffer.byteLength(id, ID_ENCODING), Buffer.byteLength(rest)];
    const all = HEAD_BYTES + idBytes + restBytes + (to - start);
    if (length + all > piece.length) await flush();
    if (all > piece.length) piece = Buffer.allocUnsafe(all);
    piece.writeDoubleLE(time ?? Number.NaN, length);
    piece.writeUInt32LE(id === null ? NO_ID : idBytes, length + 8);
    piece.writeUInt32LE(restBytes, length + 12);
    piece.writeUInt32LE(to - start, length + 16);
    length += HEAD_BYTES;
    if (id !== null) length += piece.write(id, length, ID_ENCODING);
    if (rest !== '') length += piece.write(rest, length);
    length += bytes.copy(piece, length, start, to);
  }
  if (length > 0) await flush();
  return end;
}

/** Reads a run back. */
export class StoredRun implements Run {
  row: StoredRow | null = null;
  readonly #extent: Extent;
  readonly #path: string;
  /** What was read of the file; rows refer to it, so that each piece is a new one. */
  #piece = Buffer.alloc(0);
  #at = 0;
  #read: number;

  constructor(extent: Extent, path: string) {
    this.#extent = extent;
    this.#path = path;
    this.#read = extent.from;
  }

  next(): void {
    const piece = this.#piece;
    const at = this.#at;
    const left = piece.length - at;
    if (left < HEAD_BYTES || left < bytesOf(piece, at)) {
      this.row = null;
      return;
    }
    const time = piece.readDoubleLE(at);
    const idBytes = piece.readUInt32LE(at + 8);
    const restBytes = piece.readUInt32LE(at + 12);
    const ownBytes = piece.readUInt32LE(at + 16);
    const idEnd = at + HEAD_BYTES + (idBytes === NO_ID ? 0 : idBytes);
    const restEnd = idEnd + restBytes;
    this.#at = restEnd + ownBytes;
    this.row = {
      time: Number.isNaN(time) ? null : time,
      id: idBytes === NO_ID ? null : piece.toString(ID_ENCODING, at + HEAD_BYTES, idEnd),
      rest: restBytes === 0 ? '' : piece.toString('utf8', idEnd, restEnd),
      bytes: piece,
      from: restEnd,
      to: this.#at,
    };
  }

  async load(): Promise<boolean> {
    while (this.row === null) {
      const rest = this.#piece.subarray(this.#at);
      const wanted = rest.length < HEAD_BYTES ? 0 : bytesOf(rest, 0) - rest.length;
      const length = Math.min(Math.max(wanted, PIECE_BYTES), this.#extent.to - this.#read);
      if (length <= 0 && rest.length === 0) return false;
      const piece = Buffer.allocUnsafeSlow(rest.length + length);
      rest.copy(piece);
      const { bytesRead } = await onDisk(this.#path, () =>
        this.#extent.file.read(piece, rest.length, length, this.#read),
      );
      if (bytesRead < length || length <= 0) {
        throw refused(this.#path, 'Rows that were put aside have become fewer.', undefined);
      }
      this.#read += length;
      this.#piece = piece;
      this.#at = 0;
      this.next();
    }
    return true;
  }
}

/** How long a stored row is, with all that stands before it. */
function bytesOf(piece: Buffer, at: number): number {
  const idBytes = piece.readUInt32LE(at + 8);
  return HEAD_BYTES + (idBytes === NO_ID ? 0 : idBytes) + piece.readUInt32LE(at + 12) + piece.readUInt32LE(at + 16);
}

/** Rows that are in memory. */
export class HeldRun implements Run {
  row: StoredRow | null = null;
  readonly #rows: Iterator<StoredRow>;

  constructor(rows: Iterable<StoredRow>) {
    this.#rows = rows[Symbol.iterator]();
    this.next();
  }

  next(): void {
    const { value, done } = this.#rows.next();
    this.row = done ? null : value;
  }

  async load(): Promise<boolean> {
    return this.row !== null;
  }
}

/** Oldest first, after what has no time; ties by id, after what has none; else as they arrived. */
export function byTimeThenId(a: Pick<StoredRow, 'time' | 'id'>, b: Pick<StoredRow, 'time' | 'id'>): number {
  if (a.time !== b.time) return (a.time ?? Number.NEGATIVE_INFINITY) - (b.time ?? Number.NEGATIVE_INFINITY);
  if (a.id === b.id) return 0;
  return a.id === null || (b.id !== null && a.id < b.id) ? -1 : 1;
}

/** Gives the rows of all runs, some at a time: in the common order of runs that are in time order, or run after run. */
export async function* merge(runs: readonly Run[], order: 'time' | 'vendor'): AsyncGenerator<StoredRow[]> {
  if (order === 'vendor') {
    for (const run of runs) yield* merge([run], 'time');
    return;
  }
  /** Those with rows left, the one that is next first; of ties, the one that came first. */
  const queue: { readonly run: Run; readonly number: number; row: StoredRow }[] = [];
  const add = (run: Run, number: number, row: StoredRow) => {
    let [low, high] = [0, queue.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = queue[middle];
      const sign = other === undefined ? -1 : byTimeThenId(row, other.row) || number - other.number;
      if (sign < 0) high = middle;
      else low = middle + 1;
    }
    queue.splice(low, 0, { run, number, row });
  };
  for (const [number, run] of runs.entries()) {
    if ((await run.load()) && run.row !== null) add(run, number, run.row);
  }
  let some: StoredRow[] = [];
  for (;;) {
    const first = queue[0];
    if (first === undefined) break;
    some.push(first.row);
    if (some.length === MERGED_ROWS) {
      yield some;
      some = [];
    }
    first.run.next();
    if (first.run.row === null && !(await first.run.load())) {
      queue.shift();
    } else if (first.run.row !== null) {
      first.row = first.run.row;
      const second = queue[1];
      if (second !== undefined && (byTimeThenId(first.row, second.row) || first.number - second.number) > 0) {
        queue.shift();
        add(first.run, first.number, first.row);
      }
    }
  }
  if (some.length > 0) yield some;
}

/** Rows given at a time. */
const MERGED_ROWS = 2000;
