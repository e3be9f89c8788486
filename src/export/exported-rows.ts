import { createReadStream } from 'node:fs';
import { scanCsv } from '../csv/parser.ts';
import { notAsWritten } from './verified-file.ts';

/** Bytes read at a time. */
const PIECE_BYTES = 2 ** 18;

/**
 * The rows of a CSV that was exported, without its header, some at a time: memory holds a piece of the file, and
 * at least one row. Throws `destination` where the disk gives back anything else than so many rows.
 */
export async function* readExportedRows(path: string, rows: number): AsyncGenerator<string[][]> {
  let left = rows;
  try {
    const pieces = createReadStream(path, { highWaterMark: PIECE_BYTES });
    for await (const batch of scanCsv(pieces, path, { nul: true, lastEnd: true })) {
      left -= batch.rows.length;
      yield batch.rows.map(({ cells }) => cells);
    }
  } catch (cause) {
    throw notAsWritten(path, cause);
  }
  if (left !== 0) throw notAsWritten(path, undefined);
}
