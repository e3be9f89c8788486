import { stringify } from 'csv-stringify/sync';

/**
 * Matches a cell that gets a `'` in front, so that no spreadsheet runs it as a formula.
 * Source: https://owasp.org/www-community/attacks/CSV_Injection
 * - `=`, `+`, `-`, `@` and their full-width forms, even behind blanks, quotes and invisible characters, which some
 *   spreadsheets drop.
 * - A tab, a line end or a NUL at the start.
 * - A `'` at the start, so that guards can be told from quotes that the vendor wrote.
 */
const OPENING = /^(?:['\t\r\n\0]|[[\s\p{Cc}\p{Cf}"]--[\t\r\n]]*[=+\-@＝＋－＠])/v;

/**
 * Matches separators inside a cell that get a `'` behind them, in front of the same characters: a spreadsheet that
 * separates by semicolons, as in half of the world, ignores the quotes that keep a cell together.
 */
const INSIDE = /[,;\|\t\r\n](?='|[[\s\p{Cc}\p{Cf}"]--[\t\r\n]]*[=+\-@＝＋－＠])/gv;
const SEPARATOR = /[,;|\t\r\n]/;

/** Source of a regular expression that matches the guards of a guarded cell: without them, the cell is as it was. */
export const GUARDS = String.raw`(?<![^,;|\t\r\n])'`;

/** Adds guards to a cell. */
export function guardCell(cell: string): string {
  // Most cells have no separator, and the search for one is cheap.
  const guarded = SEPARATOR.test(cell) ? cell.replaceAll(INSIDE, "$&'") : cell;
  return OPENING.test(cell) ? `'${guarded}` : guarded;
}

/** Encodes rows, every cell guarded and in quotes, with CRLF. */
export function encodeGuardedRows(rows: Iterable<readonly string[]>): string {
  return stringify([...rows] as string[][], {
    record_delimiter: 'windows',
    quoted: true,
    quoted_empty: true,
    cast: { string: (cell) => guardCell(cell) },
  });
}
