import type { CsvRow } from './csv-row.ts';
import { CsvScanner, type ScanOptions } from './parser.ts';

/** A whole CSV response: every row has as many cells as the header, whose names are distinct. */
interface CsvTable {
  readonly header: readonly string[];
  readonly rows: readonly CsvRow[];
}

/** Reads a whole CSV response as `scanCsv` reads a stream. Throws as `scanCsv` does. */
export function readCsv(
  { body, where }: { readonly body: Buffer; readonly where: string },
  options: ScanOptions = {},
): CsvTable {
  const table = new CsvScanner(where, options).scan(body, true);
  if (table === null) throw new Error('A CSV that is whole has a header, or is refused.');
  return table;
}
