import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { encodeRow, encodeRows } from '../../../src/csv/encode.ts';

const cell = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', ',', '\r', '\n', ' ', 'a', '\ufeff') }),
);
/** Rows of equal width. */
const table = fc
  .integer({ min: 1, max: 5 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 6 }));

const parsed = (csv: string): string[][] => parse(csv, { bom: true, record_delimiter: '\r\n' });

describe('encodeRow', () => {
  test.each([
    [['a', 'b'], 'a,b\r\n'],
    [['', ''], ',\r\n'],
    [[''], '""\r\n'],
    [['say "hi"'], '"say ""hi"""\r\n'],
    [['a,b', 'c'], '"a,b",c\r\n'],
    [['one\ntwo', 'one\rtwo'], '"one\ntwo","one\rtwo"\r\n'],
    [[' a', 'b ', 'c d'], '" a","b ",c d\r\n'],
    [['\ufeffa'], '"\ufeffa"\r\n'],
  ])('the row %j is written %j', (cells, csv) => {
    expect(encodeRow(cells)).toBe(csv);
  });

  test('encodeRows of no rows: is the empty text', () => {
    expect(encodeRows([])).toBe('');
  });

  test('any rows: csv-parse reads them back', () => {
    fc.assert(
      fc.property(table, (rows) => {
        expect(parsed(encodeRows(rows))).toEqual(rows);
      }),
    );
  });

  test('any rows: csv-parse reads as from csv-stringify with more quotes', () => {
    const sturdy = { record_delimiter: '\r\n', quoted_empty: true, quoted_match: /[\r\n\ufeff]/ };
    fc.assert(
      fc.property(table, (rows) => {
        expect(parsed(encodeRows(rows))).toEqual(parsed(stringify(rows, sturdy)));
      }),
    );
  });
});
