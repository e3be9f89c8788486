import { parseInstant } from '../instant.ts';
import type { EventShape } from '../types.ts';
import { Copier } from './json-copy.ts';
import { type Field, fieldAt, fieldsOf, isAt } from './json-fields.ts';
import { ESCAPES, passNested, passPlain, skipBlank } from './json-scan.ts';
import { needsQuotesAtEnds } from './row.ts';
import type { RowBuffer } from './rows.ts';

const [SPACE, QUOTE, COMMA, SLASH, COLON, BACKSLASH] = [0x20, 0x22, 0x2c, 0x2f, 0x3a, 0x5c];
const [OPEN_ARRAY, OPEN_OBJECT, CLOSE_OBJECT, LETTER_N, LETTER_R] = [0x5b, 0x7b, 0x7d, 0x6e, 0x72];

/**
 * What a column has of an event. Up to `ESCAPED_QUOTED`, it is a string, and stands between its quotes; such as are known
 * to need quotes in CSV are `QUOTED`.
 */
const [BARE, QUOTED, ESCAPED, ESCAPED_QUOTED, PLAIN, NESTED, NULL] = [0, 1, 2, 3, 4, 5, 6];

const EMPTY: Buffer = Buffer.of();

/** Bytes that say the same in a string and in a bare cell. */
const ORDINARY = new Uint8Array(256).fill(1, SPACE);
for (const byte of [QUOTE, COMMA, BACKSLASH]) ORDINARY[byte] = 0;

/** One event at a time, from JSON to the cells of its native row, byte by byte. */
export class JsonCells {
  readonly #fields: readonly Field[];
  readonly #columns: number;
  readonly #time: number;
  readonly #id: number;
  readonly #strings: readonly (readonly number[])[];
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

  constructor({ columns, time, id, strings }: EventShape) {
    const names = columns.map(({ name }) => name);
    const place = (name: string) => {
      if (!names.includes(name)) throw new Error(`There is no column ${name}.`);
      return names.indexOf(name);
    };
    this.#fields = fieldsOf(names);
    this.#columns = names.length;
    this.#time = place(time);
    this.#id = id === null ? -1 : place(id);
    this.#strings = strings.map((some) => some.map(place));
    this.#events = new Int32Array(names.length);
    this.#kinds = new Uint8Array(names.length);
    this.#starts = new Int32Array(names.length);
    this.#ends = new Int32Array(names.length);
  }

  /**
   * Goes over the object at `at`, and gives the place behind it; -1 where it is in any way out of the ordinary, or may
   * go on behind `end`, the last byte's place.
   */
  scan(bytes: Buffer, at: number, end: number): number {
    this.#event += 1;
    const to = this.#passFields(bytes, at, end, this.#fields);
    if (to === -1 || !this.#isString(this.#time) || (this.#id !== -1 && !this.#isString(this.#id))) return -1;
    for (const some of this.#strings) {
      let found = false;
      for (const column of some) found ||= this.#isString(column);
      if (!found) return -1;
    }
    return to;
  }

  /** The time of the event that was gone over; null where it is none, or written with escapes, as no instant is. */
  time(bytes: Buffer): number | null {
    return parseInstant(bytes.toString('latin1', this.#starts[this.#time], this.#ends[this.#time]));
  }

  /** The id of the event that was gone over; null where it has none. */
  id(bytes: Buffer): string | null {
    if (this.#id === -1) return null;
    const [from, to] = [this.#starts[this.#id] as number, this.#ends[this.#id] as number];
    if ((this.#kinds[this.#id] as number) >= ESCAPED) return JSON.parse(bytes.toString('utf8', from - 1, to + 1));
    return bytes.toString('utf8', from, to);
  }

  /** Writes the row of the event that was gone over, which takes so many bytes of JSON. */
  write(bytes: Buffer, length: number, rows: RowBuffer): void {
    // Each byte becomes two at most; beside them, each cell has two quotes and a comma.
    const into = rows.room(2 * length + 3 * this.#columns);
    if (this.#from !== bytes || this.#into !== into) {
      this.#from = bytes;
      this.#into = into;
      this.#copier = new Copier(bytes, into);
    }
    const copier = this.#copier;
    let at = rows.length;
    for (let column = 0; column < this.#columns; column++) {
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

  #isString(column: number): boolean {
    return this.#events[column] === this.#event && (this.#kinds[column] as number) <= ESCAPED_QUOTED;
  }

  #passFields(bytes: Buffer, from: number, end: number, fields: readonly Field[]): number {
    let at = skipBlank(bytes, from + 1, end);
    if (at >= end) return -1;
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    let before: Field | null = null;
    let field: Field | null = fields[0] ?? null;
    for (;;) {
      if (field === null || !isAt(field.name, bytes, at, end)) {
        field = fieldAt(bytes, at, end, fields);
        if (field === null) return -1;
        if (before !== null) before.next = field;
      }
      if (field.event === this.#event) return -1;
      field.event = this.#event;
      before = field;

      at += field.name.length;
      if (bytes[at] !== COLON) at = skipBlank(bytes, at, end);
      if (bytes[at] !== COLON || at >= end) return -1;
      at += 1;
      if ((bytes[at] as number) <= SPACE) at = skipBlank(bytes, at, end);
      at = this.#passValue(bytes, at, end, field);
      if (at === -1) return -1;

      if ((bytes[at] as number) <= SPACE) at = skipBlank(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE_OBJECT) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at += 1;
      if ((bytes[at] as number) <= SPACE) at = skipBlank(bytes, at, end);
      field = field.next;
    }
  }

  #passValue(bytes: Buffer, at: number, end: number, { column, fields }: Field): number {
    const byte = bytes[at];
    if (byte === OPEN_OBJECT && fields !== null) return this.#passFields(bytes, at, end, fields);
    if (column === -1) return byte === LETTER_N ? passPlain(bytes, at, end) : -1;
    if (byte === QUOTE) return this.#passString(bytes, at + 1, end, column);
    const isNested = byte === OPEN_OBJECT || byte === OPEN_ARRAY;
    const to = isNested ? passNested(bytes, at, end) : passPlain(bytes, at, end);
    this.#put(column, isNested ? NESTED : byte === LETTER_N ? NULL : PLAIN, at, to);
    return to;
  }

  #passString(bytes: Buffer, from: number, end: number, column: number): number {
    let kind: number = BARE;
    let at = from;
    for (;;) {
      while (at < end && ORDINARY[bytes[at] as number] === 1) at++;
      if (at >= end) return -1;
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      if (byte < SPACE) return -1;
      if (byte === BACKSLASH) {
        const letter = bytes[++at] as number;
        if (ESCAPES[letter] === 0 && letter !== SLASH) return -1;
        kind |= letter === QUOTE || letter === LETTER_N || letter === LETTER_R ? ESCAPED_QUOTED : ESCAPED;
      } else kind |= QUOTED;
      at += 1;
    }
    if (kind === BARE && needsQuotesAtEnds(bytes, from, at)) kind = QUOTED;
    this.#put(column, kind, from, at);
    return at + 1;
  }

  #put(column: number, kind: number, from: number, to: number): void {
    this.#events[column] = this.#event;
    this.#kinds[column] = kind;
    this.#starts[column] = from;
    this.#ends[column] = to;
  }
}
