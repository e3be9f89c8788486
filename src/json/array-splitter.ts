import { type ArrayLocation, Envelope } from './envelope.ts';
import { TextBuffer } from './text-buffer.ts';
import { asArray, type JsonObject, MAX_LEVELS, notJsonError, parseJson } from './values.ts';

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Bytes outside strings that structure the JSON. In UTF-8, none of them is a part of another character. */
const SIGNS = new Uint8Array(256);
for (const byte of [QUOTE, COMMA, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT]) SIGNS[byte] = 1;

/**
 * Splits JSON at the commas of one array. The JSON comes in chunks that may end anywhere. The splitter follows brackets
 * and quotes alone; the parser judges each batch of elements, and the envelope around the array. If the parser accepts
 * all of these, it would accept the JSON as a whole; if it would reject the whole, it rejects one of these.
 */
export class ArraySplitter {
  readonly #where: string;
  readonly #envelope: Envelope;
  #isQuoted = false;
  /** Whether the last byte was a backslash, so that the next one is escaped. */
  #isEscaped = false;
  /** Open brackets within the array. */
  #depth = 0;
  /** Text of the array behind the last batch. */
  readonly #elements: TextBuffer;
  #batches = 0;
  /** Characters from the start of the array to the end of the last batch. */
  #charsWithin = 0;

  constructor(location: ArrayLocation, where: string) {
    this.#where = where;
    this.#envelope = new Envelope(location, where);
    this.#elements = new TextBuffer(where);
  }

  /**
   * Reads the next chunk, and yields the elements that it completes, as at most one batch. Throws `protocol`,
   * `incomplete`.
   */
  *push(chunk: Buffer): Generator<readonly unknown[]> {
    let at = this.#envelope.phase === 'before' ? this.#envelope.read(chunk, 0) : 0;
    if (this.#envelope.phase === 'within') {
      const { end, comma } = this.#findEnd(chunk, at);
      const closed = end < chunk.length;
      const until = closed ? end : comma;
      if (until >= 0) {
        this.#elements.add(chunk.subarray(at, until));
        const batch = this.#parseBatch(closed);
        if (batch.length > 0) yield batch;
        at = until + 1;
      }
      if (closed) this.#envelope.closeArray(chunk, end);
      else this.#elements.add(chunk.subarray(at));
    }
    if (this.#envelope.phase === 'after') this.#envelope.read(chunk, at);
  }

  /**
   * Returns the response's object with the array emptied, or null if the response is the array. Throws `protocol`,
   * `incomplete`.
   */
  finish(): JsonObject | null {
    const { charsBefore } = this.#envelope;
    return this.#envelope.finish((position) => position + (position < charsBefore ? 0 : this.#charsWithin));
  }

  /** Finds the end of the array in this chunk, or the chunk's length; and the last comma between elements, or -1. */
  #findEnd(chunk: Buffer, from: number): { end: number; comma: number } {
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
    // A backslash at the end escapes the first byte of the next chunk.
    this.#isEscaped = isQuoted && at > chunk.length;
    return { end, comma };
  }

  #parseBatch(isLast: boolean): readonly unknown[] {
    const text = `[${this.#elements.takeText()}]`;
    const placeOf = (position: number) => this.#envelope.charsBefore + this.#charsWithin + position - 1;
    const levels = MAX_LEVELS + 1 - this.#envelope.elementDepth;
    const batch = asArray(parseJson(text, this.#where, placeOf, levels), 'the batch', this.#where);
    // Only an empty array has nothing between two commas or brackets.
    if (batch.length === 0 && (this.#batches > 0 || !isLast)) throw notJsonError(placeOf(1), this.#where);
    this.#batches += 1;
    this.#charsWithin += text.length - (isLast ? 2 : 1);
    return batch;
  }
}
