/** The small parts of JSON in bytes: white space, numbers, `true`, `false`, `null`, names and escapes. */

const [QUOTE, BACKSLASH, MINUS, FULL_STOP, PLUS] = [0x22, 0x5c, 0x2d, 0x2e, 0x2b];
const [SPACE, TAB, LF, CR, ZERO, NINE] = [0x20, 0x09, 0x0a, 0x0d, 0x30, 0x39];

/** Marks the bytes of a string that stand for themselves with 1. */
export const ORDINARY = new Uint8Array(256).fill(1, SPACE);
ORDINARY[QUOTE] = 0;
ORDINARY[BACKSLASH] = 0;

/** The byte that a letter behind a backslash means; 0 for `u`, `/` and all that JSON does not have. */
export const ESCAPES = new Uint8Array(256);
for (const [letter, means] of Object.entries({ '"': '"', '\\': '\\', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' })) {
  ESCAPES[letter.charCodeAt(0)] = means.charCodeAt(0);
}

const NO_DIGIT = 0xff;
const HEX_DIGITS = new Uint8Array(256).fill(NO_DIGIT);
for (const digit of '0123456789abcdefABCDEF') HEX_DIGITS[digit.charCodeAt(0)] = Number.parseInt(digit, 16);

// In all of these, `end` is the place of the last byte: it may be read, so that no place beyond the bytes ever is.

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

/** Steps over a name with its quotes that holds no escapes and begins with no digit; -1: any other. */
export function passName(bytes: Buffer, from: number, end: number): number {
  if (bytes[from] !== QUOTE || from >= end) return -1;
  let at = from + 1;
  const first = bytes[at] as number;
  if (first >= ZERO && first <= NINE) return -1;
  while (at < end && ORDINARY[bytes[at] as number] === 1) at++;
  return at < end && bytes[at] === QUOTE ? at + 1 : -1;
}

/** 32 bits of what stands there, to tell names apart. */
export function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  return hash;
}

/** The UTF-16 code unit that four hexadecimal digits say; -1 where there are not four of them before `end`. */
export function hexUnit(bytes: Buffer, from: number, end: number): number {
  if (from + 4 > end) return -1;
  let unit = 0;
  for (let at = from; at < from + 4; at++) {
    const digit = HEX_DIGITS[bytes[at] as number] as number;
    if (digit === NO_DIGIT) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}
