/** One pass over JSON that is written as `JSON.stringify` would write it, in bytes; anything else gives -1. */

const [QUOTE, BACKSLASH, COMMA, MINUS, FULL_STOP, COLON, PLUS] = [0x22, 0x5c, 0x2c, 0x2d, 0x2e, 0x3a, 0x2b];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const [SPACE, TAB, LF, CR, ZERO, NINE] = [0x20, 0x09, 0x0a, 0x0d, 0x30, 0x39];

/** Levels of arrays and objects that are followed here; far below those that are allowed. */
const MOST_LEVELS = 32;
/** Names of all objects around one place that are kept to be compared; more are not followed. */
const MOST_NAMES = 256;
const NAMES = new Int32Array(MOST_NAMES);

/** Bytes of a string that say nothing but themselves. */
const ORDINARY = new Uint8Array(256).fill(1, SPACE);
ORDINARY[QUOTE] = 0;
ORDINARY[BACKSLASH] = 0;

/** What may stand behind a backslash where `JSON.stringify` writes one, `\u` left out: the byte that it means. */
export const ESCAPES = new Uint8Array(256);
for (const [letter, means] of Object.entries({ '"': '"', '\\': '\\', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' })) {
  ESCAPES[letter.charCodeAt(0)] = means.charCodeAt(0);
}

// In all of these, `end` is the last byte's place: it may be read, so that no place beyond the bytes ever is.

/** The first place from `at` on without white space, at most `end`. */
export function skipBlank(bytes: Buffer, at: number, end: number): number {
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte !== SPACE && byte !== LF && byte !== CR && byte !== TAB) break;
  }
  return at;
}

/** The place behind a value other than a string, an object, an array; -1 where it is none, or may go on behind `end`. */
export function passPlain(bytes: Buffer, at: number, end: number): number {
  switch (bytes[at]) {
    case 0x74: // true
      return at + 4 <= end && bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : -1;
    case 0x66: // false
      if (at + 5 > end || bytes[at + 1] !== 0x61 || bytes[at + 2] !== 0x6c) return -1;
      return bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65 ? at + 5 : -1;
    case 0x6e: // null
      return at + 4 <= end && bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c ? at + 4 : -1;
    default:
      return passNumber(bytes, at, end);
  }
}

function passNumber(bytes: Buffer, from: number, end: number): number {
  let at = bytes[from] === MINUS && from < end ? from + 1 : from;
  const first = at;
  at = passDigits(bytes, at, end);
  if (at === first || (bytes[first] === ZERO && at > first + 1)) return -1;
  if (bytes[at] === FULL_STOP && at < end) {
    const fraction = at + 1;
    at = passDigits(bytes, fraction, end);
    if (at === fraction) return -1;
  }
  if ((bytes[at] === 0x65 || bytes[at] === 0x45) && at < end) {
    at += 1;
    if ((bytes[at] === PLUS || bytes[at] === MINUS) && at < end) at += 1;
    const exponent = at;
    at = passDigits(bytes, exponent, end);
    if (at === exponent) return -1;
  }
  return at < end ? at : -1;
}

function passDigits(bytes: Buffer, at: number, end: number): number {
  while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++;
  return at;
}

/** The place behind an object or an array. */
export function passNested(bytes: Buffer, at: number, end: number): number {
  return bytes[at] === OPEN_OBJECT ? passObject(bytes, at, end, 1, 0) : passArray(bytes, at, end, 1, 0);
}

function passObject(bytes: Buffer, from: number, end: number, level: number, outer: number): number {
  if (level > MOST_LEVELS) return -1;
  let names = outer;
  let at = from + 1;
  if (at < end && bytes[at] === CLOSE_OBJECT) return at + 1;
  while (at < end) {
    if (bytes[at] !== QUOTE || names === MOST_NAMES) return -1;
    at += 1;
    // The parser puts fields whose names are numbers before the others.
    const first = bytes[at] as number;
    if (first >= ZERO && first <= NINE) return -1;
    let hash = 0;
    while (at < end && ORDINARY[bytes[at] as number] === 1) hash = (Math.imul(hash, 31) + (bytes[at++] as number)) | 0;
    if (bytes[at] !== QUOTE || at + 2 > end || bytes[at + 1] !== COLON) return -1;
    // Where two names may be the same, they are taken for it.
    for (let index = outer; index < names; index++) if (NAMES[index] === hash) return -1;
    NAMES[names++] = hash;
    at = passValue(bytes, at + 2, end, level, names);
    if (at === -1 || at >= end) return -1;
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at += 1;
  }
  return -1;
}

function passArray(bytes: Buffer, from: number, end: number, level: number, names: number): number {
  if (level > MOST_LEVELS) return -1;
  let at = from + 1;
  if (at < end && bytes[at] === CLOSE_ARRAY) return at + 1;
  while (at < end) {
    at = passValue(bytes, at, end, level, names);
    if (at === -1 || at >= end) return -1;
    if (bytes[at] === CLOSE_ARRAY) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at += 1;
  }
  return -1;
}

function passValue(bytes: Buffer, at: number, end: number, level: number, names: number): number {
  switch (bytes[at]) {
    case QUOTE:
      return passString(bytes, at, end);
    case OPEN_OBJECT:
      return passObject(bytes, at, end, level + 1, names);
    case OPEN_ARRAY:
      return passArray(bytes, at, end, level + 1, names);
    default:
      return passPlain(bytes, at, end);
  }
}

function passString(bytes: Buffer, from: number, end: number): number {
  let at = from + 1;
  while (at < end) {
    while (at < end && ORDINARY[bytes[at] as number] === 1) at++;
    if (bytes[at] === QUOTE) return at + 1;
    if (bytes[at] !== BACKSLASH || at >= end || ESCAPES[bytes[at + 1] as number] === 0) return -1;
    at += 2;
  }
  return -1;
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
