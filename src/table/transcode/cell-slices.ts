import type { RowBuffer } from '../../csv/row-buffer.ts';
import { instantAt } from '../../time/instant.ts';
import type { NativeCells } from '../common-columns.ts';
import { Copier } from './json-to-csv.ts';

const COMMA = 0x2c;

/**
 * What a column has of an event. Up to `ESCAPED_QUOTED`, it is a string, and stands between its quotes; such as are known
 * to need quotes in CSV are `QUOTED`.
 */
export const [BARE, QUOTED, ESCAPED, ESCAPED_QUOTED, PLAIN, NESTED, NULL] = [0, 1, 2, 3, 4, 5, 6];

const EMPTY: Buffer = Buffer.of();

/** Where an event has its columns, and what becomes of them. */
export class CellSlices implements NativeCells {
  readonly #count: number;
  /** Counts the events that were begun. */
  #event = 0;
  /** Of each column: the last event that has it, what it has there, and where, which is no farther than a text is long. */
  readonly #events: Int32Array;
  readonly #kinds: Uint8Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #bytes = EMPTY;
  /** The text that was asked for last, as several columns of a row can be made of one. */
  #text = '';
  #textColumn = -1;
  #textEvent = 0;
  /** Where the last cell was written from, and into. */
  #from = EMPTY;
  #into = EMPTY;
  #copier = new Copier(EMPTY, EMPTY);

  /** @param count of the columns */
  constructor(count: number) {
    this.#count = count;
    this.#events = new Int32Array(count);
    this.#kinds = new Uint8Array(count);
    this.#starts = new Int32Array(count);
    this.#ends = new Int32Array(count);
  }

  /** Begins an event that lies in these bytes, and gives its number. */
  begin(bytes: Buffer): number {
    this.#bytes = bytes;
    this.#event += 1;
    return this.#event;
  }

  put(column: number, kind: number, from: number, to: number): void {
    this.#events[column] = this.#event;
    this.#kinds[column] = kind;
    this.#starts[column] = from;
    this.#ends[column] = to;
  }

  isString(column: number): boolean {
    return this.#events[column] === this.#event && (this.#kinds[column] as number) <= ESCAPED_QUOTED;
  }

  /** The time in a column that is a string; null where it is none, or written with escapes, as no instant is. */
  instant(column: number): number | null {
    return instantAt(this.#bytes, this.#starts[column] as number, this.#ends[column] as number);
  }

  text(column: number): string {
    if (this.#events[column] !== this.#event) return '';
    if (column !== this.#textColumn || this.#event !== this.#textEvent) {
      this.#text = this.#decode(column);
      this.#textColumn = column;
      this.#textEvent = this.#event;
    }
    return this.#text;
  }

  #decode(column: number): string {
    const [from, to] = [this.#starts[column] as number, this.#ends[column] as number];
    const kind = this.#kinds[column] as number;
    if (kind === NULL) return '';
    const isEscaped = kind === ESCAPED || kind === ESCAPED_QUOTED;
    return isEscaped
      ? JSON.parse(this.#bytes.toString('utf8', from - 1, to + 1))
      : this.#bytes.toString('utf8', from, to);
  }

  write(column: number, rows: RowBuffer, at: number): number {
    if (this.#events[column] !== this.#event) return at;
    const length = (this.#ends[column] as number) - (this.#starts[column] as number);
    return this.#copy(column, this.#copierInto(rows.room(2 * length, at)), at);
  }

  /** Writes all columns as a row of the native table, of an event that takes so many bytes of JSON. */
  writeRow(length: number, rows: RowBuffer): void {
    // Each byte becomes two at most; beside them, each cell has two quotes and a comma.
    const into = rows.room(2 * length + 3 * this.#count);
    const copier = this.#copierInto(into);
    let at = rows.length;
    for (let column = 0; column < this.#count; column++) {
      if (this.#events[column] === this.#event) at = this.#copy(column, copier, at);
      into[at++] = COMMA;
    }
    // Nothing is left over for `extra`.
    rows.end(at);
  }

  /** Ends a row with a cell that holds the JSON from `from` up to `to`. */
  endWith(from: number, to: number, rows: RowBuffer, at: number): void {
    rows.end(this.#copierInto(rows.room(2 * (to - from), at)).quote(from, to, at));
  }

  /** Copies what a column has of the event into memory that has room for each byte twice, and for two quotes. */
  #copy(column: number, copier: Copier, at: number): number {
    const from = this.#starts[column] as number;
    const to = this.#ends[column] as number;
    const kind = this.#kinds[column] as number;
    // The quotes of the JSON are those of the CSV.
    if (kind === BARE || kind === PLAIN) return copier.copy(from, to, at);
    if (kind === QUOTED) return copier.copy(from - 1, to + 1, at);
    if (kind === NESTED) return copier.quote(from, to, at);
    return kind === NULL ? at : copier.unescape(from, to, at, kind === ESCAPED_QUOTED);
  }

  #copierInto(into: Buffer): Copier {
    if (this.#from !== this.#bytes || this.#into !== into) {
      this.#from = this.#bytes;
      this.#into = into;
      this.#copier = new Copier(this.#bytes, into);
    }
    return this.#copier;
  }
}
