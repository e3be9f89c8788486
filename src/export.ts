import { dirname } from 'node:path';
import { Gathering } from './gather.ts';
import type { Earlier } from './history/earlier.ts';
import { type CsvFile, Parts } from './parts.ts';
import { walkStretches } from './stretches.ts';
import { Table } from './table.ts';
import type { Columns, Session, Vendor, Window } from './types.ts';

export interface ExportOptions {
  readonly vendor: Vendor;
  readonly session: Session;
  /** What stands in the column `org` of the `common` table. */
  readonly org: string;
  readonly columns: Columns;
  /** Absolute path of the CSV; its folder exists. */
  readonly path: string;
  /** Above it the CSV is cut into parts; null: never. */
  readonly maxBytes: number | null;
  /** What the session's window holds before this instant was exported earlier, but for what came late. */
  readonly from: number;
  /** What was exported before; null where the session's window begins at `from`. */
  readonly earlier: Earlier | null;
  /** How many stretches are walked at once. */
  readonly walkers: number;
  /** Bytes of rows that may be in memory; has a default. */
  readonly mostHeldBytes?: number;
  /** Hears of each stretch that was written. */
  readonly onProgress: (written: number, upTo: Window) => void;
}

/** Where every event that was received went: `received = cut + repeated + known + written`. */
export interface Counts {
  received: number;
  /** Outside the window: bounds are over-fetched where no document says how they are read. */
  cut: number;
  /** Events that came twice, by id. */
  repeated: number;
  /** Events that an earlier export holds. */
  known: number;
  written: number;
}

/** A finished table: read back from the disk and under its final name. */
export interface ExportedTable {
  /** One file, or its parts in order. */
  readonly files: readonly CsvFile[];
  readonly columns: readonly string[];
  readonly counts: Readonly<Counts>;
  /** Milliseconds since 1970; null where the window is empty, or the vendor gives no times. */
  readonly firstEvent: number | null;
  readonly lastEvent: number | null;
  /** Rows of events from before `from`, which the vendor had not stored when their time was exported; 1 is the first row. */
  readonly lateRows: readonly number[];
}

/**
 * Walks the vendor's stretches, several at once, writes their rows as CSV into `<path>.partial`, reads the bytes back
 * from the disk, and only then gives the file its name. Throws what the vendor throws, and `protocol` where the pages
 * contradict each other. On failure the `.partial` may remain; whoever made the folder removes it.
 */
export async function exportEvents(options: ExportOptions): Promise<ExportedTable> {
  const { vendor, session, path, maxBytes, walkers } = options;
  const parts = new Parts(path, maxBytes);
  const table = new Table(options, parts);
  const gathering = new Gathering(table, dirname(path), options.mostHeldBytes);
  try {
    for await (const gathered of walkStretches(vendor.stretches(session), walkers, () => gathering.begin())) {
      table.count(gathered);
      for await (const rows of gathering.end(gathered)) await table.take(rows);
      table.tell(gathered);
    }
    const result = await table.finish();
    return { files: await parts.seal(), ...result };
  } finally {
    await gathering.close();
    await table.close();
    await parts.close();
  }
}
