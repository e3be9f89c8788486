import { dirname } from 'node:path';
import type { Window } from '../time/window.ts';
import type { Columns, Session, Vendor } from '../vendors/contract.ts';
import { walkConcurrently } from './concurrent-walk.ts';
import { ExportCounts, type ExportTotals } from './export-counts.ts';
import type { KnownRows } from './known-rows.ts';
import { type CsvFile, PartFiles } from './part-files.ts';
import { TableEncoder } from './row-encoder.ts';
import { RowFilter } from './row-filter.ts';
import { SpillBudget } from './segment-rows.ts';

export interface ExportOptions {
  readonly vendor: Vendor;
  readonly session: Session;
  /** Value of the column `org` of the `common` table. */
  readonly org: string;
  readonly columns: Columns;
  /** Absolute path of the CSV; its folder exists. */
  readonly path: string;
  /** Size in bytes above which the CSV becomes several files; null: never. */
  readonly maxBytes: number | null;
  /** Start of the export's window. Events that the session gives from before were exported earlier, or came late. */
  readonly from: number;
  /** Rows of earlier exports; null where the session's window begins at `from`. */
  readonly knownRows: KnownRows | null;
  /** How many segments are walked at a time. */
  readonly concurrency: number;
  /** Bytes of rows that may wait in memory; defaults to 6 MiB. */
  readonly maxBytesInMemory?: number;
  /** Called after each segment, with the number of rows so far and the time that the segment covers. */
  readonly onProgress: (written: number, upTo: Window) => void;
}

/** A finished table: read back from the disk and under its final name. */
export interface ExportedTable extends ExportTotals {
  /** One file, or its parts in order. */
  readonly files: readonly CsvFile[];
  readonly columns: readonly string[];
}

/**
 * Walks the vendor's segments, several at a time, writes their rows as CSV into `<path>.partial`, reads the bytes back
 * from the disk, and only then gives the file its name. Throws what the vendor throws, and `protocol` where the pages
 * contradict each other. On failure the `.partial` may remain; the caller removes the folder.
 */
export async function exportEvents(options: ExportOptions): Promise<ExportedTable> {
  const { vendor, session, path, from, knownRows, concurrency, onProgress } = options;
  const folder = dirname(path);
  const table = new TableEncoder(options);
  const counts = new ExportCounts(from);
  const budget = new SpillBudget(table, folder, options.maxBytesInMemory);
  const filter = new RowFilter({ vendor, folder, from, knownRows, table, counts });
  const files = new PartFiles(path, options.maxBytes);
  try {
    for await (const segment of walkConcurrently(vendor.segments(session), concurrency, () => budget.openSegment())) {
      counts.addSegment(segment);
      filter.startSegment(segment.outsideWindowIds());
      for await (const rows of budget.drain(segment)) {
        await files.openWith(table.headerRow);
        for (const { batch, from: first, to } of await filter.rowsToWrite(rows)) await files.write(batch, first, to);
      }
      if (segment.slice !== null) onProgress(counts.written, segment.slice);
    }
    await files.openWith(table.headerRow);
    const totals = counts.totals();
    await filter.checkIds();
    return { files: await files.seal(), columns: table.names, ...totals };
  } finally {
    await budget.close();
    await filter.close();
    await files.close();
  }
}
