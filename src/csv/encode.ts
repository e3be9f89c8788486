import { type Options, stringify } from 'csv-stringify/sync';

/**
 * A cell that a reader may misunderstand if it stands bare: beside what RFC 4180 names, lenient ones drop spaces at its
 * ends, and a U+FEFF that begins a file is dropped as a byte order mark.
 */
export const NEEDS_QUOTES = /[",\r\n]|^[ \ufeff]| $/;

const OPTIONS: Options = { record_delimiter: 'windows', quoted_match: NEEDS_QUOTES };

/**
 * One row as RFC 4180 has it, ended by CRLF.
 *
 * A row that is one empty cell is written `""`, since a blank line is no row to most readers.
 */
export function encodeRow(cells: readonly string[]): string {
  return stringify([[...cells]], { ...OPTIONS, quoted_empty: cells.length === 1 });
}

/** Some rows, one after the other; the empty text where there are none. Where there are many, `RowBuffer` is faster. */
export function encodeRows(rows: Iterable<readonly string[]>): string {
  let text = '';
  for (const row of rows) text += encodeRow(row);
  return text;
}
