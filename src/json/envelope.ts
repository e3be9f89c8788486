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

/** Location of the array of events in a JSON response. */
export interface ArrayLocation {
  /** Field of the response's object that holds the array; null if the response itself is the array. */
  readonly field: string | null;
  /** Whether the response itself may be the array instead. */
  readonly orArray?: boolean;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** White space, and the bytes of a byte order mark; the parser judges whether they may stand there. */
const BLANK = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/**
 * JSON around one array of a response, which comes in chunks that may end anywhere. The envelope follows brackets and
 * quotes alone to find the array; at the end, the parser judges its text, with the array emptied.
 */
export class Envelope {
  readonly #location: ArrayLocation;
  readonly #where: string;
  #phase: 'before' | 'within' | 'after' = 'before';
  #isQuoted = false;
  /** Whether the last byte was a backslash, so that the next one is escaped. */
  #isEscaped = false;
  /** Open brackets. */
  #depth = 0;
  #elementDepth = 0;
  /** Whether a string that starts now is a name in the response's object. */
  #nameMayStart = false;
  /** Bytes of the last name in the response's object, with quotes; null if it cannot be that of the array. */
  #name: number[] | null = null;
  /** Whether the next value has to be the array. */
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

  /** Number of brackets around an element: 1 if the response itself is the array, else 2. */
  get elementDepth(): number {
    return this.#elementDepth;
  }

  /** Number of characters up to the array's opening bracket, inclusive. */
  get charsBefore(): number {
    return this.#charsBefore;
  }

  /**
   * Reads the chunk up to the array's first byte, or its end, and returns that place. Throws `protocol`, `incomplete`.
   */
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

  /** Ends the array with the bracket at `at`; returns the place behind the bracket. */
  closeArray(chunk: Buffer, at: number): number {
    this.#phase = 'after';
    this.#text.add(chunk.subarray(at, at + 1));
    return at + 1;
  }

  /**
   * Returns the response's object with the array emptied, or null if the response is the array.
   * Throws `protocol`, `incomplete`.
   * @param placeOf maps a position in the envelope's text to one in the response
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
    // A character of a name is written with at most six bytes: `\u0061`.
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

  /** Whether the array starts with this byte. Throws `protocol` if another value, or an array elsewhere, starts. */
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
