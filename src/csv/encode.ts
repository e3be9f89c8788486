import { type Options, stringify } from 'csv-stringify/sync';

/**
 * Matches a cell that a reader may misunderstand without quotes: beside the characters that RFC 4180 names, spaces at
 * the ends, which lenient readers drop, and a U+FEFF at the start, which is dropped as a byte order mark if it begins a
 * file.
 */
export const NEEDS_QUOTES = /[",\r\n]|^[ \ufeff]| $/;

const OPTIONS: Options = { record_delimiter: 'windows', quoted_match: NEEDS_QUOTES };

/**
 * Encodes one row by RFC 4180, with CRLF. A row of one empty cell becomes `""`, since most readers skip a blank line.
 * The reference for `RowBuffer`, which is faster.
 */
export function encodeRow(cells: readonly string[]): string {
  return stringify([[...cells]], { ...OPTIONS, quoted_empty: cells.length === 1 });
}

/** Encodes rows, one after the other. `RowBuffer` is faster. */
export function encodeRows(rows: Iterable<readonly string[]>): string {
  let text = '';
  for (const row of rows) text += encodeRow(row);
  return text;
}
