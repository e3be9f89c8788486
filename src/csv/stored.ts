import { createReadStream } from 'node:fs';
import { notAsWritten } from '../sink.ts';
import { splitRows } from './read.ts';

const QUOTE = 0x22;
const LF = 0x0a;

/** Bytes read at a time. */
const PIECE_BYTES = 2 ** 18;

/**
 * The rows of a CSV that `encodeRows` wrote, without its header, some at a time: memory holds a piece of the file, and
 * at least one row. Throws `destination` where the disk gives back anything else than so many rows.
 */
export async function* readStored(path: string, rows: number): AsyncGenerator<string[][]> {
  let left = rows + 1;
  let begun = '';
  let quoted = false;
  try {
    for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: PIECE_BYTES })) {
      const text = String(piece);
      let end = 0;
      for (let at = 0; at < text.length; at++) {
        const code = text.charCodeAt(at);
        if (code === QUOTE) quoted = !quoted;
        else if (code === LF && !quoted) end = at + 1;
      }
      if (end > 0) {
        const whole = splitRows(begun + text.slice(0, end), (row, trouble) => new Error(`Row ${row} has ${trouble}.`));
        yield left > rows ? whole.slice(1) : whole;
        left -= whole.length;
        begun = '';
      }
      begun += text.slice(end);
    }
  } catch (cause) {
    throw notAsWritten(path, cause);
  }
  if (left !== 0 || begun !== '') throw notAsWritten(path, undefined);
}
