import { Pieces } from './pieces.ts';
import { asArray, asObject, field, MOST_LEVELS, notJson, parseJson, unreadable, withoutMark } from './read.ts';
import type { JsonObject } from './types.ts';

/** Where a response has its array. */
export interface Place {
  /** The field of the response's object that is the array; null: the response itself is the array. */
  readonly field: string | null;
  /** Whether the response itself may be the array all the same. */
  readonly orArray?: boolean;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The bytes outside strings that matter here; in UTF-8 none of them is a part of another character. */
const SIGNS = new Uint8Array(256);
for (const byte of [QUOTE, COMMA, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT]) SIGNS[byte] = 1;

/** White space, and the bytes of a byte order mark; the parser judges where they may stand. */
const BLANK = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/**
 * Takes JSON apart at the commas of one array, in chunks that are cut anywhere. It follows brackets and quotes alone:
 * what stands between commas, and the rest around the array, is for the parser to judge. Where the parser takes each of
 * them, it would take the whole; and where it would not take the whole, one of them holds the reason.
 */
export class Splitter {
  readonly #place: Place;
  readonly #where: string;
  #phase: 'before' | 'within' | 'after' = 'before';
  #isQuoted = false;
  /** Whether a backslash has just taken the next byte's meaning. */
  #isEscaped = false;
  /** Brackets that are open; within the array, those of its elements alone. */
  #depth = 0;
  /** Brackets around an element: 1 where the response itself is the array, else 2. */
  #around = 0;
  /** Whether a string that starts here is a name of the response's object. */
  #nameMayStart = false;
  /** The last such name, with its quotes; null where it is none that matters. */
  #name: number[] | null = null;
  /** Whether the value that starts here has to be the array. */
  #isDue = false;
  /** All that is not within the array. */
  readonly #rest: Pieces;
  /** What is, since the last batch. */
  readonly #elements: Pieces;
  #batches = 0;
  /** Characters before the array's first one, and from there to the end of the last batch. */
  #charsBefore = 0;
  #charsWithin = 0;

  constructor(place: Place, where: string) {
    this.#place = place;
    this.#where = where;
    this.#rest = new Pieces(where);
    this.#elements = new Pieces(where);
  }

  /** The elements that are whole since the last time, none or one batch of them. Throws `protocol`, `incomplete`. */
  *push(chunk: Buffer): Generator<readonly unknown[]> {
    let at = this.#phase === 'before' ? this.#passRest(chunk, 0) : 0;
    if (this.#phase === 'within') {
      const { end, comma } = this.#passElements(chunk, at);
      const closed = end < chunk.length;
      const until = closed ? end : comma;
      if (until >= 0) {
        this.#elements.add(chunk.subarray(at, until));
        const batch = this.#parseBatch(closed);
        if (batch.length > 0) yield batch;
        at = until + 1;
      }
      if (closed) {
        this.#phase = 'after';
        this.#depth = this.#around - 1;
        this.#rest.add(chunk.subarray(end, at));
      } else this.#elements.add(chunk.subarray(at));
    }
    if (this.#phase === 'after') this.#passRest(chunk, at);
  }

  /** The response's object with the array emptied, or null where it is the array itself. Throws `protocol`, `incomplete`. */
  finish(): JsonObject | null {
    const placeOf = (position: number) => position + (position < this.#charsBefore ? 0 : this.#charsWithin);
    const value = parseJson(withoutMark(this.#rest.takeText()), this.#where, placeOf);
    if (this.#around === 1 || this.#place.field === null) {
      asArray(value, 'the answer', this.#where);
      return null;
    }
    const object = asObject(value, 'the answer', this.#where);
    asArray(field(object, this.#place.field), `\`${this.#place.field}\``, this.#where);
    return object;
  }

  /** Goes on to the array's first byte, or to the end. Gives where that is. */
  #passRest(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#phase !== 'within') {
      const byte = chunk[at++] as number;
      if (this.#isQuoted) this.#passQuoted(byte);
      else if (!BLANK.has(byte)) this.#passSign(byte);
    }
    this.#rest.add(chunk.subarray(from, at));
    if (this.#phase === 'within') this.#charsBefore = withoutMark(this.#rest.text()).length;
    return at;
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
      this.#depth = 0;
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

  /** Where the array ends in this chunk, its length if it does not; and the last comma between elements, or -1. */
  #passElements(chunk: Buffer, from: number): { end: number; comma: number } {
    let depth = this.#depth;
    let isQuoted = this.#isQuoted;
    let at = this.#isEscaped ? from + 1 : from;
    let comma = -1;
    let end = chunk.length;
    while (at < chunk.length) {
      if (isQuoted) {
        while (at < chunk.length && chunk[at] !== QUOTE && chunk[at] !== BACKSLASH) at++;
        if (at === chunk.length) break;
        if (chunk[at] === QUOTE) isQuoted = false;
        at += isQuoted ? 2 : 1;
        continue;
      }
      while (at < chunk.length && SIGNS[chunk[at] as number] === 0) at++;
      const byte = chunk[at];
      if (byte === QUOTE) isQuoted = true;
      else if (byte === COMMA) comma = depth === 0 ? at : comma;
      else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++;
      else if (byte !== undefined && --depth < 0) {
        end = at;
        break;
      }
      at++;
    }
    this.#depth = depth;
    this.#isQuoted = isQuoted;
    // A backslash at the end takes the meaning of the next chunk's first byte.
    this.#isEscaped = isQuoted && at > chunk.length;
    return { end, comma };
  }

  #parseBatch(isLast: boolean): readonly unknown[] {
    const text = `[${this.#elements.takeText()}]`;
    const placeOf = (position: number) => this.#charsBefore + this.#charsWithin + position - 1;
    const levels = MOST_LEVELS + 1 - this.#around;
    const batch = asArray(parseJson(text, this.#where, placeOf, levels), 'the batch', this.#where);
    // Between two commas, and between one and the end, there has to be something.
    if (batch.length === 0 && (this.#batches > 0 || !isLast)) throw notJson(placeOf(1), this.#where);
    this.#batches += 1;
    this.#charsWithin += text.length - (isLast ? 2 : 1);
    return batch;
  }
}
