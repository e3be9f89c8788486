import { needsQuotesAtEnds } from '../../csv/csv-row.ts';
import { ESCAPES, hexUnit, passName, passPlain, skipBlank } from '../../json/literals.ts';
import { Tokenizer } from '../../json/tokenizer.ts';
import type { EventShape } from '../../vendors/contract.ts';
import { BARE, CellSlices, ESCAPED, ESCAPED_QUOTED, LOOSE, NESTED, NULL, PLAIN, QUOTED } from './cell-slices.ts';
import { type Field, fieldAt, fieldsOf, isAt } from './field-tree.ts';

const [SPACE, QUOTE, COMMA, SLASH, COLON, BACKSLASH] = [0x20, 0x22, 0x2c, 0x2f, 0x3a, 0x5c];
const [OPEN_ARRAY, OPEN_OBJECT, CLOSE_OBJECT, LETTER_N, LETTER_R, LETTER_U] = [0x5b, 0x7b, 0x7d, 0x6e, 0x72, 0x75];

/** Marks the bytes that stand for themselves in a JSON string and in a bare cell. */
const ORDINARY = new Uint8Array(256).fill(1, SPACE);
for (const byte of [QUOTE, COMMA, BACKSLASH]) ORDINARY[byte] = 0;

/**
 * Scans events, one at a time, byte by byte, and finds the slices of their columns. An example:
 *
 *     {"id":"7","actor":{"email":"a@b.c","role":"x"},"note":"a, b","count":3,"new":[1, 2]}
 *
 * With the columns `id`, `actor.email`, `note` and `count`, `id` is the bare slice `7`, `actor.email` the bare slice
 * `a@b.c`, `note` the slice `a, b`, which needs quotes, and `count` the plain slice `3`. No column holds `actor.role` and
 * `new`, so they are left over. Copied, that is the row `7,a@b.c,"a, b",3,"{""actor"":{""role"":""x""},""new"":[1,2]}"`.
 *
 * The reference is `nativeRow` over `JSON.parse`: property tests and `npm run trial -- rows` hold both to the same bytes.
 */
export class EventScanner {
  /** The slices of the event that was scanned last. */
  readonly slices: CellSlices;
  readonly #tokenizer = new Tokenizer();
  readonly #fields: readonly Field[];
  readonly #time: number;
  readonly #id: number;
  readonly #strings: readonly (readonly number[])[];
  /** Number of the event. */
  #event = 0;
  /** Whether all that the tokenizer does not see of the event is written as `JSON.stringify` writes it. */
  #isCompact = true;

  constructor({ columns, time, id, strings }: EventShape) {
    const names = columns.map(({ name }) => name);
    const place = (name: string) => {
      if (!names.includes(name)) throw new Error(`There is no column ${name}.`);
      return names.indexOf(name);
    };
    this.slices = new CellSlices(names.length);
    this.#fields = fieldsOf(names);
    this.#time = place(time);
    this.#id = id === null ? -1 : place(id);
    this.#strings = strings.map((some) => some.map(place));
  }

  /**
   * Scans the object at `from`, and returns the place behind it; -1 where the object has to be parsed, or may go on
   * behind `end`, the last byte's place.
   */
  scan(bytes: Buffer, from: number, end: number): number {
    this.#event = this.slices.begin(bytes);
    this.#isCompact = true;
    const to = this.#scanFields(bytes, from, end, this.#fields, -1, -1);
    if (to === -1 || !this.slices.isString(this.#time) || (this.#id !== -1 && !this.slices.isString(this.#id)))
      return -1;
    for (const some of this.#strings) {
      let found = false;
      for (const column of some) found ||= this.slices.isString(column);
      if (!found) return -1;
    }
    this.slices.end(from, to, this.#isCompact);
    return to;
  }

  /** The time of the event that was scanned last, in milliseconds since 1970; null where it is not a date-time without escapes. */
  get time(): number | null {
    return this.slices.instant(this.#time);
  }

  /** Whether the event that was scanned last is written as `JSON.stringify` writes it. */
  get isCompact(): boolean {
    return this.#isCompact;
  }

  /** The id of the event that was scanned last; null where it has none. */
  get id(): string | null {
    return this.#id === -1 ? null : this.slices.string(this.#id);
  }

  /** Scans the fields of the event, or of an object in it, whose name lies in `[nameFrom, nameTo)`. */
  #scanFields(
    bytes: Buffer,
    from: number,
    end: number,
    fields: readonly Field[],
    nameFrom: number,
    nameTo: number,
  ): number {
    let at = this.#skipBlank(bytes, from + 1, end);
    if (at >= end) return -1;
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    let before: Field | null = null;
    let expected: Field | null = fields[0] ?? null;
    for (;;) {
      let field = expected;
      if (field === null || !isAt(field.name, bytes, at, end)) {
        field = fieldAt(bytes, at, end, fields);
        if (field !== null && before !== null) before.next = field;
      }
      if (field === null) {
        at = this.#scanUnknown(bytes, at, end, nameFrom, nameTo);
      } else {
        if (field.event === this.#event) return -1;
        field.event = this.#event;
        before = field;
        expected = field.next;
        at = this.#scanKnown(bytes, at, end, field, nameFrom, nameTo);
      }
      if (at === -1) return -1;

      at = this.#skipBlank(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE_OBJECT) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = this.#skipBlank(bytes, at + 1, end);
    }
  }

  /** Returns the place of the value behind a name that ends at `nameTo`; -1 where there is none. */
  #valueAt(bytes: Buffer, nameTo: number, end: number): number {
    let at = nameTo;
    if (bytes[at] !== COLON) at = this.#skipBlank(bytes, at, end);
    if (bytes[at] !== COLON || at >= end) return -1;
    at = this.#skipBlank(bytes, at + 1, end);
    return at >= end ? -1 : at;
  }

  #scanKnown(bytes: Buffer, nameFrom: number, end: number, field: Field, outerFrom: number, outerTo: number): number {
    const nameTo = nameFrom + field.name.length;
    const at = this.#valueAt(bytes, nameTo, end);
    if (at === -1) return -1;
    const byte = bytes[at];
    const { column, fields } = field;
    if (byte === OPEN_OBJECT && fields !== null) return this.#scanFields(bytes, at, end, fields, nameFrom, nameTo);
    if (column === -1) {
      // Where a column holds a part of an object, null leaves nothing over, and any other value all of it.
      return byte === LETTER_N
        ? passPlain(bytes, at, end)
        : this.#leave(bytes, at, end, outerFrom, outerTo, nameFrom, nameTo);
    }
    if (byte === QUOTE) return this.#scanString(bytes, at + 1, end, column);
    if (byte !== OPEN_OBJECT && byte !== OPEN_ARRAY) {
      const to = passPlain(bytes, at, end);
      this.slices.put(column, byte === LETTER_N ? NULL : PLAIN, at, to);
      return to;
    }
    const to = this.#passNested(bytes, at, end);
    this.slices.put(column, this.#tokenizer.isCompact ? NESTED : LOOSE, at, to);
    return to;
  }

  #scanUnknown(bytes: Buffer, nameFrom: number, end: number, outerFrom: number, outerTo: number): number {
    const nameTo = passName(bytes, nameFrom, end);
    if (nameTo === -1) return -1;
    const at = this.#valueAt(bytes, nameTo, end);
    return at === -1 ? -1 : this.#leave(bytes, at, end, outerFrom, outerTo, nameFrom, nameTo);
  }

  /** Adds the field whose value stands at `at` to what no column holds, and returns the place behind it. */
  #leave(
    bytes: Buffer,
    at: number,
    end: number,
    outerFrom: number,
    outerTo: number,
    nameFrom: number,
    nameTo: number,
  ): number {
    const { leftovers } = this.slices;
    if (!leftovers.add(bytes, outerFrom, outerTo, nameFrom, nameTo)) return -1;
    const byte = bytes[at];
    const tokenizer = this.#tokenizer;
    tokenizer.isCompact = true;
    let to: number;
    if (byte === QUOTE) to = tokenizer.passString(bytes, at, end);
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) to = tokenizer.passNested(bytes, at, end);
    else to = passPlain(bytes, at, end);
    this.#isCompact &&= tokenizer.isCompact;
    leftovers.setValue(at, to, tokenizer.isCompact);
    return to;
  }

  #passNested(bytes: Buffer, at: number, end: number): number {
    this.#tokenizer.isCompact = true;
    const to = this.#tokenizer.passNested(bytes, at, end);
    this.#isCompact &&= this.#tokenizer.isCompact;
    return to;
  }

  #skipBlank(bytes: Buffer, at: number, end: number): number {
    if ((bytes[at] as number) > SPACE) return at;
    this.#isCompact = false;
    return skipBlank(bytes, at, end);
  }

  #scanString(bytes: Buffer, from: number, end: number, column: number): number {
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
          this.#isCompact = false;
          if (letter === LETTER_U) {
            if (hexUnit(bytes, at + 1, end) === -1) return -1;
            at += 4;
          } else if (letter !== SLASH) return -1;
        }
        kind |= letter === QUOTE || letter === LETTER_N || letter === LETTER_R ? ESCAPED_QUOTED : ESCAPED;
      } else kind |= QUOTED;
      at += 1;
    }
    if (kind === BARE && needsQuotesAtEnds(bytes, from, at)) kind = QUOTED;
    this.slices.put(column, kind, from, at);
    return at + 1;
  }
}
