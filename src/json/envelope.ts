import { TextBuffer } from './text-buffer.ts';
import { asArray, asObject, field, type JsonObject, parseJson, unreadable, withoutMark } from './values.ts';

/** Where a JSON response has its events. */
export interface ArrayLocation {
  /** The field of the response's object that is their array; null: the response itself is the array. */
  readonly field: string | null;
  /** Whether the response itself may be the array all the same. */
  readonly orArray?: boolean;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** White space, and the bytes of a byte order mark; the parser judges where they may stand. */
const BLANK = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/**
 * What stands around one array of a JSON response, in chunks that are cut anywhere. It follows brackets and quotes alone
 * to find the array; the parser judges the whole of it, with the array emptied.
 */
export class Envelope {
  readonly #place: ArrayLocation;
  readonly #where: string;
  #phase: 'before' | 'within' | 'after' = 'before';
  #isQuoted = false;
  /** Whether a backslash has just taken the next byte's meaning. */
  #isEscaped = false;
  /** Brackets that are open. */
  #depth = 0;
  #around = 0;
  /** Whether a string that starts here is a name of the response's object. */
  #nameMayStart = false;
  /** The last such name, with its quotes; null where it is none that matters. */
  #name: number[] | null = null;
  /** Whether the value that starts here has to be the array. */
  #isDue = false;
  readonly #pieces: TextBuffer;
  #charsBefore = 0;

  constructor(place: ArrayLocation, where: string) {
    this.#place = place;
    this.#where = where;
    this.#pieces = new TextBuffer(where);
  }

  get phase(): 'before' | 'within' | 'after' {
    return this.#phase;
  }

  /** Brackets around an element: 1 where the response itself is the array, else 2. */
  get around(): number {
    return this.#around;
  }

  /** Characters before the array's first one. */
  get charsBefore(): number {
    return this.#charsBefore;
  }

  /** Goes on to the array's first byte, or to the end. Gives where that is. Throws `protocol`, `incomplete`. */
  pass(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#phase !== 'within') {
      const byte = chunk[at++] as number;
      if (this.#isQuoted) this.#passQuoted(byte);
      else if (!BLANK.has(byte)) this.#passSign(byte);
    }
    this.#pieces.add(chunk.subarray(from, at));
    if (this.#phase === 'within') this.#charsBefore = withoutMark(this.#pieces.text()).length;
    return at;
  }

  /** Leaves the array, by the bracket at `at`; gives the place behind it. */
  leave(chunk: Buffer, at: number): number {
    this.#phase = 'after';
    this.#pieces.add(chunk.subarray(at, at + 1));
    return at + 1;
  }

  /**
   * The response's object with the array emptied, or null where it is the array itself. Throws `protocol`, `incomplete`.
   * @param placeOf says where in the response a character stands, the array's own left out
   */
  finish(placeOf: (position: number) => number): JsonObject | null {
    const value = parseJson(withoutMark(this.#pieces.takeText()), this.#where, placeOf);
    if (this.#around === 1 || this.#place.field === null) {
      asArray(value, 'the answer', this.#where);
      return null;
    }
    const object = asObject(value, 'the answer', this.#where);
    asArray(field(object, this.#place.field), `\`${this.#place.field}\``, this.#where);
    return object;
  }

  #passQuoted(byte: number): void {
    // A character of a name is written with six bytes at most.
    if (this.#name !== null && this.#name.push(byte) > 6 * (this.#place.field?.length ?? 0) + 2) this.#name = null;
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#isQuoted = false;
  }

  #passSign(byte: number): void {
    if (this.#phase === 'before' && (this.#isDue || this.#depth === 0) && this.#startsArray(byte)) return;
    switch (byte) {
      case QUOTE:
        this.#isQuoted = true;
        this.#name = this.#nameMayStart ? [byte] : null;
        this.#nameMayStart = false;
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        this.#depth += 1;
        this.#nameMayStart = this.#depth === 1;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        this.#depth -= 1;
        break;
      case COMMA:
        this.#nameMayStart = this.#depth === 1;
        break;
      case COLON:
        this.#isDue = this.#depth === 1 && this.#isOurs();
        this.#name = null;
        if (this.#isDue && this.#phase === 'after') {
          throw unreadable(`The field ${this.#place.field} comes twice.`, this.#where);
        }
    }
  }

  /** Whether the array starts with this byte. Throws where it would have to, or may not. */
  #startsArray(byte: number): boolean {
    const { field: name, orArray = false } = this.#place;
    const fits = this.#isDue || name === null || orArray;
    if (byte === OPEN_ARRAY && fits) {
      this.#phase = 'within';
      this.#around = this.#depth + 1;
      this.#isDue = false;
      return true;
    }
    if (this.#isDue) throw unreadable(`Expected \`${name}\` to be an array.`, this.#where);
    if (byte === OPEN_ARRAY) throw unreadable('Expected the answer to be an object, not an array.', this.#where);
    if (byte === OPEN_OBJECT && name === null) {
      throw unreadable('Expected the answer to be an array, not an object.', this.#where);
    }
    return false;
  }

  #isOurs(): boolean {
    try {
      return this.#name !== null && JSON.parse(Buffer.from(this.#name).toString()) === this.#place.field;
    } catch {
      return false;
    }
  }
}
