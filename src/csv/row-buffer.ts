import { INSTANT_BYTES, writeInstant } from '../time/instant.ts';
import type { CsvRow } from './csv-row.ts';
import { NEEDS_QUOTES } from './encode.ts';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
/** The first that takes more than one byte in UTF-8. */
const NOT_ASCII = 0x80;

/** The most bytes of UTF-8 that a UTF-16 code unit becomes. */
const UNIT_BYTES = 3;
/** Two quotes, a comma, a line end. */
const AROUND_BYTES = 5;
/** Longer cells are written by Node, shorter ones unit by unit, which is faster than to call it. */
const SHORT_CELL = 256;
/** The same of bytes. */
const SHORT_PART = 64;
const FIRST_BYTES = 2 ** 16;
const FIRST_ROWS = 2 ** 10;

/** Rows as CSV, byte for byte as `encodeRow` has them, one after the other in memory that is used again after `clear`. */
export class RowBuffer {
  #buffer: Buffer;
  #length = 0;
  #ends = new Float64Array(FIRST_ROWS);
  #rows = 0;

  /** @param bytes what its rows are likely to need; it takes more as well */
  constructor(bytes = FIRST_BYTES) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }

  /** Bytes of all rows. */
  get length(): number {
    return this.#length;
  }

  /** How many there are. */
  get rows(): number {
    return this.#rows;
  }

  /** All rows, until others are added or these are cleared. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Where each row ends in `bytes`, its line end included, until others are added or these are cleared. */
  get ends(): Float64Array {
    return this.#ends.subarray(0, this.#rows);
  }

  /** One row with its line end, from 0, as long as `bytes` are; empty where there is none. */
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
    // A blank line is no row to most readers.
    if (cells.length === 1 && cells[0] === '') at += this.#buffer.write('""', at, 'latin1');
    this.#end(at);
  }

  /** A row that was read: its own bytes, where `encodeRow` would write the same. */
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

  /** Writes bytes at a place of a row that has begun, behind all that was written; gives the place behind them. */
  put(bytes: Buffer, at: number): number {
    return this.putPart(bytes, 0, bytes.length, at);
  }

  /** The same of those from `from` up to `to`. */
  putPart(bytes: Buffer, from: number, to: number, at: number): number {
    const end = at + to - from;
    this.#reserve(end + AROUND_BYTES);
    if (to - from > SHORT_PART) bytes.copy(this.#buffer, at, from, to);
    else for (let place = at, other = from; place < end; place++, other++) this.#buffer[place] = bytes[other] as number;
    return end;
  }

  /** The same of a cell. */
  putCell(cell: string, at: number): number {
    this.#reserve(at + UNIT_BYTES * cell.length + AROUND_BYTES);
    return this.#writeCell(cell, at);
  }

  /** The same of an instant. */
  putInstant(ms: number, at: number): number {
    this.#reserve(at + INSTANT_BYTES + AROUND_BYTES);
    return writeInstant(ms, this.#buffer, at);
  }

  /** Room for so many bytes of a row, line end left out, from a place on; it becomes one by `end`. */
  room(bytes: number, at = this.#length): Buffer {
    this.#reserve(at + bytes + AROUND_BYTES);
    return this.#buffer;
  }

  /** Ends the row that was written piece by piece, at the place behind its last cell. */
  end(at: number): void {
    this.#end(at);
  }

  /** A row that was encoded already, with its line end. */
  addEncoded(bytes: Buffer, from: number, to: number): void {
    this.#reserve(this.#length + (to - from));
    bytes.copy(this.#buffer, this.#length, from, to);
    this.#length += to - from;
    this.#endRow();
  }

  /** Forgets all rows, and keeps the memory. */
  clear(): void {
    this.#length = 0;
    this.#rows = 0;
  }

  /** Writes a cell at `at`, for which there is room, and gives the place behind it. */
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

  /** A short cell that needs quotes. */
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

  /** Any cell, by Node's own means. */
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
    // What the row that is being written has already put there, too.
    this.#buffer.copy(grown);
    this.#buffer = grown;
  }
}
