/** What stands in JSON as what stands for it in a cell, in bytes, into memory that has room; each gives the place behind it. */

import { ESCAPES } from './json-scan.ts';
import { needsQuotesAtEnds } from './row.ts';

const [QUOTE, COMMA, BACKSLASH, CR, LF] = [0x22, 0x2c, 0x5c, 0x0d, 0x0a];

/** Longer ones are copied by Node, shorter ones byte by byte, which is faster than to call it. */
const SHORT = 128;

/** The bytes as they are. */
export function copyBytes(bytes: Buffer, from: number, to: number, into: Buffer, at: number): number {
  if (to - from > SHORT) return at + bytes.copy(into, at, from, to);
  for (let place = from; place < to; place++) into[at++] = bytes[place] as number;
  return at;
}

/** The inside of a string that has escapes, none of them `\u`. */
export function unescapeBytes(bytes: Buffer, from: number, to: number, into: Buffer, start: number): number {
  let at = start;
  let isSpecial = false;
  into[at++] = QUOTE;
  for (let place = from; place < to; place++) {
    let byte = bytes[place] as number;
    if (byte === BACKSLASH) {
      const letter = bytes[++place] as number;
      // Only `\/` means its own letter and is not among them.
      byte = ESCAPES[letter] || letter;
      if (byte === QUOTE) into[at++] = QUOTE;
      if (byte === QUOTE || byte === LF || byte === CR) isSpecial = true;
    } else if (byte === COMMA) isSpecial = true;
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
export function quoteBytes(bytes: Buffer, from: number, to: number, into: Buffer, start: number): number {
  let at = start;
  let isSpecial = false;
  into[at++] = QUOTE;
  for (let place = from; place < to; place++) {
    const byte = bytes[place] as number;
    if (byte <= COMMA) {
      if (byte === QUOTE) into[at++] = QUOTE;
      if (byte === QUOTE || byte === COMMA) isSpecial = true;
    }
    into[at++] = byte;
  }
  if (!isSpecial) return copyBytes(bytes, from, to, into, start);
  into[at++] = QUOTE;
  return at;
}
