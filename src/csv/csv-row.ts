import { instantAt } from '../time/instant.ts';
import { encodeRow } from './encode.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const CR = 0x0d;
const LF = 0x0a;

/** A constant first column (Kosli's environment), encoded once: `bytes` are those in the CSV, comma included. */
export interface FirstCell {
  readonly text: string;
  readonly bytes: Buffer;
}

/** Encodes a constant first column for all rows. */
export function firstCell(text: string): FirstCell {
  return { text: text.toWellFormed(), bytes: Buffer.from(encodeRow([text, '']).slice(0, -2)) };
}

/** Makes a row of cells that do not come from a CSV. */
export function csvRow(cells: readonly string[]): CsvRow {
  const bytes = Buffer.from(encodeRow(cells));
  return new CsvRow(bytes, 0, bytes.length - 2, true);
}

/** A row of a CSV as bytes that are known to be well-formed; cells are decoded on demand. */
export class CsvRow {
  /** Memory of a whole chunk; the row is `bytes[from, to)`, without its line end. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** Whether `encodeRow` writes the row's own cells as exactly these bytes. */
  readonly plain: boolean;
  /** Column in front of the row's own cells; null if there is none. */
  readonly first: FirstCell | null;

  constructor(bytes: Buffer, from: number, to: number, plain: boolean, first: FirstCell | null = null) {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.plain = plain;
    this.first = first;
  }

  /** Returns this row with a column in front, without decoding anything. A row can have one such column only. */
  withFirst(first: FirstCell): CsvRow {
    // An empty cell is written in quotes if it is alone, and without if it has a neighbour.
    const plain = this.plain && !(this.to - this.from === 2 && this.bytes[this.from] === QUOTE);
    return new CsvRow(this.bytes, this.from, this.to, plain, first);
  }

  /** All cells, decoded by each call. */
  get cells(): string[] {
    const text = this.bytes.toString('utf8', this.from, this.to);
    const own = text.includes('"') ? splitQuoted(text) : text.split(',');
    if (this.first !== null) own.unshift(this.first.text);
    return own;
  }

  /** The cells, for `JSON.stringify`. */
  toJSON(): string[] {
    return this.cells;
  }

  /** The cells as JSON. */
  get json(): string {
    return JSON.stringify(this.cells);
  }

  /** Decodes one cell, counted from 0; empty if the row has fewer. */
  cell(index: number): string {
    if (this.first !== null && index === 0) return this.first.text;
    const at = this.#startOf(index);
    return this.#decode(at, this.#endOf(at));
  }

  /** Returns the result of `read` for the bytes of one cell, without outer quotes; inner quotes are still doubled. */
  read<T>(index: number, read: (bytes: Buffer, from: number, to: number) => T): T {
    if (this.first !== null && index === 0) {
      const bytes = Buffer.from(this.first.text);
      return read(bytes, 0, bytes.length);
    }
    const at = this.#startOf(index);
    const end = this.#endOf(at);
    return this.bytes[at] === QUOTE && at < end ? read(this.bytes, at + 1, end - 1) : read(this.bytes, at, end);
  }

  /** Reads one cell as `parseInstant` does. A time has no quotes, doubled or not. */
  instant(index: number): number | null {
    return this.read(index, instantAt);
  }

  /** Start of one cell; a place behind the row if there are fewer cells. */
  #startOf(index: number): number {
    let at = this.from;
    for (let left = this.first === null ? index : index - 1; left > 0; left--) at = this.#endOf(at) + 1;
    return at;
  }

  /** End of the cell that starts at `at`, outer quotes included. */
  #endOf(at: number): number {
    return this.bytes[at] === QUOTE && at < this.to
      ? quotedEnd(this.bytes, at, this.to)
      : bareEnd(this.bytes, at, this.to);
  }

  #decode(from: number, to: number): string {
    if (from >= to) return '';
    if (this.bytes[from] !== QUOTE) return this.bytes.toString('utf8', from, to);
    return this.bytes.toString('utf8', from + 1, to - 1).replaceAll('""', '"');
  }
}

/** Splits a well-formed row in which some cells are quoted. */
function splitQuoted(text: string): string[] {
  const cells: string[] = [];
  for (let at = 0; at <= text.length; ) {
    let end: number;
    if (text[at] === '"') {
      end = text.indexOf('"', at + 1);
      let doubled = false;
      for (; text[end + 1] === '"'; end = text.indexOf('"', end + 2)) doubled = true;
      const cell = text.slice(at + 1, end);
      cells.push(doubled ? cell.replaceAll('""', '"') : cell);
      end++;
    } else {
      end = text.indexOf(',', at);
      if (end === -1) end = text.length;
      cells.push(text.slice(at, end));
    }
    at = end + 1;
  }
  return cells;
}

/** End of a bare cell: the first comma, quote, carriage return or line feed from `at` on, or `end`. */
export function bareEnd(bytes: Buffer, at: number, end: number): number {
  for (; at < end; at++) {
    // Most bytes are greater than a comma; none of these ends a cell.
    while (at < end && (bytes[at] as number) > COMMA) at++;
    const byte = at < end ? bytes[at] : COMMA;
    if (byte === COMMA || byte === QUOTE || byte === CR || byte === LF) break;
  }
  return at;
}

/** End of the quoted cell that starts at `at`, behind the closing quote; -1 if there is none before `end`. */
export function quotedEnd(bytes: Buffer, at: number, end: number): number {
  for (at++; at < end; at++) {
    if (bytes[at] !== QUOTE) continue;
    if (at + 1 === end || bytes[at + 1] !== QUOTE) return at + 1;
    at++;
  }
  return -1;
}

/** Whether a cell has to be quoted: `NEEDS_QUOTES` for bytes. Outer quotes are left out, inner ones may be doubled. */
export function needsQuotes(bytes: Buffer, from: number, to: number): boolean {
  return needsQuotesAtEnds(bytes, from, to) || bareEnd(bytes, from, to) < to;
}

/** Whether a cell has to be quoted for its first or last character, if nothing in it ends a bare cell. */
export function needsQuotesAtEnds(bytes: Buffer, from: number, to: number): boolean {
  if (from === to) return false;
  return bytes[from] === SPACE || bytes[to - 1] === SPACE || beginsWithMark(bytes, from, to);
}

/** Whether `bytes[from, to)` begins with U+FEFF, the byte order mark. */
export function beginsWithMark(bytes: Buffer, from: number, to: number): boolean {
  return bytes[from] === 0xef && from + 3 <= to && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf;
}
