import type { RowBuffer } from '../../csv/row-buffer.ts';
import { parseJson } from '../../json/values.ts';
import { instantAt } from '../../time/instant.ts';
import type { NativeCells } from '../row-cells.ts';
import { Copier } from './json-to-csv.ts';
import { Leftovers } from './leftovers.ts';

const COMMA = 0x2c;

/**
 * Kinds of slices. Up to `ESCAPED_QUOTED`, the slice is a string and lies between its quotes; `QUOTED` strings are
 * known to need quotes in CSV. `NESTED` is an object or an array written as `JSON.stringify` writes it, `LOOSE` one
 * written in another way.
 */
export const [BARE, QUOTED, ESCAPED, ESCAPED_QUOTED, PLAIN, NESTED, LOOSE, NULL] = [0, 1, 2, 3, 4, 5, 6, 7];

const EMPTY: Buffer = Buffer.of();

/** The slices of one event's JSON that are the cells of its columns, and the way from each to a cell in CSV. */
export class CellSlices implements NativeCells {
  /** Fields of the event that no column holds. */
  readonly leftovers = new Leftovers();
  readonly #count: number;
  /** Number of the event, counted from 1. */
  #event = 0;
  /** Number of the last event that has each column. */
  readonly #events: Int32Array;
  readonly #kinds: Uint8Array;
  /** Places in the event's bytes, which are fewer than 2^31. */
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #bytes = EMPTY;
  /** Places where the event's JSON begins and ends, and whether it is written as `JSON.stringify` writes it. */
  #from = 0;
  #to = 0;
  #isCompact = true;
  /** Text that was decoded last, since several columns of a row can be made of one cell. */
  #text = '';
  #textColumn = -1;
  #textEvent = 0;
  /** Memory that the last cell was copied from, and into. */
  #source = EMPTY;
  #target = EMPTY;
  #copier = new Copier(EMPTY, EMPTY);

  /** @param count number of columns; the one behind the last is `extra` */
  constructor(count: number) {
    this.#count = count;
    this.#events = new Int32Array(count);
    this.#kinds = new Uint8Array(count);
    this.#starts = new Int32Array(count);
    this.#ends = new Int32Array(count);
  }

  /** Begins an event that lies in these bytes, and returns its number. */
  begin(bytes: Buffer): number {
    this.#bytes = bytes;
    this.leftovers.clear();
    this.#event += 1;
    return this.#event;
  }

  put(column: number, kind: number, from: number, to: number): void {
    this.#events[column] = this.#event;
    this.#kinds[column] = kind;
    this.#starts[column] = from;
    this.#ends[column] = to;
  }

  /** Ends the event, whose JSON lies in `[from, to)`. */
  end(from: number, to: number, isCompact: boolean): void {
    this.#from = from;
    this.#to = to;
    this.#isCompact = isCompact;
  }

  isString(column: number): boolean {
    return this.#events[column] === this.#event && (this.#kinds[column] as number) <= ESCAPED_QUOTED;
  }

  /**
   * Returns the instant in a column that is a string, in milliseconds since 1970; null where the string is not a
   * date-time without escapes.
   */
  instant(column: number): number | null {
    return instantAt(this.#bytes, this.#starts[column] as number, this.#ends[column] as number);
  }

  /** Returns the text of a column that is a string, half surrogate pairs included. */
  string(column: number): string {
    const [from, to] = [this.#starts[column] as number, this.#ends[column] as number];
    const kind = this.#kinds[column];
    return kind === ESCAPED || kind === ESCAPED_QUOTED
      ? JSON.parse(this.#bytes.toString('utf8', from - 1, to + 1))
      : this.#bytes.toString('utf8', from, to);
  }

  text(column: number): string {
    if (column === -1 || this.#events[column] !== this.#event) return '';
    if (column !== this.#textColumn || this.#event !== this.#textEvent) {
      this.#text = this.#decode(column);
      this.#textColumn = column;
      this.#textEvent = this.#event;
    }
    return this.#text;
  }

  #decode(column: number): string {
    const kind = this.#kinds[column] as number;
    if (kind === NULL) return '';
    if (kind <= ESCAPED_QUOTED) return this.string(column);
    const text = this.#bytes.toString('utf8', this.#starts[column], this.#ends[column]);
    return kind === LOOSE ? JSON.stringify(parseJson(text, 'a cell')) : text;
  }

  write(column: number, rows: RowBuffer, at: number): number {
    if (column === this.#count) return this.#writeExtra(rows, at);
    if (this.#events[column] !== this.#event) return at;
    const length = (this.#ends[column] as number) - (this.#starts[column] as number);
    return this.#copy(column, this.#copierInto(rows.room(2 * length + 2, at)), at);
  }

  writeRun(columns: readonly number[], rows: RowBuffer, from: number): number {
    // Each byte becomes two at most; beside them, each cell has two quotes and a comma.
    const into = rows.room(2 * (this.#to - this.#from) + 3 * columns.length, from);
    const copier = this.#copierInto(into);
    let at = from;
    for (let index = 0; index < columns.length; index++) {
      if (index > 0) into[at++] = COMMA;
      const column = columns[index] as number;
      if (this.#events[column] === this.#event) at = this.#copy(column, copier, at);
    }
    return at;
  }

  writeRaw(rows: RowBuffer, at: number): number {
    const [from, to] = [this.#from, this.#to];
    const copier = this.#copierInto(rows.room(2 * (to - from) + 2, at));
    return this.#isCompact ? copier.quote(from, to, at) : copier.quoteNormalized(from, to, at);
  }

  #writeExtra(rows: RowBuffer, at: number): number {
    const { leftovers } = this;
    if (leftovers.count === 0) return at;
    return leftovers.write(this.#copierInto(rows.room(leftovers.mostBytes, at)), rows.room(0, at), at);
  }

  /** Copies a column that the event has into memory with room for each byte twice, and for two quotes. */
  #copy(column: number, copier: Copier, at: number): number {
    const from = this.#starts[column] as number;
    const to = this.#ends[column] as number;
    const kind = this.#kinds[column] as number;
    // The quotes of the JSON are those of the CSV.
    if (kind === BARE || kind === PLAIN) return copier.copy(from, to, at);
    if (kind === QUOTED) return copier.copy(from - 1, to + 1, at);
    if (kind === NESTED) return copier.quote(from, to, at);
    if (kind === LOOSE) return copier.quoteNormalized(from, to, at);
    return kind === NULL ? at : copier.unescape(from, to, at, kind === ESCAPED_QUOTED);
  }

  #copierInto(target: Buffer): Copier {
    if (this.#source !== this.#bytes || this.#target !== target) {
      this.#source = this.#bytes;
      this.#target = target;
      this.#copier = new Copier(this.#bytes, target);
    }
    return this.#copier;
  }
}
