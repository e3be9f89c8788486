import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { encodeGuardedRows, GUARDS, guardCell } from '../../../src/csv/formula-guard.ts';

const bare = (cell: string): string => cell.replaceAll(new RegExp(GUARDS, 'g'), '');
/** Forbidden starts of a cell; HIDDEN: after a spreadsheet has dropped invisible characters. */
const DANGEROUS = /^[=+\-@＝＋－＠\t\r\n\0]/;
const HIDDEN = /^[\s\0"\u200b]*[=+\-@＝＋－＠]/;

/** Cells of dangerous characters, of ones that hide them, and of separators. */
const evil = fc.string({
  unit: fc.constantFrom(...'=+-@＝＠\'"`,;|\t\r\n\0 \u00a0\u200b\ufeff\u2028aé😀', '\ud800', '\r\n'),
});
const cell = fc.oneof(evil, fc.string({ unit: 'binary' }));
const tables = fc
  .integer({ min: 1, max: 4 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 5 }));

describe('guardCell', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+49 30 1', "'+49 30 1"],
    ['-5', "'-5"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['＝1', "'＝1"],
    ['\tx', "'\tx"],
    ['\rx', "'\rx"],
    ['\nx', "'\nx"],
    ['\0x', "'\0x"],
    [' =1', "' =1"],
    ['\u00a0\u200b"=1', '\'\u00a0\u200b"=1'],
    ["'", "''"],
    ["'=1", "''=1"],
    ['a;=1;b', "a;'=1;b"],
    ['a,"=1"', 'a,\'"=1"'],
    ['a\r\n-1', "a\r\n'-1"],
    ["=cmd|' /C calc'!A0", "'=cmd|'' /C calc'!A0"],
    ['\n\t=1', "'\n\t'=1"],
  ])('the cell %j becomes %j', (raw, guarded) => {
    expect(guardCell(raw)).toBe(guarded);
    expect(bare(guarded)).toBe(raw);
  });

  test.each([
    '',
    'a',
    ' a',
    '1',
    '2026-11-01T00:00:00Z',
    'a=b',
    'it’s',
    "it's",
    'a, b',
    '{"a":"b","c":[1,2]}',
    '"quoted"',
    'x\ny',
  ])('the cell %j stays as it is', (raw) => {
    expect(guardCell(raw)).toBe(raw);
  });

  test('any cell: is the original without its guards', () => {
    fc.assert(
      fc.property(cell, (raw) => expect(bare(guardCell(raw))).toBe(raw)),
      { numRuns: 2000 },
    );
  });

  test('a cell of a million characters: takes time in proportion to its length', () => {
    for (const unit of ['\n', ' ', '"', "'", ',', ', ', ' "', '=', ',=']) {
      const start = process.cpuUsage();
      guardCell(unit.repeat(1_000_000));
      // By the square of its length, it would take minutes.
      expect(process.cpuUsage(start).user / 1e6).toBeLessThan(5);
    }
  });
});

describe('encodeGuardedRows', () => {
  const read = (csv: string): string[][] => parse(csv, { record_delimiter: '\r\n' });

  test('every cell is in quotes', () => {
    expect(
      encodeGuardedRows([
        ['a', ''],
        ['say "hi"', '=1'],
      ]),
    ).toBe('"a",""\r\n"say ""hi""","\'=1"\r\n');
    expect(encodeGuardedRows([])).toBe('');
    expect(encodeGuardedRows([['']])).toBe('""\r\n');
  });

  test('any table: csv-parse reads it back, and no cell has a dangerous start', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const rows = read(encodeGuardedRows(table));
        // UTF-8 has no lone surrogates: U+FFFD is written for one.
        expect(rows.map((row) => row.map(bare))).toEqual(table.map((row) => row.map((raw) => raw.toWellFormed())));
        for (const guarded of rows.flat()) {
          expect(guarded).not.toMatch(DANGEROUS);
          expect(guarded).not.toMatch(HIDDEN);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('any table, read with another separator, quotes as text or dropped: no cell has a dangerous start', () => {
    fc.assert(
      fc.property(tables, fc.constantFrom(',', ';', '|', '\t'), (table, separator) => {
        const lines = encodeGuardedRows(table).split(/[\r\n]/);
        for (const part of lines.flatMap((line) => line.split(separator))) {
          expect(part).not.toMatch(HIDDEN);
        }
      }),
      { numRuns: 200 },
    );
  });
});
