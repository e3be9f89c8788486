const MINUTE_MS = 60_000;

/** Any 400 years of the Gregorian calendar are equally long. */
const CYCLE_MS = 146_097 * 86_400_000;

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Digits of a second's fraction that count: three of milliseconds, and twelve in which 2^-12 has a whole expansion. */
const FRACTION_DIGITS = 15;

/**
 * A vendor's timestamp as milliseconds since 1970: a date, `T` or a space, a time with seconds, an optional fraction of
 * any length, and an optional offset (`Z`, `+hh:mm`, `+hhmm`, `+hh`; without one it is UTC). Years 0000 to 9999.
 * Digits finer than a millisecond become a fraction, cut down to a multiple of 2^-12 ms (2^-5 ms before 1900 and after
 * 2039, where a number holds no more), so that order is kept and `Math.floor` gives the true millisecond.
 * null where the text is anything else: a bare date, a number, a day that does not exist, hour 24, second 60.
 */
export function parseInstant(text: string): number | null {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if (year < 0 || hour < 0 || minute < 0 || second < 0 || hour > 23 || minute > 59 || second > 59) return null;
  if (day < 1 || day > daysIn(year, month)) return null;
  if (text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':') return null;
  if (text[10] !== 'T' && text[10] !== ' ' && text[10] !== 't') return null;

  const end = text[19] === '.' ? skipDigits(text, 20) : 19;
  const offset = end === 20 ? null : offsetAt(text, end);
  if (offset === null) return null;
  // Date.UTC reads years below 100 as 19xx, so it is asked for the year one cycle later.
  const seconds = Date.UTC(year + 400, month - 1, day, hour, minute, second) - CYCLE_MS - offset * MINUTE_MS;
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

/** The number that `count` digits at `at` make; -1 where one of them is no digit. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function skipDigits(text: string, at: number): number {
  let end = at;
  while (digits(text, end, 1) >= 0) end++;
  return end;
}

/** How many days a month has; 0 where there is no such month. */
function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

/** Minutes east of UTC that the rest of the text says; null where it is no offset. */
function offsetAt(text: string, at: number): number | null {
  const rest = text.length - at;
  const sign = text[at];
  if (rest === 0) return 0;
  if (sign === 'Z' || sign === 'z') return rest === 1 ? 0 : null;
  if (sign !== '+' && sign !== '-') return null;
  if (rest !== 3 && rest !== 5 && !(rest === 6 && text[at + 3] === ':')) return null;
  const hours = digits(text, at + 1, 2);
  const minutes = rest === 3 ? 0 : digits(text, text.length - 2, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return null;
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes);
}

/** Whole seconds, in ms, and the fraction that stands between the full stop and `end`; cut, never rounded. */
function addFraction(text: string, end: number, seconds: number): number {
  const count = Math.min(end - 20, FRACTION_DIGITS);
  const milliseconds = digits(text, 20, Math.min(count, 3)) * 10 ** Math.max(0, 3 - count);
  const whole = seconds + milliseconds;
  if (count <= 3) return whole;
  const grid = Math.abs(whole) < 2 ** 41 ? 2 ** 12 : 2 ** 5;
  return whole + Math.floor((digits(text, 23, count - 3) * grid) / 10 ** (count - 3)) / grid;
}
