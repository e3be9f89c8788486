import { ExportError } from '../errors.ts';
import { decodeUtf8 } from '../read.ts';
import type { Answer } from '../types.ts';

/** A whole CSV response: every row has as many cells as the header, and no two header names are the same. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Reads a whole CSV response as RFC 4180 has it, and nothing that a lenient reader would have to guess at.
 *
 * Lines end in CRLF or LF; the last end may be missing, since the framing has proved the body whole. A byte order mark
 * at the start is dropped. A blank line is a row only where the table has one column.
 *
 * Throws `protocol` where the body is not UTF-8, holds a NUL, has no header, an unnamed or repeated column, a row of
 * another width, or misplaced quotes or carriage returns. The message counts rows from the header, which is row 1, and
 * never quotes a cell.
 */
export function readCsv(answer: Answer, { nul = false } = {}): Table {
  const text = decodeUtf8(answer);
  if (text === '') throw refusal('The response is empty: not even a header.', answer);
  if (!nul && text.includes('\0')) throw refusal('The response holds a NUL character.', answer);

  const rows = splitRows(text, (row, trouble) => refusal(`Row ${row} of the response has ${trouble}.`, answer));
  const header = rows.shift() ?? [];
  checkHeader(header, answer);
  const odd = rows.findIndex((cells) => cells.length !== header.length);
  if (odd !== -1) {
    const found = rows[odd]?.length;
    const what = `Row ${odd + 2} of the response has another number of cells (${found}) than the header (${header.length}).`;
    throw refusal(what, answer);
  }
  return { header, rows };
}

/** The text's rows, of whatever widths. `refuse` makes the error for a row, from 1, that breaks the grammar. */
export function splitRows(text: string, refuse: (row: number, trouble: string) => Error): string[][] {
  const rows: string[][] = [];
  let cells: string[] = [];
  let at = 0;
  for (;;) {
    let end: number;
    if (text.charCodeAt(at) === QUOTE) {
      end = closingQuote(text, at + 1);
      if (end === -1) throw refuse(rows.length + 1, 'a quoted cell that never ends');
      cells.push(text.slice(at + 1, end).replaceAll('""', '"'));
      end += 1;
    } else {
      end = bareEnd(text, at);
      cells.push(text.slice(at, end));
    }

    const next = text.charCodeAt(end);
    if (next === COMMA) {
      at = end + 1;
      continue;
    }
    if (next === QUOTE) throw refuse(rows.length + 1, 'a quote inside a cell that is not quoted');
    if (next === CR && text.charCodeAt(end + 1) !== LF) {
      throw refuse(rows.length + 1, 'a carriage return that ends no line');
    }
    if (next !== CR && next !== LF && end < text.length) throw refuse(rows.length + 1, 'text after a closing quote');

    rows.push(cells);
    cells = [];
    at = end + (next === CR ? 2 : 1);
    if (at >= text.length) return rows;
  }
}

/** Where the quoted cell that starts at `from` ends, doubled quotes skipped; -1 where it does not. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text.charCodeAt(at + 1) === QUOTE) at = text.indexOf('"', at + 2);
  return at;
}

/** The first comma, quote, carriage return or line feed from `at` on, or the text's end. */
function bareEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === QUOTE || code === CR || code === LF) break;
  }
  return at;
}

function checkHeader(header: readonly string[], answer: Answer): void {
  const unnamed = header.indexOf('');
  if (unnamed !== -1) throw refusal(`Column ${unnamed + 1} of the response's header has no name.`, answer);
  const columnOf = new Map<string, number>();
  for (const [index, name] of header.entries()) {
    const first = columnOf.get(name);
    if (first !== undefined) {
      throw refusal(`Columns ${first + 1} and ${index + 1} of the response's header have the same name.`, answer);
    }
    columnOf.set(name, index);
  }
}

function refusal(what: string, { where }: Answer): ExportError {
  return new ExportError('protocol', what, {
    where,
    next: 'Run again; if it stays so, the vendor has changed its CSV: please open an issue.',
  });
}
