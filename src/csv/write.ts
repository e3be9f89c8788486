/**
 * A cell that a reader may misunderstand if it stands bare: lenient ones drop spaces at its ends, and a U+FEFF that
 * begins a file is dropped as a byte order mark.
 */
const NEEDS_QUOTES = /[",\r\n]|^[ \ufeff]| $/;

/**
 * One row as RFC 4180 has it, ended by CRLF.
 *
 * A row that is one empty cell is written `""`, since a blank line is no row to most readers.
 */
export function encodeRow(cells: readonly string[]): string {
  if (cells.length === 1 && cells[0] === '') return '""\r\n';
  return `${cells.map(encodeCell).join(',')}\r\n`;
}

/** Some rows, one after the other; the empty text where there are none. */
export function encodeRows(rows: Iterable<readonly string[]>): string {
  let text = '';
  for (const row of rows) text += encodeRow(row);
  return text;
}

function encodeCell(cell: string): string {
  return NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
