import { Temporal } from 'temporal-polyfill';
import { inputError } from '../base/errors.ts';
import { endAfter } from '../time/calendar.ts';

const ISO_DURATION = /^P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?$/;

const EXACT_FORMS =
  'Give a duration in weeks or smaller units (`PT10M`, `PT1H`, `PT0S` for none, `P1D`, `90s`, `10m`, `1h`, `1d`).';
const LENGTH_FORMS = 'Give a duration of at least a minute (`PT6H`, `P1D`, `P7D`, `P1M`, `12h`, `1d`, `1w`).';

/** Returns a duration as ISO 8601 writes it; `7d` is read too, for each of `units`. null where the text is no duration. */
export function isoDuration(text: string, units: string): string | null {
  const [, count, unit = ' '] = /^(\d+)([a-z])$/.exec(text) ?? [];
  const iso = units.includes(unit) ? `P${'dw'.includes(unit) ? '' : 'T'}${count}${unit.toUpperCase()}` : text;
  return ISO_DURATION.test(iso) ? iso : null;
}

/** Throws `input` for `5m`, which is five minutes to some and five months to others, where both would make sense. */
export function checkVague(text: string, name: string): void {
  const [, count] = /^(\d+)m$/i.exec(text) ?? [];
  if (count === undefined) return;
  const what = `\`${text}\` could be minutes (\`PT${count}M\`) or months (\`P${count}M\`).`;
  throw inputError(name, what, 'Give the one that is meant, as ISO 8601 writes it.');
}

/**
 * Reads a duration that is always equally long; returns milliseconds. A day is 24 hours.
 * Throws `input` where the text cannot be read, or has years or months.
 */
export function readExact(text: string, name: string): number {
  const iso = isoDuration(text, 'smhd');
  if (iso === null) throw inputError(name, `\`${text}\` cannot be read.`, EXACT_FORMS);
  if (/^P\d*Y|^P[^T]*M/.test(iso)) {
    throw inputError(name, `\`${text}\` has years or months, which are not equally long.`, EXACT_FORMS);
  }
  try {
    const { weeks, days, hours, minutes, seconds } = Temporal.Duration.from(iso);
    return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  } catch {
    throw inputError(name, `\`${text}\` is too long.`, EXACT_FORMS);
  }
}

/** The end of all years that are written with four digits. */
const LATEST = Date.UTC(9999, 11, 31);

/**
 * Reads the length of a window; returns it as ISO 8601 writes it. Years, months, weeks and days are local ones.
 * Throws `input` where the text cannot be read, or the length is shorter than a minute or longer than calendars are.
 */
export function readLength(text: string, name: string): string {
  checkVague(text, name);
  const iso = isoDuration(text, 'hdw');
  if (iso === null) throw inputError(name, `\`${text}\` cannot be read.`, LENGTH_FORMS);
  try {
    if (endAfter(LATEST, iso, 'UTC') - LATEST >= 60_000) return iso;
  } catch {
    throw inputError(name, `\`${text}\` is too long.`, LENGTH_FORMS);
  }
  throw inputError(name, `\`${text}\` is shorter than a minute.`, LENGTH_FORMS);
}
