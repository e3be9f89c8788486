import type { Digest } from '../base/digest.ts';
import { ExportError } from '../base/errors.ts';
import { readCsv } from '../csv/read-csv.ts';
import { KnownRows } from '../export/known-rows.ts';
import { formatInstant } from '../time/instant.ts';
import type { Vendor } from '../vendors/contract.ts';
import type { DeliveredExport } from './delivered-export.ts';
import type { NextExport } from './next-export.ts';

/** The delivered exports of one scope, found where they were delivered to. */
export interface History {
  /** Returns the last export of the chain; null where there is none yet. Throws `destination` where it is damaged. */
  readonly last: () => Promise<DeliveredExport | null>;
  /** Returns the export that another one goes on from; null where there is none, or it is no longer there. */
  readonly before: (link: DeliveredExport) => Promise<DeliveredExport | null>;
  /** Returns the bytes of an export's file. Throws `destination` where they are not those that its manifest lists. */
  readonly read: (link: DeliveredExport, file: { readonly name: string } & Digest) => Promise<Buffer>;
}

/** Thrown where another run has delivered an export of the same scope meanwhile, so that this one is no longer next. */
export class ConcurrentExport extends Error {
  override readonly name = 'ConcurrentExport';

  constructor() {
    super('Another run has delivered an export of the same scope.');
  }
}

/** Returns the error of a run that met `ConcurrentExport` again and again, although nothing new was delivered. */
export const livelockError = (cause: ConcurrentExport): ExportError =>
  new ExportError('destination', 'Other runs kept delivering the next export of the same scope at the same time.', {
    next: 'Give the workflows that export it a common `concurrency` group, and run this one again.',
    cause,
  });

/** The start of fetching, and the rows of earlier exports that are not written again. */
export interface LookBack {
  /** Milliseconds since 1970; the start of the export's window where no late events are looked for. */
  readonly fetchFrom: number;
  /** The rows that earlier exports hold from `fetchFrom` on; null where no late events are looked for. */
  readonly knownRows: KnownRows | null;
}

interface LookBackOptions {
  readonly history: History;
  readonly next: NextExport;
  /** Milliseconds before the window in which late events are looked for. */
  readonly overlapMs: number;
  readonly vendor: Vendor;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly note: (text: string) => void;
}

/** Returns the look-back of an export that looks for no late events: the window alone is fetched. */
export const noLookBack = ({ window }: NextExport): LookBack => ({ fetchFrom: window.from, knownRows: null });

/**
 * Reads every earlier export that may hold events of the overlap before the window. The overlap ends at the oldest export
 * that is found: what happened before it was never exported.
 */
export async function lookBack({ history, next, overlapMs, vendor, now, note }: LookBackOptions): Promise<LookBack> {
  const { previous, window } = next;
  if (previous === null || next.gap !== null || overlapMs === 0) return noLookBack(next);
  const oldest = vendor.retention === null ? 0 : Math.ceil((now - vendor.retention) / 1000) * 1000;
  const links = [previous];
  let fetchFrom = Math.min(window.from, Math.max(window.from - overlapMs, oldest, 0));
  for (let at = previous; at.window.from > fetchFrom; ) {
    const before = at.gap ? null : await history.before(at);
    if (before === null) {
      fetchFrom = at.window.from;
      if (at.before !== null && !at.gap) {
        note(`Late events were looked for from ${formatInstant(fetchFrom)} on: the export before is no longer there.`);
      }
      break;
    }
    links.push(before);
    at = before;
  }
  const knownRows = new KnownRows(vendor, fetchFrom);
  for (const link of links) {
    for (const file of link.files) {
      const body = await history.read(link, file);
      const where = `${link.place}, ${file.name}`;
      const { header, rows } = readCsv({ body, where }, { nul: true });
      knownRows.add({ header, rows: rows.map(({ cells }) => cells) });
    }
  }
  return { fetchFrom, knownRows };
}
