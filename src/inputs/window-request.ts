import { inputError } from '../base/errors.ts';
import type { Window } from '../time/window.ts';
import type { Columns, Vendor } from '../vendors/contract.ts';
import { readExact, readLength } from './duration.ts';
import { readBoolean } from './input-parsers.ts';
import { resolveWindow } from './resolve-window.ts';

/** How an export that goes on from the last one is cut. */
export interface Continuation {
  /** How far before the last `to` events that were stored late are looked for, in milliseconds. */
  readonly overlapMs: number;
  /** ISO 8601: the longest window of one export; null: as long as it is. */
  readonly maxWindow: string | null;
}

/** What is to be exported, fixed before the first request. */
export interface WindowRequest {
  /** The window; with `onward`, that of the first export, and the end of all. */
  readonly window: Window;
  /** The window's ends as they were written. */
  readonly asked: { readonly from: string; readonly to: string };
  /** Whether `to` was later than `settle` allows, and was pulled back. */
  readonly clamped: boolean;
  readonly settle: string;
  /** In which days are meant. */
  readonly timeZone: string;
  /** Whether what the vendor keeps no more may be left out, and recorded. */
  readonly allowGap: boolean;
  /** null: the window stands for itself. */
  readonly continuation: Continuation | null;
}

export const LAST_EXPORT = 'last-export';

/** The inputs that mean something with `from: last-export` alone. */
export const CONTINUATION_INPUTS = ['initial-from', 'overlap', 'max-window'] as const;

type PeriodInput = 'from' | 'to' | 'time-zone' | 'settle' | 'allow-gap' | (typeof CONTINUATION_INPUTS)[number];

/**
 * Reads the inputs that say when. Throws `input`.
 * @param now milliseconds since 1970
 */
export function readWindowRequest(
  get: (name: PeriodInput) => string,
  vendor: Vendor,
  columns: Columns,
  now: number,
): WindowRequest {
  const [from, to, timeZone, settle] = [get('from'), get('to'), get('time-zone'), get('settle')];
  const common = { asked: { from, to }, settle, timeZone, allowGap: readBoolean(get('allow-gap'), 'allow-gap') };
  if (from !== LAST_EXPORT) {
    return { ...resolveWindow({ from, to, timeZone, settle }, now), ...common, continuation: null };
  }
  const first = { from: get('initial-from'), to, timeZone, settle, fromName: 'initial-from' } as const;
  const continuation = {
    overlapMs: readExact(get('overlap'), 'overlap'),
    maxWindow: get('max-window') === '' ? null : readLength(get('max-window'), 'max-window'),
  };
  if (continuation.overlapMs > 0) checkTellsEventsApart(columns, vendor);
  return { ...resolveWindow(first, now), ...common, continuation };
}

/** Without an id or the whole event in each row, a late event could not be told from one that was exported. */
function checkTellsEventsApart(columns: Columns, { idColumn, name }: Vendor): void {
  if (typeof columns === 'string') return;
  const telling = ['raw', ...(idColumn === null ? [] : ['id', idColumn])];
  if (telling.some((column) => columns.includes(column))) return;
  const what = `With \`from: ${LAST_EXPORT}\`, late events of ${name} are found by ${telling.map((column) => `\`${column}\``).join(' or ')}, which \`columns\` leaves out.`;
  throw inputError('columns', what, `Add ${telling[telling.length - 1]}, or set \`overlap: PT0S\` to look for none.`);
}
