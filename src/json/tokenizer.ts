/** One pass over JSON in bytes, which says where values end and how they are written, and makes nothing of them. */

import { ESCAPES, hashOf, hexUnit, ORDINARY, passName, passPlain, skipBlank } from './literals.ts';

const [QUOTE, BACKSLASH, COMMA, COLON, SLASH, LETTER_U, SPACE] = [0x22, 0x5c, 0x2c, 0x3a, 0x2f, 0x75, 0x20];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Levels of arrays and objects that are followed here; far below those that are allowed. */
const MOST_LEVELS = 32;
/** Names of all objects around one place that are kept to be compared; more are not followed. */
const MOST_NAMES = 256;

/**
 * Steps over strings, objects and arrays, and notes whether they are written as `JSON.stringify` writes them: without
 * blanks, and with no more escapes than it needs. A method returns the place behind the value, or -1 where the value is
 * not JSON, may go on behind `end`, or would change under `JSON.parse`: names that come twice, begin with a digit (the
 * parser puts numbers first) or hold escapes, and more than 32 levels.
 */
export class Tokenizer {
  /** Whether every value since this was last set to true is written as `JSON.stringify` writes it. */
  isCompact = true;
  /** Hashes of the names of all objects around one place. */
  readonly #names = new Int32Array(MOST_NAMES);

  /** Steps over the object or the array that begins at `at`. */
  passNested(bytes: Buffer, at: number, end: number): number {
    return bytes[at] === OPEN_OBJECT ? this.#passObject(bytes, at, end, 1, 0) : this.#passArray(bytes, at, end, 1, 0);
  }

  /** Steps over the string whose opening quote is at `from`. */
  passString(bytes: Buffer, from: number, end: number): number {
    let at = from + 1;
    while (at < end) {
      while (at < end && ORDINARY[bytes[at] as number] === 1) at++;
      if (bytes[at] === QUOTE) return at + 1;
      if (bytes[at] !== BACKSLASH || at >= end) return -1;
      const letter = bytes[at + 1] as number;
      if (ESCAPES[letter] === 0) {
        this.isCompact = false;
        if (letter === LETTER_U) {
          if (hexUnit(bytes, at + 2, end) === -1) return -1;
          at += 4;
        } else if (letter !== SLASH) return -1;
      }
      at += 2;
    }
    return -1;
  }

  /** Steps over white space. */
  skipBlank(bytes: Buffer, at: number, end: number): number {
    if ((bytes[at] as number) > SPACE) return at;
    this.isCompact = false;
    return skipBlank(bytes, at, end);
  }

  #passObject(bytes: Buffer, from: number, end: number, level: number, outer: number): number {
    if (level > MOST_LEVELS) return -1;
    let names = outer;
    let at = this.skipBlank(bytes, from + 1, end);
    if (at < end && bytes[at] === CLOSE_OBJECT) return at + 1;
    while (at < end) {
      if (names === MOST_NAMES) return -1;
      const nameEnd = passName(bytes, at, end);
      if (nameEnd === -1) return -1;
      const hash = hashOf(bytes, at, nameEnd);
      // Where two names may be equal, they are taken for it.
      for (let index = outer; index < names; index++) if (this.#names[index] === hash) return -1;
      this.#names[names++] = hash;
      at = this.skipBlank(bytes, nameEnd, end);
      if (bytes[at] !== COLON || at >= end) return -1;
      at = this.#passValue(bytes, this.skipBlank(bytes, at + 1, end), end, level, names);
      if (at === -1) return -1;
      at = this.skipBlank(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE_OBJECT) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = this.skipBlank(bytes, at + 1, end);
    }
    return -1;
  }

  #passArray(bytes: Buffer, from: number, end: number, level: number, names: number): number {
    if (level > MOST_LEVELS) return -1;
    let at = this.skipBlank(bytes, from + 1, end);
    if (at < end && bytes[at] === CLOSE_ARRAY) return at + 1;
    while (at < end) {
      at = this.#passValue(bytes, at, end, level, names);
      if (at === -1) return -1;
      at = this.skipBlank(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE_ARRAY) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = this.skipBlank(bytes, at + 1, end);
    }
    return -1;
  }

  #passValue(bytes: Buffer, at: number, end: number, level: number, names: number): number {
    if (at >= end) return -1;
    switch (bytes[at]) {
      case QUOTE:
        return this.passString(bytes, at, end);
      case OPEN_OBJECT:
        return this.#passObject(bytes, at, end, level + 1, names);
      case OPEN_ARRAY:
        return this.#passArray(bytes, at, end, level + 1, names);
      default:
        return passPlain(bytes, at, end);
    }
  }
}

/** Bytes outside strings that say where an element ends. */
const SIGNS = new Uint8Array(256);
for (const byte of [QUOTE, COMMA, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT]) SIGNS[byte] = 1;

/** The comma or bracket behind an array's element, whatever that is, by brackets and quotes alone; -1 where it goes on behind `end`. */
export function passElement(bytes: Buffer, from: number, end: number): number {
  let depth = 0;
  for (let at = from; at <= end; at++) {
    const byte = bytes[at] as number;
    if (SIGNS[byte] === 0) continue;
    if (byte === QUOTE) {
      at += 1;
      while (at <= end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1;
    } else if (depth === 0) {
      return at;
    } else if (byte !== COMMA) {
      depth -= 1;
    }
  }
  return -1;
}
