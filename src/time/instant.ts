const MINUTE_MS = 60_000;

const DAY_MS = 86_400_000;

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Days of a common year before each month. */
const DAYS_BEFORE = MONTH_DAYS.map((_, month) => MONTH_DAYS.slice(0, month).reduce((sum, days) => sum + days, 0));
/** Days from 0000-01-01 to 1970-01-01. */
const EPOCH_DAY = 719_528;

const [PLUS, MINUS, FULL_STOP, COLON, SPACE] = [0x2b, 0x2d, 0x2e, 0x3a, 0x20];
const [UPPER_T, LOWER_T, UPPER_Z, LOWER_Z] = [0x54, 0x74, 0x5a, 0x7a];

/**
 * Digits of a second's fraction that are read: three of milliseconds, and twelve in which 2^-12 has a whole expansion.
 */
const FRACTION_DIGITS = 15;
const POWERS = Array.from({ length: FRACTION_DIGITS }, (_, exponent) => 10 ** exponent);

/**
 * Reads a vendor's timestamp as milliseconds since 1970: a date, `T` or a space, a time with seconds, an optional
 * fraction of any length, and an optional offset (`Z`, `+hh:mm`, `+hhmm`, `+hh`; without one it is UTC). Years 0000 to
 * 9999. Digits finer than a millisecond become a fraction, rounded down to a multiple of 2^-12 ms (2^-5 ms before 1900
 * and after 2039, where a number holds no more), so that order is kept and `Math.floor` gives the true millisecond.
 * null if the text is anything else: a bare date, a number, a day that does not exist, hour 24, second 60.
 */
export function parseInstant(text: string): number | null {
  const bytes = Buffer.from(text);
  return instantAt(bytes, 0, bytes.length);
}

/** Reads a timestamp in `bytes[from, to)` as `parseInstant` reads a text. */
export function instantAt(bytes: Buffer, from: number, to: number): number | null {
  const behindSeconds = from + 19;
  if (behindSeconds > to) return null;
  const year = twoDigits(bytes, from) * 100 + twoDigits(bytes, from + 2);
  const month = twoDigits(bytes, from + 5);
  const day = twoDigits(bytes, from + 8);
  const hour = twoDigits(bytes, from + 11);
  const minute = twoDigits(bytes, from + 14);
  const second = twoDigits(bytes, from + 17);
  // Any comparison with NaN is false.
  if (!(year >= 0 && hour <= 23 && minute <= 59 && second <= 59)) return null;
  if (!(day >= 1 && month >= 1 && month <= 12 && day <= daysIn(year, month))) return null;
  if (bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS) return null;
  if (bytes[from + 13] !== COLON || bytes[from + 16] !== COLON) return null;
  const between = bytes[from + 10];
  if (between !== UPPER_T && between !== LOWER_T && between !== SPACE) return null;

  const hasFraction = behindSeconds < to && bytes[behindSeconds] === FULL_STOP;
  const end = hasFraction ? skipDigits(bytes, behindSeconds + 1, to) : behindSeconds;
  const offset = end === behindSeconds + 1 ? null : offsetAt(bytes, end, to);
  if (offset === null) return null;
  const seconds = dayNumber(year, month, day) * DAY_MS + (hour * 60 + minute - offset) * MINUTE_MS + second * 1000;
  return hasFraction ? addFraction(bytes, behindSeconds + 1, end, seconds) : seconds;
}

/**
 * Reads UNIX seconds in `bytes[from, to)` as milliseconds: nine or ten digits, any fraction; null for anything else.
 */
export function secondsAt(bytes: Buffer, from: number, to: number): number | null {
  const end = skipDigits(bytes, from, to);
  if (end - from !== 9 && end - from !== 10) return null;
  if (end < to && (bytes[end] !== FULL_STOP || end + 1 === to || skipDigits(bytes, end + 1, to) < to)) return null;
  return Math.round(Number(bytes.toString('latin1', from, to)) * 1e6) / 1e3;
}

/** Formats an instant as RFC 3339 in UTC; with three digits of fraction unless they are zero, finer ones dropped. */
export function formatInstant(ms: number): string {
  return FORMATTED.toString('latin1', 0, writeInstant(ms, FORMATTED, 0));
}

/** Writes an instant as `formatInstant` has it, at most `INSTANT_BYTES`, from `start` on; returns the end. */
export function writeInstant(ms: number, into: Buffer, start: number): number {
  const whole = Math.floor(ms);
  const day = Math.floor(whole / DAY_MS);
  if (day !== writtenDay.day) writtenDay = { day, text: new Date(day * DAY_MS).toISOString().slice(0, -13) };
  const { text } = writtenDay;
  let at = start;
  for (let index = 0; index < text.length; index++) into[at++] = text.charCodeAt(index);
  const second = Math.floor((whole - day * DAY_MS) / 1000);
  const minute = Math.floor(second / 60);
  const milliseconds = whole - day * DAY_MS - second * 1000;
  at = writeDigits(Math.floor(minute / 60), 10, into, at);
  into[at++] = COLON;
  at = writeDigits(minute % 60, 10, into, at);
  into[at++] = COLON;
  at = writeDigits(second % 60, 10, into, at);
  if (milliseconds !== 0) {
    into[at++] = FULL_STOP;
    at = writeDigits(milliseconds, 100, into, at);
  }
  into[at++] = UPPER_Z;
  return at;
}

/** Writes the digits of a number from the one of `unit` (a power of ten) down to the last; returns the end. */
function writeDigits(number: number, unit: number, into: Buffer, start: number): number {
  let at = start;
  for (let left = unit; left >= 1; left /= 10) into[at++] = 48 + (Math.floor(number / left) % 10);
  return at;
}

/** Length of the longest instant that `writeInstant` writes, whose year has a sign and six digits. */
export const INSTANT_BYTES = '+275760-09-13T00:00:00.000Z'.length;
const FORMATTED = Buffer.alloc(INSTANT_BYTES);
/** Day of the instant that was written last, as `2026-11-01T`: the next one is likely to be of that day. */
let writtenDay = { day: 0, text: '1970-01-01T' };

/**
 * Formats an instant for names of files and artifacts, without punctuation: `20261101T000000Z`, `20261101T000000.123Z`.
 */
export function compactInstant(ms: number): string {
  return formatInstant(ms).replace(/[-:]/g, '');
}

/** The number of two digits at `at`; NaN if one of the bytes is no digit. */
function twoDigits(bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - 48;
  const ones = (bytes[at + 1] as number) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** The number of `count` digits at `at`; all of the bytes must be digits. */
function digits(bytes: Buffer, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 10 + (bytes[i] as number) - 48;
  return value;
}

function skipDigits(bytes: Buffer, at: number, to: number): number {
  let end = at;
  while (end < to && (bytes[end] as number) >= 48 && (bytes[end] as number) <= 57) end++;
  return end;
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

const daysIn = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (MONTH_DAYS[month - 1] as number);

/** Days since 1970-01-01. */
function dayNumber(year: number, month: number, day: number): number {
  // The year 0000 is a leap year, and each of these counts one of the years before this one.
  const leaps = year === 0 ? 0 : Math.ceil(year / 4) - Math.ceil(year / 100) + Math.ceil(year / 400);
  const before = (DAYS_BEFORE[month - 1] as number) + (month > 2 && isLeap(year) ? 1 : 0);
  return year * 365 + leaps + before + day - 1 - EPOCH_DAY;
}

/** Reads `bytes[at, to)` as an offset, in minutes east of UTC; null if it is none. */
function offsetAt(bytes: Buffer, at: number, to: number): number | null {
  const rest = to - at;
  if (rest === 0) return 0;
  const sign = bytes[at];
  if (sign === UPPER_Z || sign === LOWER_Z) return rest === 1 ? 0 : null;
  if (sign !== PLUS && sign !== MINUS) return null;
  if (rest !== 3 && rest !== 5 && !(rest === 6 && bytes[at + 3] === COLON)) return null;
  const hours = twoDigits(bytes, at + 1);
  const minutes = rest === 3 ? 0 : twoDigits(bytes, to - 2);
  if (!(hours <= 23 && minutes <= 59)) return null;
  return (sign === MINUS ? -1 : 1) * (hours * 60 + minutes);
}

/** Adds the fraction whose digits are `bytes[from, to)` to whole seconds, in milliseconds; rounds down. */
function addFraction(bytes: Buffer, from: number, to: number, seconds: number): number {
  const count = Math.min(to - from, FRACTION_DIGITS);
  if (count <= 3) return seconds + digits(bytes, from, count) * power(3 - count);
  const whole = seconds + digits(bytes, from, 3);
  const grid = Math.abs(whole) < 2 ** 41 ? 2 ** 12 : 2 ** 5;
  return whole + Math.floor((digits(bytes, from + 3, count - 3) * grid) / power(count - 3)) / grid;
}

const power = (exponent: number): number => POWERS[exponent] as number;
