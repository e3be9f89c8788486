import { ExportError } from '../base/errors.ts';
import type { WindowRequest } from '../inputs/window-request.ts';
import { endAfter } from '../time/calendar.ts';
import { formatInstant } from '../time/instant.ts';
import type { Window } from '../time/window.ts';
import type { Vendor } from '../vendors/contract.ts';
import { type DeliveredExport, damaged } from './delivered-export.ts';

/** One export to make. */
export interface ExportTask {
  readonly window: Window;
  /** Where the export's own window was to begin, but that the vendor keeps no event of it; null: there is no hole. */
  readonly gap: Window | null;
  /** What it goes on from; null: it is the first, or stands alone. */
  readonly last: DeliveredExport | null;
  /** From where events are asked; before `window.from` where late ones are looked for. */
  readonly fetchFrom: number;
}

/** By so much the clocks of two runners may differ, in milliseconds. */
const SKEW_MS = 60_000;

/**
 * The next export: the window as it was asked, or from the end of the last export on; null where nothing is left to do.
 * Throws `incomplete`, naming the hole, where the vendor no longer keeps what it begins with and no gap is allowed;
 * `destination` where the last export cannot be what it says.
 * @param now milliseconds since 1970
 */
export function nextExportTask(
  { window, timeZone, continuation, allowGap }: WindowRequest,
  last: DeliveredExport | null,
  vendor: Vendor,
  now: number,
): ExportTask | null {
  if (last !== null && last.window.to > now + SKEW_MS) throw damaged(last.place, 'it ends in the future');
  const start = last === null ? window.from : last.window.to;
  if (start >= window.to) return null;
  const input = last !== null ? null : continuation === null ? 'from' : 'initial-from';
  const { from, gap } = keptFrom({ from: start, to: window.to }, vendor, now, allowGap, input);
  const end = continuation?.maxWindow ? endAfter(from, continuation.maxWindow, timeZone) : window.to;
  return { window: { from, to: Math.min(end, window.to) }, gap, last, fetchFrom: from };
}

/** Where a window begins that the vendor still keeps, and what of it is gone; `input` says where it begins, if one does. */
function keptFrom(
  window: Window,
  { name, retention }: Vendor,
  now: number,
  allowGap: boolean,
  input: 'from' | 'initial-from' | null,
) {
  const oldest = retention === null ? window.from : Math.ceil((now - retention) / 1000) * 1000;
  if (window.from >= oldest) return { from: window.from, gap: null };
  const hole = { from: window.from, to: Math.min(oldest, window.to) };
  if (allowGap && oldest < window.to) return { from: oldest, gap: hole };
  const between = `${formatInstant(hole.from)} to ${formatInstant(hole.to)}`;
  const days = (retention ?? 0) / 86_400_000;
  const what = `${name} keeps events for ${days} days, so what happened from ${between} cannot be exported any more.`;
  const rest = `\`allow-gap: true\` to export what is kept from ${formatInstant(oldest)} on, and to record the hole`;
  const later = input === null ? '' : `\`${input}\` to ${formatInstant(oldest)} or later, or `;
  throw new ExportError('incomplete', what, {
    where: `window ${formatInstant(window.from)} to ${formatInstant(window.to)}`,
    next: oldest >= window.to ? 'Give a later window.' : `Set ${later}${rest}.`,
  });
}
