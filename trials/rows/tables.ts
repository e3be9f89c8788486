/** Tables of cells of every kind, from a seed. */

import { type Dice, diceFrom } from '../year/dice.ts';

export interface Table {
  readonly header: readonly string[];
  /** Of the header's width. */
  readonly rows: readonly (readonly string[])[];
}

const MOST_ROWS = 400;
const MOST_COLUMNS = 14;
const PIECES = [
  '"',
  '""',
  ',',
  '\r',
  '\n',
  '\r\n',
  ' ',
  'a',
  'é',
  '€',
  '\ufeff',
  '\0',
  '🦊',
  '\ud83e',
  '\udd8a',
  '\t',
  "'",
];
const WORDS = [
  'secret.updated',
  'success',
  'Jane Doe',
  'jane@example.com',
  'usr_4711',
  '2026-11-01T00:00:01.123Z',
  '0',
];

/** So many rows in all, in tables of all widths; each table from dice of its own. */
export function* tablesFrom(seed: number, rows: number): Generator<{ table: Table; dice: Dice }> {
  for (let left = rows, number = 0; left > 0; number++) {
    const dice = diceFrom(seed, `table ${number}`);
    const width = dice.whole(1, MOST_COLUMNS);
    const count = Math.min(left, dice.whole(0, MOST_ROWS));
    const header = Array.from({ length: width }, (_, index) => `c${index}.${dice.chance(0.1) ? cellOf(dice) : ''}`);
    const table = Array.from({ length: count }, () => Array.from({ length: width }, () => cellOf(dice)));
    yield { table: { header, rows: table }, dice };
    left -= count;
  }
}

function cellOf(dice: Dice): string {
  const kind = dice.random();
  if (kind < 0.2) return '';
  if (kind < 0.7) return dice.pick(WORDS);
  if (kind < 0.8) return JSON.stringify({ who: dice.pick(WORDS), what: piecesOf(dice, 3) });
  if (kind < 0.995) return piecesOf(dice, 6);
  return piecesOf(dice, 4).repeat(dice.whole(1, 200));
}

function piecesOf(dice: Dice, most: number): string {
  return Array.from({ length: dice.whole(0, most) }, () => dice.pick(PIECES)).join('');
}
