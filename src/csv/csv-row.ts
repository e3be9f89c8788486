import { instantAt } from '../time/instant.ts';
import { encodeRow } from './encode.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const CR = 0x0d;
const LF = 0x0a;

/** A cell that rows may be given before their own, as text and as the bytes that stand for it in a CSV, comma included. */
export interface FirstCell {
  readonly text: string;
  readonly bytes: Buffer;
}

/** Encodes it once, for as many rows as there are. */
export function firstCell(text: string): FirstCell {
  return { text: text.toWellFormed(), bytes: Buffer.from(encodeRow([text, '']).slice(0, -2)) };
}

/** A row of cells that came in another way. */
export function csvRow(cells: readonly string[]): CsvRow {
  const bytes = Buffer.from(encodeRow(cells));
  return new CsvRow(bytes, 0, bytes.length - 2, true);
}

/** A row of a CSV as it lies in memory, proven to keep the grammar; its cells are decoded where somebody asks for them. */
export class CsvRow {
  /** The row's own, without its line end, from `from` up to `to`, and others around it. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** Whether `encodeRow` makes of its own cells exactly the bytes that stand here. */
  readonly plain: boolean;
  /** Stands before the row's own cells; null where nothing does. */
  readonly first: FirstCell | null;

  constructor(bytes: Buffer, from: number, to: number, plain: boolean, first: FirstCell | null = null) {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.plain = plain;
    this.first = first;
  }

  /** The same row with one cell more, before its own; nothing is decoded. A row can be given one only. */
  withFirst(first: FirstCell): CsvRow {
    // An empty cell is quoted where it is alone, and is not where it has a neighbour.
    const plain = this.plain && !(this.to - this.from === 2 && this.bytes[this.from] === QUOTE);
    return new CsvRow(this.bytes, this.from, this.to, plain, first);
  }

  /** All cells, decoded anew each time. */
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

  /** One cell, from 0, decoded alone; empty where the row is not so wide. */
  cell(index: number): string {
    if (this.first !== null && index === 0) return this.first.text;
    const at = this.#startOf(index);
    return this.#decode(at, this.#endOf(at));
  }

  /** One cell as `read` makes it of the bytes between its quotes; a quote in it is doubled where it had to be quoted. */
  read<T>(index: number, read: (bytes: Buffer, from: number, to: number) => T): T {
    if (this.first !== null && index === 0) {
      const bytes = Buffer.from(this.first.text);
      return read(bytes, 0, bytes.length);
    }
    const at = this.#startOf(index);
    const end = this.#endOf(at);
    return this.bytes[at] === QUOTE && at < end ? read(this.bytes, at + 1, end - 1) : read(this.bytes, at, end);
  }

  /** One cell as `parseInstant` reads it; no quote is a part of a time, doubled or not. */
  instant(index: number): number | null {
    return this.read(index, instantAt);
  }

  /** Where one of its own cells begins; behind the row where it is not so wide. */
  #startOf(index: number): number {
    let at = this.from;
    for (let left = this.first === null ? index : index - 1; left > 0; left--) at = this.#endOf(at) + 1;
    return at;
  }

  /** Where the own cell that begins at `at` ends, with the quotes around it. */
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

/** The cells of a row that keeps the grammar, some of them quoted. */
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

/** Where a bare cell ends: the first comma, quote, carriage return or line feed from `at` on, or `end`. */
export function bareEnd(bytes: Buffer, at: number, end: number): number {
  for (; at < end; at++) {
    // Most bytes are greater than a comma, and none that ends a cell is.
    while (at < end && (bytes[at] as number) > COMMA) at++;
    const byte = at < end ? bytes[at] : COMMA;
    if (byte === COMMA || byte === QUOTE || byte === CR || byte === LF) break;
  }
  return at;
}

/** The place behind the closing quote of the cell whose opening quote is at `at`, doubled ones skipped; -1: none up to `end`. */
export function quotedEnd(bytes: Buffer, at: number, end: number): number {
  for (at++; at < end; at++) {
    if (bytes[at] !== QUOTE) continue;
    if (at + 1 === end || bytes[at + 1] !== QUOTE) return at + 1;
    at++;
  }
  return -1;
}

/** Whether the text of a bare cell, or of a quoted one without its quotes, has to be quoted: `NEEDS_QUOTES`, in bytes. */
export function needsQuotes(bytes: Buffer, from: number, to: number): boolean {
  return needsQuotesAtEnds(bytes, from, to) || bareEnd(bytes, from, to) < to;
}

/** The same for a text that has nothing in it which ends a bare cell. */
export function needsQuotesAtEnds(bytes: Buffer, from: number, to: number): boolean {
  if (from === to) return false;
  return bytes[from] === SPACE || bytes[to - 1] === SPACE || beginsWithMark(bytes, from, to);
}

/** Whether U+FEFF, the byte order mark, stands there. */
export function beginsWithMark(bytes: Buffer, from: number, to: number): boolean {
  return bytes[from] === 0xef && from + 3 <= to && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf;
}
