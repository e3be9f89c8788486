import { encodeGuardedRows } from '../csv/formula-guard.ts';
import { readExportedRows } from './exported-rows.ts';
import { type CsvFile, encodedRows, PartFiles } from './part-files.ts';
import type { ExportedTable } from './row-filter.ts';

interface SpreadsheetOptions {
  readonly table: ExportedTable;
  /** Absolute path of the table's CSV, were it one file. */
  readonly path: string;
  /** Above it the copy is cut into parts of its own, for it is longer than the table; null: never. */
  readonly maxBytes: number | null;
  readonly signal: AbortSignal;
}

/**
 * Writes the rows of a finished table once more, `a.spreadsheet.csv` beside `a.csv`, so that no spreadsheet runs a cell.
 * Throws `destination` where the disk refuses, and the signal's reason; then the copy has no name.
 */
export async function writeSpreadsheet({ table, path, maxBytes, signal }: SpreadsheetOptions): Promise<CsvFile[]> {
  const parts = new PartFiles(path.replace(/\.csv$/, '.spreadsheet.csv'), maxBytes);
  const encoded = (rows: readonly (readonly string[])[]) => encodedRows(rows, (row) => encodeGuardedRows([row]));
  try {
    await parts.begin(encoded([table.columns]));
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
