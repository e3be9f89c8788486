import { constants, isUtf8 } from 'node:buffer';
import { ExportError } from '../base/errors.ts';
import { bareEnd, beginsWithMark, CsvRow, needsQuotes, needsQuotesAtEnds, quotedEnd } from './csv-row.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const CR = 0x0d;
const LF = 0x0a;
const MARK_BYTES = 3;

export interface ScanOptions {
  /** Whether a NUL may stand in a cell; false by default. */
  readonly nul?: boolean;
  /** Whether the last line has to end in a line end; false by default, since HTTP has proved a body whole. */
  readonly lastEnd?: boolean;
  /** Longest row, in bytes; by default the length of the longest string. */
  readonly mostRowBytes?: number;
}

/** Consecutive rows of a CSV. */
interface CsvBatch {
  /** Header of the CSV, with every batch. */
  readonly header: readonly string[];
  readonly rows: CsvRow[];
}

/**
 * Reads CSV by RFC 4180, strictly, from chunks that may end anywhere. Memory holds one chunk or one row, the larger of
 * the two. Yields at least one batch, which may have no rows.
 *
 * Lines end in CRLF or LF. A byte order mark at the start is dropped. A blank line is a row only where the table has
 * one column.
 *
 * Throws `protocol` for the first of these: not UTF-8, a NUL, no header, an unnamed or repeated column, a row of
 * another width, misplaced quotes or carriage returns; `incomplete` if a row is too long to be read. The message counts
 * rows from the header, which is row 1, and never quotes a cell.
 */
export async function* scanCsv(
  chunks: AsyncIterable<Buffer>,
  where: string,
  options: ScanOptions = {},
): AsyncGenerator<CsvBatch> {
  const scanner = new CsvScanner(where, options);
  let pending: Buffer[] = [];
  let bytes = 0;
  let wanted = 0;
  for await (const chunk of chunks) {
    pending.push(chunk);
    bytes += chunk.length;
    if (bytes < wanted) continue;
    const block = pending.length === 1 ? chunk : Buffer.concat(pending, bytes);
    const batch = scanner.scan(block, false);
    if (batch !== null) yield batch;
    const rest = block.subarray(scanner.scanned);
    pending = [rest];
    bytes = rest.length;
    // A row of many chunks is not scanned again from its start with each of them.
    wanted = 2 * bytes;
  }
  const batch = scanner.scan(Buffer.concat(pending, bytes), true);
  if (batch !== null) yield batch;
}

/** Finds rows in blocks of bytes. Each block begins with the row that the block before left unfinished. */
export class CsvScanner {
  readonly #where: string;
  readonly #nul: boolean;
  readonly #lastEnd: boolean;
  readonly #mostRowBytes: number;
  #header: readonly string[] | null = null;
  #rows = 0;
  /** End of the last row, or the place of an error. */
  #at = 0;
  /** Bytes of the last block that were whole rows; the next block has to begin with the others. */
  scanned = 0;

  constructor(
    where: string,
    { nul = false, lastEnd = false, mostRowBytes = constants.MAX_STRING_LENGTH }: ScanOptions = {},
  ) {
    this.#where = where;
    this.#nul = nul;
    this.#lastEnd = lastEnd;
    this.#mostRowBytes = mostRowBytes;
  }

  /**
   * Returns the whole rows of a block; null if the header is not whole yet. Throws as `scanCsv` does.
   * @param last whether the block ends the CSV
   */
  scan(block: Buffer, last: boolean): CsvBatch | null {
    const rows: CsvRow[] = [];
    this.scanned = 0;
    try {
      if (this.#header === null) {
        const from = beginsWithMark(block, 0, block.length) ? MARK_BYTES : 0;
        this.#at = from;
        if (last && from === block.length) throw this.#malformedError('The response is empty: not even a header.');
        const header = this.#row(block, from, last);
        if (header === null) return null;
        this.#header = this.#checkedHeader(header.cells);
        this.scanned = this.#at;
      }
      for (let row = this.#row(block, this.scanned, last); row !== null; row = this.#row(block, this.#at, last)) {
        rows.push(row);
        this.scanned = this.#at;
      }
    } catch (trouble) {
      this.#checkText(block.subarray(0, this.#at));
      throw trouble;
    }
    this.#checkText(block.subarray(0, this.scanned));
    return { header: this.#header, rows };
  }

  /** Scans the row at `from`, and sets `#at` to its end; null if the row is not whole yet, or the block ends there. */
  #row(block: Buffer, from: number, last: boolean): CsvRow | null {
    const end = block.length;
    if (from === end) return null;
    let at = from;
    let width = 1;
    let plain = true;
    for (;;) {
      const cell = at;
      if (cell < end && block[cell] === QUOTE) {
        at = quotedEnd(block, cell, end);
        if (at === -1) {
          if (last) throw this.#rowError('a quoted cell that never ends', end);
          return this.#unfinished(from, end);
        }
        plain &&= needsQuotes(block, cell + 1, at - 1);
      } else {
        at = bareEnd(block, cell, end);
        plain &&= !needsQuotesAtEnds(block, cell, at);
      }
      if (at === end || block[at] !== COMMA) break;
      at++;
      width++;
    }
    const behind = this.#behindLineEnd(block, at, last);
    if (behind === -1) return this.#unfinished(from, end);

    this.#at = behind;
    this.#rows++;
    this.#checkLength(at - from);
    if (this.#header !== null && width !== this.#header.length) {
      const found = `another number of cells (${width}) than the header (${this.#header.length})`;
      throw this.#malformedError(`Row ${this.#rows} of the response has ${found}.`);
    }
    // `encodeRow` writes a single empty cell as two quotes.
    if (at === from || (at - from === 2 && block[from] === QUOTE)) plain = at > from;
    return new CsvRow(block, from, at, plain);
  }

  /** Start of the next row, if the last cell of this one ends at `at`; -1 if the block ends too early to know. */
  #behindLineEnd(block: Buffer, at: number, last: boolean): number {
    if (at === block.length) {
      if (last && this.#lastEnd) throw this.#rowError('no line end', at);
      return last ? at : -1;
    }
    switch (block[at]) {
      case LF:
        return at + 1;
      case CR:
        if (block[at + 1] === LF) return at + 2;
        if (at + 1 === block.length && !last) return -1;
        throw this.#rowError('a carriage return that ends no line', at);
      case QUOTE:
        throw this.#rowError('a quote inside a cell that is not quoted', at);
      default:
        throw this.#rowError('text after a closing quote', at);
    }
  }

  #unfinished(from: number, end: number): null {
    this.#checkLength(end - from);
    return null;
  }

  #checkLength(bytes: number): void {
    if (bytes <= this.#mostRowBytes) return;
    throw new ExportError('incomplete', `A row of the response is too long to be read: ${bytes} bytes and more.`, {
      where: this.#where,
      next: 'Export a shorter window.',
    });
  }

  #checkedHeader(header: readonly string[]): readonly string[] {
    const unnamed = header.indexOf('');
    if (unnamed !== -1) throw this.#malformedError(`Column ${unnamed + 1} of the response's header has no name.`);
    const columnOf = new Map<string, number>();
    for (const [index, name] of header.entries()) {
      const first = columnOf.get(name);
      if (first !== undefined) {
        throw this.#malformedError(
          `Columns ${first + 1} and ${index + 1} of the response's header have the same name.`,
        );
      }
      columnOf.set(name, index);
    }
    return header;
  }

  /** Throws unless the bytes are UTF-8 without a NUL. They end with a row, or in front of an error. */
  #checkText(bytes: Buffer): void {
    const nul = this.#nul ? -1 : bytes.indexOf(0);
    if (!isUtf8(nul === -1 ? bytes : bytes.subarray(0, nul))) throw this.#malformedError('The response is not UTF-8.');
    if (nul !== -1) throw this.#malformedError('The response holds a NUL character.');
  }

  #rowError(trouble: string, at: number): ExportError {
    this.#at = at;
    return this.#malformedError(`Row ${this.#rows + 1} of the response has ${trouble}.`);
  }

  #malformedError(what: string): ExportError {
    return new ExportError('protocol', what, {
      where: this.#where,
      next: 'Run again; if it stays so, the vendor has changed its CSV: please open an issue.',
    });
  }
}
