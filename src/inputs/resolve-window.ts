import { Temporal } from 'temporal-polyfill';
import { ExportError, inputError } from '../base/errors.ts';
import { formatInstant, parseInstant } from '../time/instant.ts';
import type { Window } from '../time/window.ts';
import { checkVague, isoDuration, readExact } from './duration.ts';

/** The inputs that say which window to export, as they were written. */
export interface WindowInputs {
  /** An RFC 3339 date-time, a day, a month (from their start), or a duration before `to`. */
  readonly from: string;
  /** An RFC 3339 date-time, a day, a month (to their end), or `now`. */
  readonly to: string;
  /** IANA name or offset: where days and months begin, and calendar durations are counted. */
  readonly timeZone: string;
  /** How long before now a window must end; a day is 24 hours. */
  readonly settle: string;
  /** The input that `from` was read from, for messages. Defaults to `from`. */
  readonly fromName?: 'from' | 'initial-from';
}

interface ResolvedWindow {
  readonly window: Window;
  /** Whether `to` was later than `settle` before now, so that the window ends there. */
  readonly clamped: boolean;
}

const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.(\d+))?(?:[Zz]|[+-]\d\d:\d\d)$/;

const DAY = /^\d{4}-\d\d-\d\d$/;

const MONTH = /^\d{4}-\d\d$/;

/** An IANA name or an offset in minutes. Temporal alone would also take `2026-11-01T00:00Z` for a time zone. */
const TIME_ZONE = /^(?:[A-Za-z][\w+/-]*|[+-]\d\d:\d\d)$/;

const POINT_FORMS =
  'a date-time with seconds and offset (`2026-11-01T00:00:00Z`), a day (`2026-11-01`), a month (`2026-11`)';

const FROM_FORMS = `${POINT_FORMS}, or a duration before \`to\` (\`P7D\`, \`PT24H\`, \`P1M\`, \`P1W\`, \`7d\`, \`24h\`, \`2w\`)`;

const FORMS = {
  from: `Give ${FROM_FORMS}, or \`last-export\`.`,
  'initial-from': `Give ${FROM_FORMS}.`,
  to: `Give ${POINT_FORMS}, or \`now\`.`,
  'time-zone': 'Give an IANA name (`UTC`, `Europe/Berlin`, `America/New_York`) or an offset (`+01:00`).',
} as const;

type InputName = keyof typeof FORMS;

/**
 * Returns the window that the inputs mean. A `to` later than `settle` before now is pulled back to there, and a duration in
 * `from` counts back from that; its years, months, weeks and days are local ones, its hours and smaller units exact.
 * @param now milliseconds since 1970; rounded down to the second
 * Throws `input` where an input cannot be read, an instant lies before 1970, or `from` is not before `to`.
 */
export function resolveWindow(
  { from, to, timeZone, settle, fromName = 'from' }: WindowInputs,
  now: number,
): ResolvedWindow {
  checkTimeZone(timeZone);
  const second = Math.floor(now / 1000) * 1000;
  const latest = second - readExact(settle, 'settle');
  if (latest < 0) throw inputError('settle', `\`${settle}\` reaches back before 1970.`, 'Give a shorter duration.');

  const askedTo = to === 'now' ? second : since1970('to', to, readPoint('to', to, timeZone));
  const end = Math.min(askedTo, latest);
  const start = since1970(
    fromName,
    from,
    readBefore(fromName, from, end, timeZone) ?? readPoint(fromName, from, timeZone),
  );
  const clamped = end < askedTo;
  if (start >= end) {
    const pull = clamped ? `, pulled back from ${formatInstant(askedTo)} to \`settle\` (\`${settle}\`) before now` : '';
    throw new ExportError(
      'input',
      `The window is empty: \`${fromName}\` (\`${from}\`) is ${formatInstant(start)}, and \`to\` (\`${to}\`) is ${formatInstant(end)}${pull}.`,
      {
        where: `inputs \`${fromName}\` and \`to\``,
        next:
          start < askedTo
            ? `Run later, or give an earlier \`${fromName}\`.`
            : `Give a \`${fromName}\` that is before \`to\`.`,
      },
    );
  }
  return { window: { from: start, to: end }, clamped };
}

const windowInputError = (name: InputName, given: string, why: string, cause?: unknown): ExportError =>
  new ExportError('input', `\`${given}\` ${why}.`, { where: `input \`${name}\``, next: FORMS[name], cause });

function checkTimeZone(timeZone: string): void {
  if (!TIME_ZONE.test(timeZone)) throw windowInputError('time-zone', timeZone, 'is not a time zone');
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone);
  } catch (cause) {
    throw windowInputError('time-zone', timeZone, 'is not a known time zone', cause);
  }
}

function since1970(name: InputName, text: string, instant: number): number {
  if (instant < 0) throw windowInputError(name, text, `is ${formatInstant(instant)}, before 1970`);
  return instant;
}

/** Returns the instant a duration before `to`; null where the text is no duration. */
function readBefore(name: 'from' | 'initial-from', text: string, to: number, timeZone: string): number | null {
  if (/^[+-]P|^[+-]\d+[a-z]$|^P.*[+-]/i.test(text)) {
    throw windowInputError(name, text, 'has a sign: a duration always counts back from `to`');
  }
  checkVague(text, name);
  const iso = isoDuration(text, 'dhw');
  if (iso === null) return null;
  if (!/[1-9]/.test(iso)) throw windowInputError(name, text, 'is no time at all');
  try {
    const end = Temporal.Instant.fromEpochMilliseconds(to).toZonedDateTimeISO(timeZone);
    return end.subtract(iso).epochMilliseconds;
  } catch (cause) {
    throw windowInputError(name, text, 'reaches back too far', cause);
  }
}

/** Returns the instant that a date-time names, or at which a local day or month starts (`from`) or ends (`to`). */
function readPoint(name: 'from' | 'initial-from' | 'to', text: string, timeZone: string): number {
  const dateTime = DATE_TIME.exec(text);
  if (dateTime) {
    if ((dateTime[1] ?? '').length > 3) throw windowInputError(name, text, 'is too fine: windows are in milliseconds');
    const instant = parseInstant(text);
    if (instant === null)
      throw windowInputError(name, text, 'does not exist: a part of it is out of range (leap seconds are too)');
    return instant;
  }
  const isDay = DAY.test(text);
  if (!isDay && !MONTH.test(text)) throw windowInputError(name, text, 'cannot be read');
  try {
    const first = Temporal.PlainDate.from(isDay ? text : `${text}-01`);
    const date = name !== 'to' ? first : first.add(isDay ? { days: 1 } : { months: 1 });
    return date.toZonedDateTime(timeZone).epochMilliseconds;
  } catch (cause) {
    throw windowInputError(name, text, `is not a ${isDay ? 'day' : 'month'} that exists`, cause);
  }
}
