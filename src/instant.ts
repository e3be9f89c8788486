const MINUTE_MS = 60_000;

const DAY_MS = 86_400_000;

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Days of a year before each month, where February has 28. */
const DAYS_BEFORE = MONTH_DAYS.map((_, month) => MONTH_DAYS.slice(0, month).reduce((sum, days) => sum + days, 0));
/** 1970-01-01, counted from 0000-01-01. */
const EPOCH_DAY = 719_528;

const [PLUS, MINUS, FULL_STOP, COLON, SPACE] = [0x2b, 0x2d, 0x2e, 0x3a, 0x20];
const [UPPER_T, LOWER_T, UPPER_Z, LOWER_Z] = [0x54, 0x74, 0x5a, 0x7a];

/** Digits of a second's fraction that count: three of milliseconds, and twelve in which 2^-12 has a whole expansion. */
const FRACTION_DIGITS = 15;
const POWERS = Array.from({ length: FRACTION_DIGITS }, (_, exponent) => 10 ** exponent);

/**
 * A vendor's timestamp as milliseconds since 1970: a date, `T` or a space, a time with seconds, an optional fraction of
 * any length, and an optional offset (`Z`, `+hh:mm`, `+hhmm`, `+hh`; without one it is UTC). Years 0000 to 9999.
 * Digits finer than a millisecond become a fraction, cut down to a multiple of 2^-12 ms (2^-5 ms before 1900 and after
 * 2039, where a number holds no more), so that order is kept and `Math.floor` gives the true millisecond.
 * null where the text is anything else: a bare date, a number, a day that does not exist, hour 24, second 60.
 */
export function parseInstant(text: string): number | null {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  // A comparison with NaN is false, whichever it is.
  if (!(year >= 0 && hour <= 23 && minute <= 59 && second <= 59)) return null;
  if (!(day >= 1 && month >= 1 && month <= 12 && day <= daysIn(year, month))) return null;
  if (text.charCodeAt(4) !== MINUS || text.charCodeAt(7) !== MINUS) return null;
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return null;
  const between = text.charCodeAt(10);
  if (between !== UPPER_T && between !== LOWER_T && between !== SPACE) return null;

  const end = text.charCodeAt(19) === FULL_STOP ? skipDigits(text, 20) : 19;
  const offset = end === 20 ? null : offsetAt(text, end);
  if (offset === null) return null;
  const seconds = dayNumber(year, month, day) * DAY_MS + (hour * 60 + minute - offset) * MINUTE_MS + second * 1000;
  return end === 19 ? seconds : addFraction(text, end, seconds);
}

/** An instant as RFC 3339 in UTC, with three digits of fraction where there are milliseconds; finer ones are cut off. */
export function formatInstant(ms: number): string {
  return new Date(Math.floor(ms)).toISOString().replace('.000Z', 'Z');
}

/** `formatInstant` without punctuation, for names of files and artifacts: `20261101T000000Z`, `20261101T000000.123Z`. */
export function compactInstant(ms: number): string {
  return formatInstant(ms).replace(/[-:]/g, '');
}

/** The number that two digits at `at` make; NaN where one of them is no digit. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** The number that `count` characters from `at` on make, all of them digits. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 10 + text.charCodeAt(i) - 48;
  return value;
}

function skipDigits(text: string, at: number): number {
  for (let end = at; ; end++) {
    const digit = text.charCodeAt(end) - 48;
    if (!(digit >= 0 && digit <= 9)) return end;
  }
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

/** Minutes east of UTC that the rest of the text says; null where it is no offset. */
function offsetAt(text: string, at: number): number | null {
  const rest = text.length - at;
  if (rest === 0) return 0;
  const sign = text.charCodeAt(at);
  if (sign === UPPER_Z || sign === LOWER_Z) return rest === 1 ? 0 : null;
  if (sign !== PLUS && sign !== MINUS) return null;
  if (rest !== 3 && rest !== 5 && !(rest === 6 && text.charCodeAt(at + 3) === COLON)) return null;
  const hours = twoDigits(text, at + 1);
  const minutes = rest === 3 ? 0 : twoDigits(text, text.length - 2);
  if (!(hours <= 23 && minutes <= 59)) return null;
  return (sign === MINUS ? -1 : 1) * (hours * 60 + minutes);
}

/** Whole seconds, in ms, and the fraction that stands between the full stop and `end`; cut, never rounded. */
function addFraction(text: string, end: number, seconds: number): number {
  const count = Math.min(end - 20, FRACTION_DIGITS);
  if (count <= 3) return seconds + digits(text, 20, count) * power(3 - count);
  const whole = seconds + digits(text, 20, 3);
  const grid = Math.abs(whole) < 2 ** 41 ? 2 ** 12 : 2 ** 5;
  return whole + Math.floor((digits(text, 23, count - 3) * grid) / power(count - 3)) / grid;
}

const power = (exponent: number): number => POWERS[exponent] as number;
