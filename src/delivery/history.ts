import type { Digest } from '../base/digest.ts';
import { ExportError } from '../base/errors.ts';
import { readCsv } from '../csv/read-csv.ts';
import { KnownRows } from '../export/known-rows.ts';
import { formatInstant } from '../time/instant.ts';
import type { Vendor } from '../vendors/contract.ts';
import type { DeliveredExport } from './delivered-export.ts';
import type { ExportTask } from './next-export.ts';

/** The exports of one scope that were delivered, as they are found where they were delivered to. */
export interface History {
  /** The last export of the chain, found whole; null where there is none yet. Throws `destination` where it is damaged. */
  readonly last: () => Promise<DeliveredExport | null>;
  /** The export that a link goes on from; null where it is the first, or the one before is no longer there. */
  readonly before: (link: DeliveredExport) => Promise<DeliveredExport | null>;
  /** A file of an export, as its manifest has it. Throws `destination` where it is not. */
  readonly read: (link: DeliveredExport, file: { readonly name: string } & Digest) => Promise<Buffer>;
}

/** Thrown where another run has delivered an export of the same scope meanwhile, so that this one is no longer next. */
export class ConcurrentExport extends Error {
  override readonly name = 'ConcurrentExport';

  constructor() {
    super('Another run has delivered an export of the same scope.');
  }
}

/** The error for a run that got in the way of others again and again, without any of them getting on. */
export const livelockError = (cause: ConcurrentExport): ExportError =>
  new ExportError('destination', 'Other runs kept delivering the next export of the same scope at the same time.', {
    next: 'Give the workflows that export it a common `concurrency` group, and run this one again.',
    cause,
  });

/** What of the time before a job's window is asked for once more, and what of it was exported. */
export interface LookBack {
  readonly fetchFrom: number;
  readonly knownRows: KnownRows | null;
}

interface LookBackOptions {
  readonly history: History;
  readonly task: ExportTask;
  /** Milliseconds before the window in which late events are looked for. */
  readonly overlapMs: number;
  readonly vendor: Vendor;
  readonly now: number;
  readonly note: (text: string) => void;
}

/**
 * Reads every earlier export that may hold events of the stretch before the window. The stretch never goes further than
 * the exports themselves: what is older was never asked for.
 */
export async function lookBack({ history, task, overlapMs, vendor, now, note }: LookBackOptions): Promise<LookBack> {
  const { last, window } = task;
  if (last === null || task.gap !== null || overlapMs === 0) return { fetchFrom: window.from, knownRows: null };
  const oldest = vendor.retention === null ? 0 : Math.ceil((now - vendor.retention) / 1000) * 1000;
  const links = [last];
  let fetchFrom = Math.min(window.from, Math.max(window.from - overlapMs, oldest, 0));
  for (let at = last; at.window.from > fetchFrom; ) {
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
