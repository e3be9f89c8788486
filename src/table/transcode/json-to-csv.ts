/** Copies JSON into CSV cells, in bytes, into memory that has room for them. */

import { bareEnd, needsQuotesAtEnds } from '../../csv/csv-row.ts';
import { ESCAPES, hexUnit } from '../../json/literals.ts';

const [QUOTE, BACKSLASH, COMMA, LF, CR, SPACE, LETTER_U] = [0x22, 0x5c, 0x2c, 0x0a, 0x0d, 0x20, 0x75];

/** Length up to which texts are copied four bytes at once; for longer ones it is faster to call Node. */
const SHORT = 64;

/** The letter that `JSON.stringify` puts behind a backslash for a byte; 0 where it has none. */
const LETTERS = new Uint8Array(256);
for (const [letter, byte] of ESCAPES.entries()) if (byte !== 0) LETTERS[byte] = letter;

/** The number of bytes that each byte becomes between quotes: two for a quote. */
const WIDTHS = new Uint8Array(256).fill(1);
WIDTHS[QUOTE] = 2;

/** Marks the characters for which a cell has to be quoted, wherever they stand in it. */
const SPECIAL = new Uint8Array(128);
for (const byte of [QUOTE, COMMA, LF, CR]) SPECIAL[byte] = 1;

const REPLACEMENT = 0xfffd;
const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** Returns a view of all bytes of the memory, in which four are read or written at once, wherever they are. */
const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Copies from one memory into another. Each method takes the place to begin in the other memory, and returns the place
 * behind what it wrote.
 */
export class Copier {
  readonly #from: Buffer;
  readonly #into: Buffer;
  readonly #fromView: DataView;
  readonly #intoView: DataView;
  /** Place behind the escape that was read last. */
  #escapeEnd = 0;

  constructor(from: Buffer, into: Buffer) {
    this.#from = from;
    this.#into = into;
    this.#fromView = viewOf(from);
    this.#intoView = viewOf(into);
  }

  /** Copies bytes as they are. */
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

  /**
   * Copies the inside of a string that has escapes as a cell, quoted where it has to be. Half of a surrogate pair becomes
   * U+FFFD. The cell takes at most two bytes for each of the string, and two quotes.
   * @param isSpecial whether it is known to need quotes
   */
  unescape(from: number, to: number, start: number, isSpecial: boolean): number {
    const source = this.#from;
    const into = this.#into;
    let needsQuotes = isSpecial;
    let at = start;
    into[at++] = QUOTE;
    for (let place = from; place < to; place++) {
      const byte = source[place] as number;
      if (byte !== BACKSLASH) {
        into[at++] = byte;
        continue;
      }
      const code = this.#readEscape(place, to);
      place = this.#escapeEnd - 1;
      if (code < 0x80) {
        if (SPECIAL[code] === 1) needsQuotes = true;
        into[at] = code;
        into[at + 1] = QUOTE;
        at += WIDTHS[code] as number;
      } else at = this.#writeCode(isHigh(code) || isLow(code) ? REPLACEMENT : code, at);
    }
    if (needsQuotes || needsQuotesAtEnds(into, start + 1, at)) {
      into[at++] = QUOTE;
      return at;
    }
    into.copyWithin(start, start + 1, at);
    return at - 1;
  }

  /** Copies an object or an array that is written as `JSON.stringify` writes it, as a cell. */
  quote(from: number, to: number, start: number): number {
    const into = this.#into;
    into[start] = QUOTE;
    const at = this.double(from, to, start + 1);
    // One without a string needs no quotes where there is nothing beside that does.
    const hasStrings = at - start - 1 > to - from;
    if (!hasStrings && bareEnd(this.#from, from, to) === to) return this.copy(from, to, start);
    into[at] = QUOTE;
    return at + 1;
  }

  /** Copies bytes, each quote twice. */
  double(from: number, to: number, start: number): number {
    const source = this.#from;
    const into = this.#into;
    let at = start;
    // Without a branch, which would be guessed wrong at about each quote.
    for (let place = from; place < to; place++) {
      const byte = source[place] as number;
      into[at] = byte;
      into[at + 1] = QUOTE;
      at += WIDTHS[byte] as number;
    }
    return at;
  }

  /** Copies an object or an array as a cell, as `JSON.stringify` would write what `JSON.parse` reads. */
  quoteNormalized(from: number, to: number, start: number): number {
    const into = this.#into;
    into[start] = QUOTE;
    const at = this.doubleNormalized(from, to, start + 1);
    // A value without strings is short, and its blanks are gone: all that may have to be quoted is a comma.
    if (bareEnd(into, start + 1, at) === at) {
      into.copyWithin(start, start + 1, at);
      return at - 1;
    }
    into[at] = QUOTE;
    return at + 1;
  }

  /** Copies a JSON value without its blanks and needless escapes, each quote twice. */
  doubleNormalized(from: number, to: number, start: number): number {
    const source = this.#from;
    const into = this.#into;
    let isQuoted = false;
    let at = start;
    for (let place = from; place < to; place++) {
      const byte = source[place] as number;
      if (byte === BACKSLASH) {
        at = this.#writeEscaped(this.#readEscape(place, to), at);
        place = this.#escapeEnd - 1;
        continue;
      }
      if (byte === QUOTE) isQuoted = !isQuoted;
      into[at] = byte;
      into[at + 1] = QUOTE;
      at += byte <= SPACE && !isQuoted ? 0 : (WIDTHS[byte] as number);
    }
    return at;
  }

  /**
   * Returns the character that the escape at `place` stands for; half of a surrogate pair where the other half is
   * missing. Notes the place behind the escape.
   */
  #readEscape(place: number, to: number): number {
    const source = this.#from;
    const letter = source[place + 1] as number;
    this.#escapeEnd = place + 2;
    // `\/` alone means its own letter and is not among them.
    if (letter !== LETTER_U) return ESCAPES[letter] || letter;
    const unit = hexUnit(source, place + 2, to);
    this.#escapeEnd = place + 6;
    if (!isHigh(unit) || source[place + 6] !== BACKSLASH || source[place + 7] !== LETTER_U) return unit;
    const low = hexUnit(source, place + 8, to);
    if (!isLow(low)) return unit;
    this.#escapeEnd = place + 12;
    return 0x10000 + (unit - 0xd800) * 0x400 + (low - 0xdc00);
  }

  /** Writes a character in UTF-8. */
  #writeCode(code: number, start: number): number {
    const into = this.#into;
    let at = start;
    if (code < 0x80) {
      into[at++] = code;
      return at;
    }
    if (code < 0x800) into[at++] = 0xc0 | (code >> 6);
    else {
      if (code < 0x10000) into[at++] = 0xe0 | (code >> 12);
      else {
        into[at++] = 0xf0 | (code >> 18);
        into[at++] = 0x80 | ((code >> 12) & 0x3f);
      }
      into[at++] = 0x80 | ((code >> 6) & 0x3f);
    }
    into[at++] = 0x80 | (code & 0x3f);
    return at;
  }

  /** Writes a character that stands in a string as `JSON.stringify` does, each quote twice. */
  #writeEscaped(code: number, start: number): number {
    const into = this.#into;
    const letter = code < 0x80 ? (LETTERS[code] as number) : 0;
    if (letter === 0) {
      if (code >= SPACE && !isHigh(code) && !isLow(code)) return this.#writeCode(code, start);
      return start + into.write(`\\u${code.toString(16).padStart(4, '0')}`, start, 'latin1');
    }
    into[start] = BACKSLASH;
    into[start + 1] = letter;
    into[start + 2] = QUOTE;
    return start + 1 + (WIDTHS[letter] as number);
  }
}
