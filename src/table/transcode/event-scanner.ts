import { needsQuotesAtEnds } from '../../csv/csv-row.ts';
import { ESCAPES, passNested, passPlain, skipBlank } from '../../json/tokenizer.ts';
import type { EventShape } from '../../vendors/contract.ts';
import { BARE, CellSlices, ESCAPED, ESCAPED_QUOTED, NESTED, NULL, PLAIN, QUOTED } from './cell-slices.ts';
import { type Field, fieldAt, fieldsOf, isAt } from './field-tree.ts';

const [SPACE, QUOTE, COMMA, SLASH, COLON, BACKSLASH] = [0x20, 0x22, 0x2c, 0x2f, 0x3a, 0x5c];
const [OPEN_ARRAY, OPEN_OBJECT, CLOSE_OBJECT, LETTER_N, LETTER_R] = [0x5b, 0x7b, 0x7d, 0x6e, 0x72];

/** Bytes that say the same in a string and in a bare cell. */
const ORDINARY = new Uint8Array(256).fill(1, SPACE);
for (const byte of [QUOTE, COMMA, BACKSLASH]) ORDINARY[byte] = 0;

/** Goes over events, one at a time, byte by byte, and finds what they have in their columns. */
export class EventScanner {
  /** Of the event that was gone over. */
  readonly found: CellSlices;
  readonly #fields: readonly Field[];
  readonly #time: number;
  readonly #id: number;
  readonly #strings: readonly (readonly number[])[];
  /** The number of the event. */
  #event = 0;
  #isTight = true;

  constructor({ columns, time, id, strings }: EventShape) {
    const names = columns.map(({ name }) => name);
    const place = (name: string) => {
      if (!names.includes(name)) throw new Error(`There is no column ${name}.`);
      return names.indexOf(name);
    };
    this.found = new CellSlices(names.length);
    this.#fields = fieldsOf(names);
    this.#time = place(time);
    this.#id = id === null ? -1 : place(id);
    this.#strings = strings.map((some) => some.map(place));
  }

  /**
   * Goes over the object at `at`, and gives the place behind it; -1 where it is in any way out of the ordinary, or may
   * go on behind `end`, the last byte's place.
   */
  scan(bytes: Buffer, at: number, end: number): number {
    this.#event = this.found.begin(bytes);
    this.#isTight = true;
    const to = this.#passFields(bytes, at, end, this.#fields);
    if (to === -1 || !this.found.isString(this.#time) || (this.#id !== -1 && !this.found.isString(this.#id))) return -1;
    for (const some of this.#strings) {
      let found = false;
      for (const column of some) found ||= this.found.isString(column);
      if (!found) return -1;
    }
    return to;
  }

  /** The time of the event that was gone over; null where it is none, or written with escapes, as no instant is. */
  get time(): number | null {
    return this.found.instant(this.#time);
  }

  /** Whether the event that was gone over is written as `JSON.stringify` writes it. */
  get isCompact(): boolean {
    return this.#isTight;
  }

  /** The id of the event that was gone over; null where it has none. */
  get id(): string | null {
    return this.#id === -1 ? null : this.found.text(this.#id);
  }

  #passFields(bytes: Buffer, from: number, end: number, fields: readonly Field[]): number {
    let at = this.#skipBlank(bytes, from + 1, end);
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
      if (bytes[at] !== COLON) at = this.#skipBlank(bytes, at, end);
      if (bytes[at] !== COLON || at >= end) return -1;
      at += 1;
      at = this.#skipBlank(bytes, at, end);
      at = this.#passValue(bytes, at, end, field);
      if (at === -1) return -1;

      at = this.#skipBlank(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE_OBJECT) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at += 1;
      at = this.#skipBlank(bytes, at, end);
      field = field.next;
    }
  }

  #skipBlank(bytes: Buffer, at: number, end: number): number {
    if ((bytes[at] as number) > SPACE) return at;
    this.#isTight = false;
    return skipBlank(bytes, at, end);
  }

  #passValue(bytes: Buffer, at: number, end: number, { column, fields }: Field): number {
    const byte = bytes[at];
    if (byte === OPEN_OBJECT && fields !== null) return this.#passFields(bytes, at, end, fields);
    if (column === -1) return byte === LETTER_N ? passPlain(bytes, at, end) : -1;
    if (byte === QUOTE) return this.#passString(bytes, at + 1, end, column);
    const isNested = byte === OPEN_OBJECT || byte === OPEN_ARRAY;
    const to = isNested ? passNested(bytes, at, end) : passPlain(bytes, at, end);
    this.found.put(column, isNested ? NESTED : byte === LETTER_N ? NULL : PLAIN, at, to);
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
        if (ESCAPES[letter] === 0) {
          if (letter !== SLASH) return -1;
          this.#isTight = false;
        }
        kind |= letter === QUOTE || letter === LETTER_N || letter === LETTER_R ? ESCAPED_QUOTED : ESCAPED;
      } else kind |= QUOTED;
      at += 1;
    }
    if (kind === BARE && needsQuotesAtEnds(bytes, from, at)) kind = QUOTED;
    this.found.put(column, kind, from, at);
    return at + 1;
  }
}
