/** What stands in JSON as what stands for it in a cell, in bytes, into memory that has room; each gives the place behind it. */

import { bareEnd, needsQuotesAtEnds } from '../../csv/csv-row.ts';
import { ESCAPES } from '../../json/tokenizer.ts';

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Longer ones are copied by Node, shorter ones four bytes at once, which is faster than to call it. */
const SHORT = 64;

/** All bytes of the memory; of a view, four are read or written at once, wherever they are. */
const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** From one memory into another. */
export class Copier {
  readonly #from: Buffer;
  readonly #into: Buffer;
  readonly #fromView: DataView;
  readonly #intoView: DataView;

  constructor(from: Buffer, into: Buffer) {
    this.#from = from;
    this.#into = into;
    this.#fromView = viewOf(from);
    this.#intoView = viewOf(into);
  }

  /** The bytes as they are. */
  copy(from: number, to: number, start: number): number {
    if (to - from > SHORT) return start + this.#from.copy(this.#into, start, from, to);
    let at = start;
    let place = from;
    for (; place + 4 <= to; place += 4, at += 4) {
      this.#intoView.setInt32(at, this.#fromView.getInt32(place, true), true);
    }
    while (place < to) this.#into[at++] = this.#from[place++] as number;
    return at;
  }

  /** The inside of a string that has escapes, none of them `\u`; `isSpecial` where it is known to need quotes. */
  unescape(from: number, to: number, start: number, isSpecial: boolean): number {
    const source = this.#from;
    const into = this.#into;
    let at = start;
    into[at++] = QUOTE;
    for (let place = from; place < to; place++) {
      let byte = source[place] as number;
      if (byte === BACKSLASH) {
        const letter = source[++place] as number;
        // Only `\/` means its own letter and is not among them.
        byte = ESCAPES[letter] || letter;
        if (byte === QUOTE) into[at++] = QUOTE;
      }
      into[at++] = byte;
    }
    if (isSpecial || needsQuotesAtEnds(into, start + 1, at)) {
      into[at++] = QUOTE;
      return at;
    }
    into.copyWithin(start, start + 1, at);
    return at - 1;
  }

  /** An object or an array. */
  quote(from: number, to: number, start: number): number {
    const source = this.#from;
    const into = this.#into;
    let at = start;
    into[at++] = QUOTE;
    // Without a branch, which would be guessed wrong at about each quote.
    for (let place = from; place < to; place++) {
      const byte = source[place] as number;
      into[at] = byte;
      into[at + 1] = QUOTE;
      at += WIDTHS[byte] as number;
    }
    // One without a string needs no quotes where there is nothing beside that does.
    const hasStrings = at - start - 1 > to - from;
    if (!hasStrings && bareEnd(source, from, to) === to) return this.copy(from, to, start);
    into[at++] = QUOTE;
    return at;
  }
}

/** How many bytes each one becomes between quotes: two where it is one itself. */
const WIDTHS = new Uint8Array(256).fill(1);
WIDTHS[QUOTE] = 2;
