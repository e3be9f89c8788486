import { describe, expect, test } from '@jest/globals';
import {
  bareEnd,
  beginsWithMark,
  CsvRow,
  csvRow,
  firstCell,
  needsQuotes,
  needsQuotesAtEnds,
  quotedEnd,
} from '../../../src/csv/csv-row.ts';
import { encodeRow, NEEDS_QUOTES } from '../../../src/csv/encode.ts';

/** Neighbours of the bytes under test, which are no part of them. */
const AROUND = ['', 'x', '"', ',', ' ', '\ufeff', '\r\n'];

describe('bareEnd', () => {
  test.each([
    ['', 0],
    [',', 0],
    ['"', 0],
    ['\r', 0],
    ['\n', 0],
    ['a', 1],
    ['a,b', 1],
    ['ab"', 2],
    ['ab\r\n', 2],
    ['abc\n', 3],
    ['a b\t\0!#+*é🦊-', 16],
    [" !#$%&'()*+\t,", 12],
    ['+++"', 3],
  ])('a bare cell at the start of %j ends after %d bytes', (text, length) => {
    for (const around of AROUND) {
      const bytes = Buffer.from(around + text + around);
      const from = Buffer.byteLength(around);
      expect(bareEnd(bytes, from, from + Buffer.byteLength(text))).toBe(from + length);
    }
  });
});

describe('quotedEnd', () => {
  test.each([
    ['""', 2],
    ['"a"', 3],
    ['"a",', 3],
    ['"a"x', 3],
    ['"a""b"', 6],
    ['"a"""', 5],
    ['""""', 4],
    ['"""","', 4],
    ['"a,\r\n"', 6],
    ['""",""",""', 7],
    ['"', -1],
    ['"a', -1],
    ['"""', -1],
    ['"a""', -1],
    ['"a"",', -1],
    ['"""""', -1],
  ])('a quoted cell at the start of %j ends after %d bytes', (text, length) => {
    for (const around of AROUND) {
      const bytes = Buffer.from(around + text + around);
      const from = Buffer.byteLength(around);
      expect(quotedEnd(bytes, from, from + text.length)).toBe(length === -1 ? -1 : from + length);
    }
  });
});

describe('needsQuotes, beginsWithMark', () => {
  const texts = [
    ...[
      '',
      'a',
      'a b',
      ' ',
      ' a',
      'a ',
      '  ',
      '\t',
      'é',
      '\ufeff',
      '\ufeffa',
      'a\ufeff',
      '\ufeffa ',
      '\u00a0',
      '\ufefe',
    ],
    ...['\uff00', 'ﻀ', 'ﻃ', '\ufec0', '\ufee0', '＝'],
  ];

  test.each(texts)('the text %j: agree with the regular expression of encodeRow', (text) => {
    for (const around of AROUND) {
      const bytes = Buffer.from(around + text + around);
      const from = Buffer.byteLength(around);
      const to = from + Buffer.byteLength(text);
      expect(needsQuotesAtEnds(bytes, from, to)).toBe(NEEDS_QUOTES.test(text));
      expect(needsQuotes(bytes, from, to)).toBe(NEEDS_QUOTES.test(text));
      expect(beginsWithMark(bytes, from, to)).toBe(text.startsWith('\ufeff'));
    }
  });

  test.each([',', '"', '\r', '\n', 'a,', ',a', 'a"b', 'a\rb', 'a\nb'])(
    'the text %j: needs quotes for a character within',
    (text) => {
      const bytes = Buffer.from(`.${text}.`);
      expect(needsQuotes(bytes, 1, bytes.length - 1)).toBe(true);
      expect(needsQuotesAtEnds(bytes, 1, bytes.length - 1)).toBe(false);
    },
  );

  test.each([
    [[0xef, 0xbb, 0xbf], true],
    [[0xef, 0xbb, 0xbf, 0x61], true],
    [[0xef, 0xbb, 0xbe], false],
    [[0xef, 0xba, 0xbf], false],
    [[0xee, 0xbb, 0xbf], false],
    [[0xef, 0xbb], false],
    [[0xef], false],
    [[], false],
  ])('the bytes %j begin with a byte order mark: %j', (list, isMark) => {
    const bytes = Buffer.from([0xbf, ...list, 0xbf, 0xbf]);
    expect(beginsWithMark(bytes, 1, 1 + list.length)).toBe(isMark);
  });
});

describe('CsvRow', () => {
  test.each<[string[]]>([
    [['a', 'b']],
    [['']],
    [['', '']],
    [['"', 'say "hi"', '""']],
    [['a,b', ' c ', 'd\r\ne', 'é🦊']],
    [['', '"a"', '', 'b', '']],
  ])('csvRow of %j: has these cells, and the bytes of encodeRow', (cells) => {
    const row = csvRow(cells);
    expect(row.cells).toEqual(cells);
    expect(row.bytes.toString('utf8', row.from, row.to)).toBe(encodeRow(cells).replace(/\r\n$/, ''));
    expect([row.plain, row.first]).toEqual([true, null]);
    for (const [index, cell] of cells.entries()) expect(row.cell(index)).toBe(cell);
    for (const index of [cells.length, cells.length + 1, cells.length + 5]) expect(row.cell(index)).toBe('');
  });

  test.each(['a,"b ""c""",,d', '"x,""",y', ',', '', '""', ',""', '"",'])(
    'the row %j between other bytes: has its own cells alone',
    (line) => {
      const own = csvCells(line);
      for (const around of AROUND) {
        const bytes = Buffer.from(around + line + around);
        const from = Buffer.byteLength(around);
        const row = new CsvRow(bytes, from, from + line.length, false);
        expect(row.cells).toEqual(own);
        for (const [index, cell] of own.entries()) expect(row.cell(index)).toBe(cell);
        expect(row.cell(own.length)).toBe('');
        expect(row.cell(own.length + 1)).toBe('');
      }
    },
  );

  /** Cells of a line, by a regular expression. */
  const csvCells = (line: string): string[] =>
    [...`${line},`.matchAll(/("(?:[^"]|"")*"|[^",]*),/g)].map(([, cell = '']) =>
      cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
    );

  test('withFirst: returns a longer row, and leaves the row as it is', () => {
    const row = csvRow(['a', 'b"']);
    const longer = row.withFirst(firstCell('x,'));
    expect(longer.cells).toEqual(['x,', 'a', 'b"']);
    expect([0, 1, 2, 3].map((index) => longer.cell(index))).toEqual(['x,', 'a', 'b"', '']);
    expect(longer.first?.bytes.toString()).toBe('"x,",');
    expect([longer.plain, row.first, row.cells]).toEqual([true, null, ['a', 'b"']]);
  });

  test.each([
    ['', true, true],
    ['""', true, false],
    ['""', false, false],
    ['ab', true, true],
    ['ab', false, false],
    ['"" ', true, true],
    ['"",""', true, true],
  ])('withFirst of %j, plain: %j, is plain: %j', (line, plain, stays) => {
    for (const around of AROUND) {
      const from = Buffer.byteLength(around);
      const row = new CsvRow(Buffer.from(around + line + around), from, from + line.length, plain);
      expect(row.withFirst(firstCell('x')).plain).toBe(stays);
    }
  });
});
