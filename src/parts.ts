import { basename, dirname, join } from 'node:path';
import { encodeRows } from './csv/write.ts';
import type { Digest } from './evidence/checksums.ts';
import { Sink } from './sink.ts';

/** A finished file of the table, with its header and its rows. */
export interface CsvFile extends Digest {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  /** The header is not counted. */
  readonly rows: number;
}

type Row = readonly string[];

interface Part {
  readonly sink: Sink;
  bytes: number;
  rows: number;
}

/**
 * The table on the disk: one file `<name>.csv`, or, beyond `maxBytes`, several `<name>.part-001.csv`, …, cut between
 * rows, each with the header. Only a single row that is larger makes a larger file.
 * The names are given when all is written and was read back.
 */
export class Parts {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #encode: (rows: readonly Row[]) => string;
  readonly #parts: Part[] = [];
  readonly #digests: Digest[] = [];
  #header = '';

  /**
   * @param path of the single file, absolute; its folder exists
   * @param encode rows as CSV, the same whether they come one by one or together
   */
  constructor(path: string, maxBytes: number | null, encode: (rows: readonly Row[]) => string = encodeRows) {
    this.#path = path;
    this.#encode = encode;
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Writes the header into the first file. Throws `destination`, as everything here does where the disk refuses. */
  async begin(header: Row): Promise<void> {
    this.#header = this.#encode([header]);
    await this.#open();
  }

  async write(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const text = this.#encode(rows);
    const bytes = Buffer.byteLength(text);
    const part = this.#current();
    if (part.bytes + bytes <= this.#maxBytes || (rows.length === 1 && part.rows === 0)) {
      await part.sink.write(text);
      part.bytes += bytes;
      part.rows += rows.length;
    } else if (rows.length === 1) {
      await this.#settle(part);
      await this.#open();
      await this.write(rows);
    } else {
      const middle = Math.ceil(rows.length / 2);
      await this.write(rows.slice(0, middle));
      await this.write(rows.slice(middle));
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
    const sink = await Sink.open(count === 0 ? this.#path : partPath(this.#path, count + 1));
    this.#parts.push({ sink, bytes: Buffer.byteLength(this.#header), rows: 0 });
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
