import { basename, dirname, join } from 'node:path';
import { firstWhere } from '../base/binary-search.ts';
import type { Digest } from '../base/digest.ts';
import { VerifiedFile } from './verified-file.ts';

/** A finished file of the table, with its header and its rows. */
export interface CsvFile extends Digest {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  /** The header is not counted. */
  readonly rows: number;
}

/** Rows as CSV, one after the other, each with its line end. */
export interface EncodedRows {
  readonly bytes: Buffer;
  /** Where each row ends. */
  readonly ends: Float64Array;
}

interface Part {
  readonly sink: VerifiedFile;
  bytes: number;
  rows: number;
}

/**
 * The table on the disk: one file `<name>.csv`, or, beyond `maxBytes`, several `<name>.part-001.csv`, …, cut between
 * rows, each with the header. Only a single row that is larger makes a larger file.
 * The names are given when all is written and was read back.
 */
export class PartFiles {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #parts: Part[] = [];
  readonly #digests: Digest[] = [];
  #header: Buffer = Buffer.alloc(0);

  /**
   * @param path of the single file, absolute; its folder exists
   */
  constructor(path: string, maxBytes: number | null) {
    this.#path = path;
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Writes the header into the first file. Throws `destination`, as everything here does where the disk refuses. */
  async begin(header: EncodedRows): Promise<void> {
    this.#header = header.bytes;
    await this.#open();
  }

  /** Writes the rows from `from` up to `to`. The bytes may change once it has ended. */
  async write({ bytes, ends }: EncodedRows, from = 0, to = ends.length): Promise<void> {
    for (let row = from, at = row === 0 ? 0 : (ends[row - 1] ?? 0); row < to; ) {
      const part = this.#current();
      const most = at + this.#maxBytes - part.bytes;
      const fits = firstWhere(row, to, (index) => (ends[index] ?? 0) > most);
      const until = fits > row ? fits : part.rows === 0 ? row + 1 : row;
      if (until === row) {
        await this.#settle(part);
        await this.#open();
        continue;
      }
      const end = ends[until - 1] ?? at;
      await part.sink.write(bytes.subarray(at, end));
      part.bytes += end - at;
      part.rows += until - row;
      [row, at] = [until, end];
    }
  }

  /** Gives the files their names, and says what they are, in order. */
  async seal(): Promise<CsvFile[]> {
    await this.#settle(this.#current());
    const files: CsvFile[] = [];
    for (const [index, { sink, rows }] of this.#parts.entries()) {
      const digest = this.#digests[index];
      if (digest === undefined) throw new Error(`Part ${index + 1} was not settled.`);
      const path = this.#parts.length === 1 ? this.#path : partPath(this.#path, index + 1);
      await sink.name(path);
      files.push({ path, name: basename(path), rows, ...digest });
    }
    return files;
  }

  /** Closes what is open, sealed or not. */
  async close(): Promise<void> {
    for (const { sink } of this.#parts) await sink.close();
  }

  #current(): Part {
    const part = this.#parts.at(-1);
    if (part === undefined) throw new Error('Rows came before the header.');
    return part;
  }

  async #open(): Promise<void> {
    const count = this.#parts.length;
    const sink = await VerifiedFile.open(count === 0 ? this.#path : partPath(this.#path, count + 1));
    this.#parts.push({ sink, bytes: this.#header.length, rows: 0 });
    await sink.write(this.#header);
  }

  async #settle({ sink }: Part): Promise<void> {
    this.#digests.push(await sink.settle());
    await sink.close();
  }
}

/** `a/b.csv`, 2 → `a/b.part-002.csv`. */
function partPath(path: string, number: number): string {
  const name = `${basename(path, '.csv')}.part-${String(number).padStart(3, '0')}.csv`;
  return join(dirname(path), name);
}

/** Rows that a slower way encodes, one by one. */
export function encodedRows(
  rows: readonly (readonly string[])[],
  encode: (row: readonly string[]) => string,
): EncodedRows {
  const chunks = rows.map((row) => Buffer.from(encode(row)));
  let end = 0;
  return { bytes: Buffer.concat(chunks), ends: Float64Array.from(chunks, ({ length }) => (end += length)) };
}
