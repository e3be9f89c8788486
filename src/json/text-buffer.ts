import { constants } from 'node:buffer';
import { readUtf8, tooLong } from './values.ts';

/** Bytes that make one text once there are all of them. */
export class TextBuffer {
  readonly #where: string;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(where: string) {
    this.#where = where;
  }

  /** Keeps the piece as it is. Throws `incomplete` where all of them would be longer than a text can be. */
  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > constants.MAX_STRING_LENGTH) throw tooLong(this.#bytes, this.#where);
  }

  /** Throws `protocol` where it is not UTF-8. */
  text(): string {
    return readUtf8(Buffer.concat(this.#pieces, this.#bytes), this.#where);
  }

  /** The text, and forgets it. Throws `protocol` where it is not UTF-8. */
  takeText(): string {
    const text = this.text();
    this.#pieces = [];
    this.#bytes = 0;
    return text;
  }
}
