import { constants } from 'node:buffer';
import { decodeUtf8, tooLongError } from './values.ts';

/** Bytes that make one text once there are all of them. */
export class TextBuffer {
  readonly #where: string;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(where: string) {
    this.#where = where;
  }

  /** Keeps the piece as it is. Throws `incomplete` where all of them would be longer than a text can be. */
  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > constants.MAX_STRING_LENGTH) throw tooLongError(this.#bytes, this.#where);
  }

  /** Throws `protocol` where it is not UTF-8. */
  text(): string {
    return decodeUtf8(Buffer.concat(this.#chunks, this.#bytes), this.#where);
  }

  /** The text, and forgets it. Throws `protocol` where it is not UTF-8. */
  takeText(): string {
    const text = this.text();
    this.#chunks = [];
    this.#bytes = 0;
    return text;
  }
}
