import { Temporal } from 'temporal-polyfill';

/** The instant that is a `length` (ISO 8601 duration) after `from`, by the calendar and clocks of a time zone. */
export function endAfter(from: number, length: string, timeZone: string): number {
  return Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timeZone).add(length).epochMilliseconds;
}

/** The local day of an instant in a time zone, as `2026`, `11`, `01`. */
export function dayOf(time: number, timeZone: string): { year: string; month: string; day: string } {
  const date = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone).toPlainDate().toString();
  const [year = '', month = '', day = ''] = date.split('-');
  return { year, month, day };
}
