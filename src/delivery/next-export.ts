import { ExportError } from '../base/errors.ts';
import type { ExportRequest } from '../inputs/inputs.ts';
import { endAfter } from '../time/calendar.ts';
import { formatInstant } from '../time/instant.ts';
import type { Window } from '../time/window.ts';
import type { Vendor } from '../vendors/contract.ts';
import { type DeliveredExport, damagedExportError } from './delivered-export.ts';
import { exportName } from './names.ts';

/** The next export of a run, before earlier exports are read. */
export interface NextExport {
  /** The window of the export; events from before it are in it where they were stored late. */
  readonly window: Window;
  /** The time before `window` that the vendor no longer keeps, and that was never exported; null: there is none. */
  readonly gap: Window | null;
  /** The export that this one goes on from; null: this one is the first, or stands alone. */
  readonly previous: DeliveredExport | null;
  /** The name of the export's folder and files. */
  readonly name: string;
}

/** One export to make. */
export interface ExportTask extends NextExport {
  /** Start of what is fetched: `window.from`, or earlier where late events are looked for. Milliseconds since 1970. */
  readonly fetchFrom: number;
}

/** The clocks of two runners may differ by so much, in milliseconds. */
const SKEW_MS = 60_000;

/**
 * Returns the next export: the window as it was asked for, or from the end of the previous export on; null where nothing
 * is left to do. Throws `incomplete`, naming the gap, where the vendor no longer keeps the start of the window and
 * `allow-gap` is not set; `destination` where the previous export claims to end in the future.
 * @param now milliseconds since 1970
 */
export function nextExport(
  { vendor, org, windowRequest }: Pick<ExportRequest, 'vendor' | 'org' | 'windowRequest'>,
  previous: DeliveredExport | null,
  now: number,
): NextExport | null {
  const { initialFrom, finalTo, timeZone, continuation, allowGap } = windowRequest;
  if (previous !== null && previous.window.to > now + SKEW_MS)
    throw damagedExportError(previous.place, 'it ends in the future');
  const start = previous === null ? initialFrom : previous.window.to;
  if (start >= finalTo) return null;
  const input = previous !== null ? null : continuation === null ? 'from' : 'initial-from';
  const { from, gap } = keptFrom({ from: start, to: finalTo }, vendor, now, allowGap, input);
  const end = continuation?.maxWindow ? endAfter(from, continuation.maxWindow, timeZone) : finalTo;
  const window = { from, to: Math.min(end, finalTo) };
  return { window, gap, previous, name: exportName(vendor.id, org, window) };
}

/**
 * Returns the start of the part of a window that the vendor still keeps, and the part before it, which is gone.
 * @param input the input that says where the window begins; null where no input does
 */
function keptFrom(
  window: Window,
  { name, retention }: Vendor,
  now: number,
  allowGap: boolean,
  input: 'from' | 'initial-from' | null,
): { from: number; gap: Window | null } {
  const oldest = retention === null ? window.from : Math.ceil((now - retention) / 1000) * 1000;
  if (window.from >= oldest) return { from: window.from, gap: null };
  const gap = { from: window.from, to: Math.min(oldest, window.to) };
  if (allowGap && oldest < window.to) return { from: oldest, gap };
  const between = `${formatInstant(gap.from)} to ${formatInstant(gap.to)}`;
  const days = (retention ?? 0) / 86_400_000;
  const what = `${name} keeps events for ${days} days, so what happened from ${between} cannot be exported any more.`;
  const rest = `\`allow-gap: true\` to export what is kept from ${formatInstant(oldest)} on, and to record the hole`;
  const later = input === null ? '' : `\`${input}\` to ${formatInstant(oldest)} or later, or `;
  throw new ExportError('incomplete', what, {
    where: `window ${formatInstant(window.from)} to ${formatInstant(window.to)}`,
    next: oldest >= window.to ? 'Give a later window.' : `Set ${later}${rest}.`,
  });
}
