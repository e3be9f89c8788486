import { INSTANT_BYTES, writeInstant } from '../time/instant.ts';
import type { CsvRow } from './csv-row.ts';
import { NEEDS_QUOTES } from './encode.ts';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
/** The first character that takes more than one byte in UTF-8. */
const NOT_ASCII = 0x80;

/** Largest number of UTF-8 bytes for one UTF-16 code unit. */
const UNIT_BYTES = 3;
/** Bytes around a cell: two quotes, a comma, a line end. */
const AROUND_BYTES = 5;
/** Length up to which cells are written unit by unit, which is faster than a call of Node. */
const SHORT_CELL = 256;
/** Length up to which bytes are copied one by one. */
const SHORT_PART = 64;
const FIRST_BYTES = 2 ** 16;
const FIRST_ROWS = 2 ** 10;

/**
 * Encodes rows into memory, byte for byte as `encodeRow` does, one after the other. The memory is reused after `clear`.
 */
export class RowBuffer {
  #buffer: Buffer;
  #length = 0;
  #ends = new Float64Array(FIRST_ROWS);
  #rows = 0;

  /** @param bytes expected size of the rows; the buffer grows beyond it */
  constructor(bytes = FIRST_BYTES) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }

  /** Size of all rows, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** Number of rows. */
  get rows(): number {
    return this.#rows;
  }

  /** The bytes of all rows; valid until a row is added or `clear`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** The end of each row in `bytes`, its line end included; valid until a row is added or `clear`. */
  get ends(): Float64Array {
    return this.#ends.subarray(0, this.#rows);
  }

  /**
   * The bytes of one row, counted from 0, with its line end; valid as long as `bytes`. Empty if there is no such row.
   */
  slice(index: number): Buffer {
    if (index >= this.#rows) return this.#buffer.subarray(0, 0);
    return this.#buffer.subarray(index === 0 ? 0 : this.#ends[index - 1], this.#ends[index]);
  }

  addCells(cells: readonly string[]): void {
    let at = this.#length;
    for (let index = 0; index < cells.length; index++) {
      const cell = cells[index] as string;
      this.#reserve(at + UNIT_BYTES * cell.length + AROUND_BYTES);
      if (index > 0) this.#buffer[at++] = COMMA;
      at = this.#writeCell(cell, at);
    }
    // Most readers skip a blank line.
    if (cells.length === 1 && cells[0] === '') at += this.#buffer.write('""', at, 'latin1');
    this.#end(at);
  }

  /** Adds a row of a CSV, and copies its bytes if `encodeRow` would write the same. */
  addRow(row: CsvRow): void {
    if (!row.plain) {
      this.addCells(row.cells);
      return;
    }
    const { bytes, from, to, first } = row;
    const firstBytes = first === null ? 0 : first.bytes.length;
    this.#reserve(this.#length + firstBytes + (to - from) + AROUND_BYTES);
    if (first !== null) this.#buffer.set(first.bytes, this.#length);
    bytes.copy(this.#buffer, this.#length + firstBytes, from, to);
    this.#end(this.#length + firstBytes + (to - from));
  }

  /** Appends bytes to the row being built, at its end `at`; returns the new end. */
  put(bytes: Buffer, at: number): number {
    return this.putPart(bytes, 0, bytes.length, at);
  }

  /** Appends `bytes[from, to)` to the row being built, at its end `at`; returns the new end. */
  putPart(bytes: Buffer, from: number, to: number, at: number): number {
    const end = at + to - from;
    this.#reserve(end + AROUND_BYTES);
    if (to - from > SHORT_PART) bytes.copy(this.#buffer, at, from, to);
    else for (let place = at, other = from; place < end; place++, other++) this.#buffer[place] = bytes[other] as number;
    return end;
  }

  /** Appends a cell to the row being built, quoted if needed, at its end `at`; returns the new end. */
  putCell(cell: string, at: number): number {
    this.#reserve(at + UNIT_BYTES * cell.length + AROUND_BYTES);
    return this.#writeCell(cell, at);
  }

  /** Appends an instant to the row being built, at its end `at`; returns the new end. */
  putInstant(ms: number, at: number): number {
    this.#reserve(at + INSTANT_BYTES + AROUND_BYTES);
    return writeInstant(ms, this.#buffer, at);
  }

  /**
   * Returns the memory, with room for `bytes` bytes from `at` on, for a caller that writes there itself and calls
   * `end`.
   */
  room(bytes: number, at = this.#length): Buffer {
    this.#reserve(at + bytes + AROUND_BYTES);
    return this.#buffer;
  }

  /** Ends the row being built, whose last cell ends at `at`. */
  end(at: number): void {
    this.#end(at);
  }

  /** Adds a row that is encoded already, `bytes[from, to)`, with its line end. */
  addEncoded(bytes: Buffer, from: number, to: number): void {
    this.#reserve(this.#length + (to - from));
    bytes.copy(this.#buffer, this.#length, from, to);
    this.#length += to - from;
    this.#endRow();
  }

  /** Removes all rows, and keeps the memory. */
  clear(): void {
    this.#length = 0;
    this.#rows = 0;
  }

  /** Writes a cell at `at`, where there has to be room; returns its end. */
  #writeCell(cell: string, at: number): number {
    const { length } = cell;
    if (length === 0) return at;
    if (length > SHORT_CELL) return this.#writeAny(cell, at);
    const buffer = this.#buffer;
    for (let index = 0; index < length; index++) {
      const unit = cell.charCodeAt(index);
      if (unit >= NOT_ASCII) return this.#writeAny(cell, at);
      if (unit === COMMA || unit === QUOTE || unit === CR || unit === LF) return this.#writeQuoted(cell, at);
      buffer[at + index] = unit;
    }
    if (buffer[at] === SPACE || buffer[at + length - 1] === SPACE) return this.#writeQuoted(cell, at);
    return at + length;
  }

  /** Writes a short cell in quotes at `from`; returns its end. */
  #writeQuoted(cell: string, from: number): number {
    const buffer = this.#buffer;
    let at = from;
    buffer[at++] = QUOTE;
    for (let index = 0; index < cell.length; index++) {
      const unit = cell.charCodeAt(index);
      if (unit >= NOT_ASCII) return this.#writeAny(cell, from);
      if (unit === QUOTE) buffer[at++] = QUOTE;
      buffer[at++] = unit;
    }
    buffer[at++] = QUOTE;
    return at;
  }

  /** Writes any cell by a call of Node at `at`; returns its end. */
  #writeAny(cell: string, at: number): number {
    const text = NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
    return at + this.#buffer.write(text, at, 'utf8');
  }

  #end(at: number): void {
    this.#reserve(at + AROUND_BYTES);
    this.#buffer[at] = CR;
    this.#buffer[at + 1] = LF;
    this.#length = at + 2;
    this.#endRow();
  }

  #endRow(): void {
    if (this.#rows === this.#ends.length) {
      const ends = new Float64Array(2 * this.#rows);
      ends.set(this.#ends);
      this.#ends = ends;
    }
    this.#ends[this.#rows++] = this.#length;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#buffer.length));
    // The whole buffer: the row being built lies behind the length of the whole rows.
    this.#buffer.copy(grown);
    this.#buffer = grown;
  }
}
