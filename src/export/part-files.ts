import { basename, dirname, join } from 'node:path';
import { firstWhere } from '../base/binary-search.ts';
import type { Digest } from '../base/digest.ts';
import { VerifiedFile } from './verified-file.ts';

/** A finished file of the table: the header, and rows. */
export interface CsvFile extends Digest {
  /** Absolute path. */
  readonly path: string;
  readonly name: string;
  /** Number of rows, without the header. */
  readonly rows: number;
}

/** Rows as CSV: adjacent bytes, each row with its line end. */
export interface EncodedRows {
  readonly bytes: Buffer;
  /** End of each row in `bytes`. */
  readonly ends: Float64Array;
}

interface Part {
  readonly file: VerifiedFile;
  bytes: number;
  rows: number;
}

/**
 * Writes the table to the disk: one file `<name>.csv`, or, beyond `maxBytes`, several `<name>.part-001.csv`, …, each with
 * the header and whole rows. A file is larger than `maxBytes` only where a single row is. The files get their names when
 * all are written and were read back. Every method throws `destination` where the disk refuses.
 */
export class PartFiles {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #parts: Part[] = [];
  readonly #digests: Digest[] = [];
  /** The header row; null until `openWith`. */
  #header: Buffer | null = null;

  /**
   * @param path absolute path of the single file; its folder exists
   * @param maxBytes null: no limit
   */
  constructor(path: string, maxBytes: number | null) {
    this.#path = path;
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Opens the first file with the header, at the first call; later calls do nothing. */
  async openWith({ bytes }: EncodedRows): Promise<void> {
    if (this.#header !== null) return;
    this.#header = bytes;
    await this.#open(bytes);
  }

  /** Writes the rows from `from` up to `to`. The caller may change `bytes` once the promise has resolved. */
  async write({ bytes, ends }: EncodedRows, from = 0, to = ends.length): Promise<void> {
    const header = this.#header;
    if (header === null) throw new Error('Rows came before the header.');
    for (let row = from, at = row === 0 ? 0 : (ends[row - 1] ?? 0); row < to; ) {
      const part = this.#current();
      const limit = at + this.#maxBytes - part.bytes;
      const firstTooMany = firstWhere(row, to, (index) => (ends[index] ?? 0) > limit);
      const until = firstTooMany > row ? firstTooMany : part.rows === 0 ? row + 1 : row;
      if (until === row) {
        await this.#finish(part);
        await this.#open(header);
        continue;
      }
      const end = ends[until - 1] ?? at;
      await part.file.write(bytes.subarray(at, end));
      part.bytes += end - at;
      part.rows += until - row;
      [row, at] = [until, end];
    }
  }

  /** Reads the last file back, gives all files their names, and returns them in order. */
  async seal(): Promise<CsvFile[]> {
    await this.#finish(this.#current());
    const files: CsvFile[] = [];
    for (const [index, { file, rows }] of this.#parts.entries()) {
      const digest = this.#digests[index];
      if (digest === undefined) throw new Error(`Part ${index + 1} was not finished.`);
      const path = this.#parts.length === 1 ? this.#path : partPath(this.#path, index + 1);
      await file.name(path);
      files.push({ path, name: basename(path), rows, ...digest });
    }
    return files;
  }

  /** Closes all files, sealed or not. */
  async close(): Promise<void> {
    for (const { file } of this.#parts) await file.close();
  }

  #current(): Part {
    const part = this.#parts.at(-1);
    if (part === undefined) throw new Error('Rows came before the header.');
    return part;
  }

  async #open(header: Buffer): Promise<void> {
    const count = this.#parts.length;
    const file = await VerifiedFile.open(count === 0 ? this.#path : partPath(this.#path, count + 1));
    this.#parts.push({ file, bytes: header.length, rows: 0 });
    await file.write(header);
  }

  async #finish({ file }: Part): Promise<void> {
    this.#digests.push(await file.verify());
    await file.close();
  }
}

/** `a/b.csv`, 2 → `a/b.part-002.csv`. */
function partPath(path: string, number: number): string {
  const name = `${basename(path, '.csv')}.part-${String(number).padStart(3, '0')}.csv`;
  return join(dirname(path), name);
}

/** Encodes rows one by one: slower than a `RowBuffer`, for few rows or for another encoding. */
export function encodeRows(
  rows: readonly (readonly string[])[],
  encode: (row: readonly string[]) => string,
): EncodedRows {
  const chunks = rows.map((row) => Buffer.from(encode(row)));
  let end = 0;
  return { bytes: Buffer.concat(chunks), ends: Float64Array.from(chunks, ({ length }) => (end += length)) };
}
