import { constants } from 'node:buffer';
import { decodeUtf8, tooLongError } from './values.ts';

/** Collects chunks of bytes that make one text together. */
export class TextBuffer {
  readonly #where: string;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(where: string) {
    this.#where = where;
  }

  /** Adds a chunk, without a copy. Throws `incomplete` if the text would be longer than a string can be. */
  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > constants.MAX_STRING_LENGTH) throw tooLongError(this.#bytes, this.#where);
  }

  /** Returns the text. Throws `protocol` if the bytes are not UTF-8. */
  text(): string {
    return decodeUtf8(Buffer.concat(this.#chunks, this.#bytes), this.#where);
  }

  /** Returns the text, and empties the buffer. Throws `protocol` if the bytes are not UTF-8. */
  takeText(): string {
    const text = this.text();
    this.#chunks = [];
    this.#bytes = 0;
    return text;
  }
}
