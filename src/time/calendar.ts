import { Temporal } from 'temporal-polyfill';

/** The instant a `length` after `from`, as `readLength` gives it, by the calendar and clocks of the time zone. */
export function endAfter(from: number, length: string, timeZone: string): number {
  return Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timeZone).add(length).epochMilliseconds;
}

/** The local day of an instant, as `2026`, `11`, `01`. */
export function dayOf(time: number, timeZone: string): { year: string; month: string; day: string } {
  const date = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone).toPlainDate().toString();
  const [year = '', month = '', day = ''] = date.split('-');
  return { year, month, day };
}
