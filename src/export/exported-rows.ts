import { createReadStream } from 'node:fs';
import { scanCsv } from '../csv/parser.ts';
import { fileChangedError } from './verified-file.ts';

/** Bytes that are read at a time. */
const CHUNK_BYTES = 2 ** 18;

/**
 * Reads an exported CSV back, and yields its rows without the header, some at a time: memory holds a chunk of the file,
 * and at least one row. Throws `destination` where the disk does not give back a CSV of `rows` rows.
 */
export async function* readExportedRows(path: string, rows: number): AsyncGenerator<string[][]> {
  let left = rows;
  try {
    const chunks = createReadStream(path, { highWaterMark: CHUNK_BYTES });
    for await (const batch of scanCsv(chunks, path, { nul: true, lastEnd: true })) {
      left -= batch.rows.length;
      yield batch.rows.map(({ cells }) => cells);
    }
  } catch (cause) {
    throw fileChangedError(path, cause);
  }
  if (left !== 0) throw fileChangedError(path, undefined);
}
