import { type CsvRow, csvRow } from '../csv/csv-row.ts';
import type { RowBuffer } from '../csv/row-buffer.ts';
import type { NativeCells } from './row-cells.ts';

const [SPACE, QUOTE, COMMA, BACKSLASH] = [0x20, 0x22, 0x2c, 0x5c];

/** The letters that JSON has for some control characters; 0 for all others. */
const LETTERS = new Uint8Array(SPACE);
for (const [byte, letter] of Object.entries({ 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r' })) {
  LETTERS[Number(byte)] = letter.charCodeAt(0);
}
const IS_SPECIAL = new Uint8Array(256).fill(1, 0, SPACE);
for (const byte of [QUOTE, COMMA, BACKSLASH]) IS_SPECIAL[byte] = 1;
/** The most bytes that one byte becomes: `\u0000`. */
const MOST_BYTES = 6;

/** The cells of one row of a CSV vendor at a time, and all of them as a JSON object, which is a cell of another CSV. */
export class CsvCells implements NativeCells {
  #row: CsvRow = csvRow([]);
  /** Text before each cell in JSON, with the end of the cell before. */
  readonly #before: readonly Buffer[];
  readonly #beforeBytes: number;
  /**
   * Place where each cell of the row ends in the row's bytes; for a cell that was put before the row, the place before the
   * row.
   */
  readonly #ends: Int32Array;
  #into: Buffer = Buffer.alloc(0);
  #length = 0;

  /** Whether rows with such a header can be written: JavaScript would put names that are numbers before the others. */
  static canWrite(header: readonly string[]): boolean {
    return !header.some((name) => /^\d+$/.test(name));
  }

  constructor(header: readonly string[]) {
    this.#before = header.map((name, index) => {
      const quoted = JSON.stringify(name).replaceAll('"', '""');
      return Buffer.from(`${index === 0 ? '"{' : '"",'}${quoted}:""`);
    });
    this.#beforeBytes = this.#before.reduce((sum, { length }) => sum + length, 0);
    this.#ends = new Int32Array(header.length);
  }

  /** Makes a row the one that is read: one pass writes its JSON and notes where its cells end. */
  use(row: CsvRow): void {
    const { bytes, from, to, first } = row;
    const ownBytes = to - from + (first === null ? 0 : first.bytes.length);
    const most = this.#beforeBytes + MOST_BYTES * ownBytes + END.length;
    if (this.#into.length < most) this.#into = Buffer.allocUnsafeSlow(most);
    const count = this.#before.length;
    let length = 0;
    if (first !== null) {
      // A comma stands behind it.
      length = this.#add(0, 1, first.bytes, 0, first.bytes.length - 1, 0);
      this.#ends[0] = from - 1;
    }
    length = this.#add(first === null ? 0 : 1, count, bytes, from, to, length);
    this.#length = length + END.copy(this.#into, length);
    this.#row = row;
  }

  text(column: number): string {
    return column === -1 ? '' : this.#row.cell(column);
  }

  write(column: number, rows: RowBuffer, at: number): number {
    const { plain, bytes } = this.#row;
    // The first may be one that was put before the row's own, or a row's only one, which is written in another way.
    if (!plain || column === 0) return rows.putCell(this.text(column), at);
    const ends = this.#ends;
    return rows.putPart(bytes, (ends[column - 1] as number) + 1, ends[column] as number, at);
  }

  writeRun(columns: readonly number[], rows: RowBuffer, from: number): number {
    let at = from;
    for (let index = 0; index < columns.length; index++) {
      if (index > 0) at = rows.put(SEPARATOR, at);
      at = this.write(columns[index] as number, rows, at);
    }
    return at;
  }

  writeRaw(rows: RowBuffer, at: number): number {
    return rows.putPart(this.#into, 0, this.#length, at);
  }

  /** Appends the cells of some columns, which lie between `from` and `to`, to the JSON; returns its new length. */
  #add(column: number, until: number, bytes: Buffer, from: number, to: number, length: number): number {
    const into = this.#into;
    const ends = this.#ends;
    const before = this.#before;
    let at = length;
    let place = from;
    for (let index = column; index < until; index++) {
      const name = before[index] as Buffer;
      for (let other = 0; other < name.length; other++) into[at++] = name[other] as number;
      const isQuoted = place < to && bytes[place] === QUOTE;
      if (isQuoted) place++;
      for (;;) {
        let byte = COMMA;
        while (place < to) {
          byte = bytes[place] as number;
          if (IS_SPECIAL[byte] === 1) break;
          into[at++] = byte;
          place++;
        }
        if (place >= to) break;
        if (byte === QUOTE) {
          // It is the first of two, or the closing one.
          if (bytes[++place] !== QUOTE || place >= to) break;
          into[at++] = BACKSLASH;
          into[at++] = QUOTE;
          into[at++] = QUOTE;
        } else if (byte !== COMMA) {
          at = writeEscaped(byte, into, at);
        } else if (isQuoted) {
          into[at++] = COMMA;
        } else {
          break;
        }
        place++;
      }
      ends[index] = place++;
    }
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
const SEPARATOR = Buffer.from(',');
