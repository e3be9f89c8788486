import { TextBuffer } from './text-buffer.ts';
import {
  asArray,
  asObject,
  field,
  type JsonObject,
  parseJson,
  unexpectedResponseError,
  withoutByteOrderMark,
} from './values.ts';

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
  readonly #location: ArrayLocation;
  readonly #where: string;
  #phase: 'before' | 'within' | 'after' = 'before';
  #isQuoted = false;
  /** Whether a backslash has just taken the next byte's meaning. */
  #isEscaped = false;
  /** Brackets that are open. */
  #depth = 0;
  #elementDepth = 0;
  /** Whether a string that starts here is a name of the response's object. */
  #nameMayStart = false;
  /** The last such name, with its quotes; null where it is none that matters. */
  #name: number[] | null = null;
  /** Whether the value that starts here has to be the array. */
  #isArrayExpected = false;
  readonly #text: TextBuffer;
  #charsBefore = 0;

  constructor(location: ArrayLocation, where: string) {
    this.#location = location;
    this.#where = where;
    this.#text = new TextBuffer(where);
  }

  get phase(): 'before' | 'within' | 'after' {
    return this.#phase;
  }

  /** Brackets around an element: 1 where the response itself is the array, else 2. */
  get elementDepth(): number {
    return this.#elementDepth;
  }

  /** Characters before the array's first one. */
  get charsBefore(): number {
    return this.#charsBefore;
  }

  /** Goes on to the array's first byte, or to the end. Gives where that is. Throws `protocol`, `incomplete`. */
  read(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#phase !== 'within') {
      const byte = chunk[at++] as number;
      if (this.#isQuoted) this.#readQuoted(byte);
      else if (!BLANK.has(byte)) this.#readSign(byte);
    }
    this.#text.add(chunk.subarray(from, at));
    if (this.#phase === 'within') this.#charsBefore = withoutByteOrderMark(this.#text.text()).length;
    return at;
  }

  /** Leaves the array, by the bracket at `at`; gives the place behind it. */
  closeArray(chunk: Buffer, at: number): number {
    this.#phase = 'after';
    this.#text.add(chunk.subarray(at, at + 1));
    return at + 1;
  }

  /**
   * The response's object with the array emptied, or null where it is the array itself. Throws `protocol`, `incomplete`.
   * @param placeOf says where in the response a character stands, the array's own left out
   */
  finish(placeOf: (position: number) => number): JsonObject | null {
    const value = parseJson(withoutByteOrderMark(this.#text.takeText()), this.#where, placeOf);
    if (this.#elementDepth === 1 || this.#location.field === null) {
      asArray(value, 'the answer', this.#where);
      return null;
    }
    const object = asObject(value, 'the answer', this.#where);
    asArray(field(object, this.#location.field), `\`${this.#location.field}\``, this.#where);
    return object;
  }

  #readQuoted(byte: number): void {
    // A character of a name is written with six bytes at most.
    if (this.#name !== null && this.#name.push(byte) > 6 * (this.#location.field?.length ?? 0) + 2) this.#name = null;
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#isQuoted = false;
  }

  #readSign(byte: number): void {
    if (this.#phase === 'before' && (this.#isArrayExpected || this.#depth === 0) && this.#startsArray(byte)) return;
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
        this.#isArrayExpected = this.#depth === 1 && this.#isNameOfArray();
        this.#name = null;
        if (this.#isArrayExpected && this.#phase === 'after') {
          throw unexpectedResponseError(`The field ${this.#location.field} comes twice.`, this.#where);
        }
    }
  }

  /** Whether the array starts with this byte. Throws where it would have to, or may not. */
  #startsArray(byte: number): boolean {
    const { field: name, orArray = false } = this.#location;
    const fits = this.#isArrayExpected || name === null || orArray;
    if (byte === OPEN_ARRAY && fits) {
      this.#phase = 'within';
      this.#elementDepth = this.#depth + 1;
      this.#isArrayExpected = false;
      return true;
    }
    if (this.#isArrayExpected) throw unexpectedResponseError(`Expected \`${name}\` to be an array.`, this.#where);
    if (byte === OPEN_ARRAY)
      throw unexpectedResponseError('Expected the answer to be an object, not an array.', this.#where);
    if (byte === OPEN_OBJECT && name === null) {
      throw unexpectedResponseError('Expected the answer to be an array, not an object.', this.#where);
    }
    return false;
  }

  #isNameOfArray(): boolean {
    try {
      return this.#name !== null && JSON.parse(Buffer.from(this.#name).toString()) === this.#location.field;
    } catch {
      return false;
    }
  }
}
