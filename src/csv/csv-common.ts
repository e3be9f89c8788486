import type { VendorEvent } from '../types.ts';
import type { CommonCells, NativeCells } from './common.ts';
import { type CsvRow, csvRow } from './row.ts';
import type { RowBuffer } from './rows.ts';

const [SPACE, QUOTE, COMMA, BACKSLASH] = [0x20, 0x22, 0x2c, 0x5c];

/** The letters that JSON has for some control characters; 0: it has none. */
const LETTERS = new Uint8Array(SPACE);
for (const [byte, letter] of Object.entries({ 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r' })) {
  LETTERS[Number(byte)] = letter.charCodeAt(0);
}
/** The most bytes that one becomes: `\u0000`. */
const MOST_BYTES = 6;

/** Writes the row of an event of a CSV vendor as one of a table. */
export type CsvWriter = (event: VendorEvent, row: CsvRow, rows: RowBuffer) => void;

/**
 * Writes rows of the `common` table from those of a CSV vendor, whose cells are only decoded where others are made of them.
 * null: JavaScript would put columns with such names into another order.
 */
export function csvWriter(common: CommonCells, header: readonly string[]): CsvWriter | null {
  if (header.some((name) => /^\d+$/.test(name))) return null;
  const cells = new CsvCells();
  const json = new CellsAsJson(header);
  return (event, row, rows) => {
    cells.row = row;
    const at = common.write(event, cells, rows);
    rows.end(json.write(row, rows, at));
  };
}

/** The cells of one row. */
class CsvCells implements NativeCells {
  row: CsvRow = csvRow([]);

  text(column: number): string {
    return column === -1 ? '' : this.row.cell(column);
  }

  write(column: number, rows: RowBuffer, at: number): number {
    // The first may be one that was put before the row's own, or a row's only one, which is written in another way.
    if (!this.row.plain || column === 0) return rows.putCell(this.text(column), at);
    const from = this.row.startOf(column);
    return rows.putPart(this.row.bytes, from, this.row.endOf(from), at);
  }
}

/** The cells of a CSV's rows as JSON objects, each of which is a cell of another CSV. */
class CellsAsJson {
  /** What stands before each cell, with the end of the one before. */
  readonly #before: readonly Buffer[];
  readonly #beforeBytes: number;
  /** Behind the cell that was read last. */
  #end = 0;

  constructor(header: readonly string[]) {
    this.#before = header.map((name, index) => {
      const quoted = JSON.stringify(name).replaceAll('"', '""');
      return Buffer.from(`${index === 0 ? '"{' : '"",'}${quoted}:""`);
    });
    this.#beforeBytes = this.#before.reduce((sum, { length }) => sum + length, 0);
  }

  /** Writes them at a place of the row that has begun, and gives the place behind. */
  write(row: CsvRow, rows: RowBuffer, start: number): number {
    const { bytes, from, to, first } = row;
    const ownBytes = to - from + (first === null ? 0 : first.bytes.length);
    // Nothing is moved any more, where there is room for all of it.
    const into = rows.room(this.#beforeBytes + MOST_BYTES * ownBytes + END.length, start);
    let at = start;
    if (first !== null) {
      at = rows.put(this.#before[0] as Buffer, at);
      // A comma stands behind it.
      at = this.#writeCell(first.bytes, 0, first.bytes.length - 1, into, at);
    }
    this.#end = from - 1;
    for (let column = first === null ? 0 : 1; column < this.#before.length; column++) {
      at = rows.put(this.#before[column] as Buffer, at);
      at = this.#writeCell(bytes, this.#end + 1, to, into, at);
    }
    return rows.put(END, at);
  }

  /** The inside of the cell that begins at `from` and ends at `to` at the latest. */
  #writeCell(bytes: Buffer, from: number, to: number, into: Buffer, start: number): number {
    let at = start;
    const isQuoted = from < to && bytes[from] === QUOTE;
    let place = isQuoted ? from + 1 : from;
    for (; place < to; place++) {
      const byte = bytes[place] as number;
      if (byte > COMMA && byte !== BACKSLASH) {
        into[at++] = byte;
      } else if (byte === QUOTE) {
        // It is the first of two, or the closing one.
        if (bytes[++place] !== QUOTE || place >= to) break;
        into[at++] = BACKSLASH;
        into[at++] = QUOTE;
        into[at++] = QUOTE;
      } else if (byte === COMMA && !isQuoted) {
        break;
      } else if (byte === BACKSLASH || byte < SPACE) {
        at = writeEscaped(byte, into, at);
      } else {
        into[at++] = byte;
      }
    }
    this.#end = place;
    return at;
  }
}

function writeEscaped(byte: number, into: Buffer, start: number): number {
  const letter = byte === BACKSLASH ? BACKSLASH : (LETTERS[byte] as number);
  if (letter === 0) return start + into.write(`\\u${byte.toString(16).padStart(4, '0')}`, start, 'latin1');
  into[start] = BACKSLASH;
  into[start + 1] = letter;
  return start + 2;
}

const END = Buffer.from('""}"');
