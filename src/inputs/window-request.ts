import { inputError } from '../base/errors.ts';
import type { Columns, Vendor } from '../vendors/contract.ts';
import { readExact, readLength } from './duration.ts';
import { readBoolean } from './input-parsers.ts';
import { resolveWindow } from './resolve-window.ts';

/** How exports that go on from the last one follow each other. */
interface Continuation {
  /** How far before the end of the last export late events are looked for, in milliseconds. */
  readonly overlapMs: number;
  /** The longest window of one export, as an ISO 8601 duration; null: no limit. */
  readonly maxWindow: string | null;
}

/** Which time is to be exported, fixed before the first request. */
export interface WindowRequest {
  /** Start of the first export: of the only one, or of a chain's first. Milliseconds since 1970. */
  readonly initialFrom: number;
  /** End of the last export that this run makes. Milliseconds since 1970. */
  readonly finalTo: number;
  /** The inputs `from` and `to`, as they were written. */
  readonly asked: { readonly from: string; readonly to: string };
  /** Whether `to` was later than `settle` before now, so that `finalTo` is earlier. */
  readonly clamped: boolean;
  /** The input `settle`, as it was written. */
  readonly settle: string;
  /** IANA name or offset: the days and months of the inputs are local to it. */
  readonly timeZone: string;
  /** Whether the part of the window that the vendor no longer keeps may be left out, and recorded. */
  readonly allowGap: boolean;
  /** null: one export, which stands alone. */
  readonly continuation: Continuation | null;
}

/** The value of `from` that makes exports go on from each other. */
export const LAST_EXPORT = 'last-export';

/** The inputs that mean something with `from: last-export` alone. */
export const CONTINUATION_INPUTS = ['initial-from', 'overlap', 'max-window'] as const;

type WindowInput = 'from' | 'to' | 'time-zone' | 'settle' | 'allow-gap' | (typeof CONTINUATION_INPUTS)[number];

/**
 * Reads the inputs that say which time is to be exported. Throws `input`.
 * @param now milliseconds since 1970
 */
export function readWindowRequest(
  get: (name: WindowInput) => string,
  vendor: Vendor,
  columns: Columns,
  now: number,
): WindowRequest {
  const [from, to, timeZone, settle] = [get('from'), get('to'), get('time-zone'), get('settle')];
  const common = { asked: { from, to }, settle, timeZone, allowGap: readBoolean(get('allow-gap'), 'allow-gap') };
  if (from !== LAST_EXPORT) {
    const { window, clamped } = resolveWindow({ from, to, timeZone, settle }, now);
    return { initialFrom: window.from, finalTo: window.to, clamped, ...common, continuation: null };
  }
  const first = { from: get('initial-from'), to, timeZone, settle, fromName: 'initial-from' } as const;
  const continuation = {
    overlapMs: readExact(get('overlap'), 'overlap'),
    maxWindow: get('max-window') === '' ? null : readLength(get('max-window'), 'max-window'),
  };
  if (continuation.overlapMs > 0) checkTellsEventsApart(columns, vendor);
  const { window, clamped } = resolveWindow(first, now);
  return { initialFrom: window.from, finalTo: window.to, clamped, ...common, continuation };
}

/**
 * Throws `input` where rows hold neither an id nor the whole event: a late event could not be told from one that was
 * exported before.
 */
function checkTellsEventsApart(columns: Columns, { idColumn, name }: Vendor): void {
  if (typeof columns === 'string') return;
  const telling = ['raw', ...(idColumn === null ? [] : ['id', idColumn])];
  if (telling.some((column) => columns.includes(column))) return;
  const what = `With \`from: ${LAST_EXPORT}\`, late events of ${name} are found by ${telling.map((column) => `\`${column}\``).join(' or ')}, which \`columns\` leaves out.`;
  throw inputError('columns', what, `Add ${telling[telling.length - 1]}, or set \`overlap: PT0S\` to look for none.`);
}
