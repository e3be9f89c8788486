import { instantAt } from '../instant.ts';
import { parseJson } from '../read.ts';
import type { JsonObject } from '../types.ts';
import { Copier } from './json-copy.ts';
import { splitName } from './native.ts';
import type { RowBuffer } from './rows.ts';

const COMMA = 0x2c;

/**
 * What a column has of an event. Up to `ESCAPED_QUOTED`, it is a string, and stands between its quotes; such as are known
 * to need quotes in CSV are `QUOTED`.
 */
export const [BARE, QUOTED, ESCAPED, ESCAPED_QUOTED, PLAIN, NESTED, NULL] = [0, 1, 2, 3, 4, 5, 6];

const EMPTY: Buffer = Buffer.of();

/** A column that is a field of an event, or of an object in it. */
export interface Picked {
  readonly column: number;
  readonly field: string;
  readonly sub: string | null;
}

/** Some of the columns, by their names. */
export function pickedOf(columns: readonly { readonly name: string }[], names: readonly string[]): readonly Picked[] {
  return names.map((name) => {
    const [field, sub] = splitName(name);
    return { column: columns.findIndex((column) => column.name === name), field, sub };
  });
}

/** Where an event has its columns, and what becomes of them. */
export class FoundCells {
  readonly #count: number;
  /** Counts the events that were begun. */
  #event = 0;
  /** Of each column: the last event that has it, what it has there, and where, which is no farther than a text is long. */
  readonly #events: Int32Array;
  readonly #kinds: Uint8Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** Where the last event was written from, and into. */
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

  /** Begins an event, and gives its number. */
  begin(): number {
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
  instant(bytes: Buffer, column: number): number | null {
    return instantAt(bytes, this.#starts[column] as number, this.#ends[column] as number);
  }

  /** Some columns of the event, as the fields that they are. */
  pick(bytes: Buffer, columns: readonly Picked[]): JsonObject {
    const event: Record<string, unknown> = {};
    for (const { column, field, sub } of columns) {
      if (this.#events[column] !== this.#event) continue;
      const value = this.value(bytes, column);
      if (sub === null) event[field] = value;
      else if (event[field] === undefined) event[field] = { [sub]: value };
      else (event[field] as Record<string, unknown>)[sub] = value;
    }
    return event;
  }

  /** What a column has of the event. */
  value(bytes: Buffer, column: number): unknown {
    const [from, to] = [this.#starts[column] as number, this.#ends[column] as number];
    const kind = this.#kinds[column] as number;
    if (kind < ESCAPED) return bytes.toString('utf8', from, to);
    if (kind <= ESCAPED_QUOTED) return JSON.parse(bytes.toString('utf8', from - 1, to + 1));
    return kind === NULL ? null : parseJson(bytes.toString('utf8', from, to), 'an event');
  }

  /** Writes the row of the event, which takes so many bytes of JSON. */
  write(bytes: Buffer, length: number, rows: RowBuffer): void {
    // Each byte becomes two at most; beside them, each cell has two quotes and a comma.
    const into = rows.room(2 * length + 3 * this.#count);
    const copier = this.#copierOf(bytes, into);
    let at = rows.length;
    for (let column = 0; column < this.#count; column++) {
      if (this.#events[column] === this.#event) {
        const from = this.#starts[column] as number;
        const to = this.#ends[column] as number;
        const kind = this.#kinds[column] as number;
        // The quotes of the JSON are those of the CSV.
        if (kind === BARE || kind === PLAIN) at = copier.copy(from, to, at);
        else if (kind === QUOTED) at = copier.copy(from - 1, to + 1, at);
        else if (kind === NESTED) at = copier.quote(from, to, at);
        else if (kind !== NULL) at = copier.unescape(from, to, at, kind === ESCAPED_QUOTED);
      }
      into[at++] = COMMA;
    }
    // Nothing is left over for `extra`.
    rows.end(at);
  }

  /** Writes the JSON from `from` up to `to` as a cell, into memory that has room for each byte twice, and for two quotes. */
  quote(bytes: Buffer, from: number, to: number, into: Buffer, at: number): number {
    return this.#copierOf(bytes, into).quote(from, to, at);
  }

  #copierOf(bytes: Buffer, into: Buffer): Copier {
    if (this.#from !== bytes || this.#into !== into) {
      this.#from = bytes;
      this.#into = into;
      this.#copier = new Copier(bytes, into);
    }
    return this.#copier;
  }
}
