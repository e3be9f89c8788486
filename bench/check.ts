/** Reads a CSV that came out, and sums up the keys of its rows. */

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { type KeySum, KeySummer } from './key-sum.ts';

const [QUOTE, COMMA, CR, LF] = [0x22, 0x2c, 0x0d, 0x0a];
const CHUNK_BYTES = 2 ** 20;

export interface Summed extends KeySum {
  /** Of the file, in hex. */
  readonly sha256: string;
}

/**
 * What an output is compared with a log by. Understands what the ways write: RFC 4180 with either line end.
 * @param key column that the rows are told apart by; where the table has none of that name, its field in `raw`
 */
export async function sumOf(path: string, key: string): Promise<Summed> {
  const reader = new Reader(key);
  const file = await open(path);
  const hash = createHash('sha256');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES);
      if (bytesRead === 0) return { ...reader.end(), sha256: hash.digest('hex') };
      const part = chunk.subarray(0, bytesRead);
      hash.update(part);
      reader.read(part);
    }
  } finally {
    await file.close();
  }
}

/** A cell at a time, of which only those of the key column are looked at. */
class Reader {
  readonly #key: string;
  readonly #keys = new KeySummer();
  /** null while the header is read. */
  #wanted: number | null = null;
  #raw = false;
  readonly #header: string[] = [];
  #column = 0;
  /** Bytes of the cell at hand, as far as they are needed. */
  #cell: number[] = [];
  #quoted = false;
  /** A quote was just read inside a quoted cell: its end, or the first of two. */
  #closing = false;
  /** Whether anything of the row was read. */
  #begun = false;

  constructor(key: string) {
    this.#key = key;
  }

  read(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#quoted && !this.#closing) {
        if (byte === QUOTE) this.#closing = true;
        else if (this.#isWanted()) this.#take(byte);
        else at = before(chunk.indexOf(QUOTE, at), chunk.length);
      } else if (byte === QUOTE && this.#closing) {
        this.#closing = false;
        this.#take(byte);
      } else if (byte === QUOTE) {
        this.#quoted = true;
        this.#begun = true;
      } else if (byte === COMMA) {
        this.#endCell();
      } else if (byte === LF) {
        this.#endRow();
      } else {
        this.#take(byte);
      }
    }
  }

  end(): KeySum {
    if (this.#begun) this.#endRow();
    return this.#keys.total();
  }

  /** Whether the cell at hand is looked at. */
  #isWanted(): boolean {
    return this.#wanted === null || this.#column === this.#wanted;
  }

  #take(byte: number): void {
    this.#begun = true;
    if (!this.#isWanted()) return;
    if (this.#wanted === null || this.#raw) this.#cell.push(byte);
    // The carriage return of a line end is no part of the last cell; keys have none.
    else if (byte !== CR) this.#keys.push(byte);
  }

  #endCell(): void {
    this.#begun = true;
    if (this.#wanted === null) this.#header.push(this.#text());
    else if (this.#column === this.#wanted) this.#endKey();
    this.#column += 1;
    this.#cell = [];
    this.#quoted = false;
    this.#closing = false;
  }

  #endKey(): void {
    if (this.#raw) {
      const fields = JSON.parse(this.#text()) as Readonly<Record<string, unknown>>;
      this.#keys.add(Buffer.from(String(fields[this.#key])));
    } else {
      this.#keys.next();
    }
  }

  #endRow(): void {
    this.#endCell();
    if (this.#wanted === null) this.#choose();
    else if (this.#column <= this.#wanted) throw new Error('A row ends before its key.');
    this.#column = 0;
    this.#begun = false;
  }

  #choose(): void {
    const own = this.#header.indexOf(this.#key);
    this.#raw = own < 0;
    this.#wanted = this.#raw ? this.#header.indexOf('raw') : own;
    if (this.#wanted < 0) throw new Error(`No column ${this.#key}: ${this.#header.join()}`);
  }

  #text(): string {
    return Buffer.from(this.#cell).toString('utf8').replace(/\r$/, '');
  }
}

/** The place before one that was found, or before the end. */
const before = (found: number, length: number): number => (found < 0 ? length : found) - 1;
