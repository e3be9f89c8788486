import { stringify } from 'csv-stringify/sync';

/**
 * Where one `'` is put, so that no spreadsheet runs a cell. Source: https://owasp.org/www-community/attacks/CSV_Injection
 * - Before `=`, `+`, `-`, `@` and their full-width forms, even behind blanks, quotes and what is not seen, for some
 *   spreadsheets drop these.
 * - Before a tab, a line end or a NUL with which the cell begins.
 * - Before a `'`, so that the ones that were put there can be told from those that were there.
 */
const OPENING = /^(?:['\t\r\n\0]|[[\s\p{Cc}\p{Cf}"]--[\t\r\n]]*[=+\-@＝＋－＠])/v;

/**
 * The same behind what separates cells or rows somewhere: a spreadsheet that separates by semicolons, as in half of the
 * world, does not see the quotes that keep a cell together.
 */
const INSIDE = /[,;\|\t\r\n](?='|[[\s\p{Cc}\p{Cf}"]--[\t\r\n]]*[=+\-@＝＋－＠])/gv;
const SEPARATOR = /[,;|\t\r\n]/;

/** Matches in a guarded cell exactly what guarding has put there: without it, the cell is as it was. */
export const GUARDS = String.raw`(?<![^,;|\t\r\n])'`;

/** The cell with its guards. */
export function guardCell(cell: string): string {
  // Most cells have no separator, and to look for one is cheap.
  const guarded = SEPARATOR.test(cell) ? cell.replaceAll(INSIDE, "$&'") : cell;
  return OPENING.test(cell) ? `'${guarded}` : guarded;
}

/** Some rows, every cell guarded and in quotes, each row ended by CRLF; the empty text where there are none. */
export function encodeGuardedRows(rows: Iterable<readonly string[]>): string {
  return stringify([...rows] as string[][], {
    record_delimiter: 'windows',
    quoted: true,
    quoted_empty: true,
    cast: { string: (cell) => guardCell(cell) },
  });
}
