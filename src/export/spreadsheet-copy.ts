import { encodeGuardedRows } from '../csv/formula-guard.ts';
import type { ExportedTable } from './export.ts';
import { readExportedRows } from './exported-rows.ts';
import { type CsvFile, encodeRows, PartFiles } from './part-files.ts';

interface SpreadsheetOptions {
  readonly table: ExportedTable;
  /** Absolute path that the table's CSV has where it is one file. */
  readonly path: string;
  /** Size in bytes above which the copy becomes several files, independently of the table's; null: never. */
  readonly maxBytes: number | null;
  readonly signal: AbortSignal;
}

/**
 * Writes a copy of a finished table, `a.spreadsheet.csv` beside `a.csv`, of which no spreadsheet runs a cell. Throws
 * `destination` where the disk refuses, and the signal's reason; then the copy has no name.
 */
export async function writeSpreadsheet({ table, path, maxBytes, signal }: SpreadsheetOptions): Promise<CsvFile[]> {
  const parts = new PartFiles(path.replace(/\.csv$/, '.spreadsheet.csv'), maxBytes);
  const encoded = (rows: readonly (readonly string[])[]) => encodeRows(rows, (row) => encodeGuardedRows([row]));
  try {
    await parts.openWith(encoded([table.columns]));
    for (const file of table.files) {
      for await (const rows of readExportedRows(file.path, file.rows)) {
        signal.throwIfAborted();
        await parts.write(encoded(rows));
      }
    }
    return await parts.seal();
  } finally {
    await parts.close();
  }
}
