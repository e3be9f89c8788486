import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeRows } from '../../../src/csv/encode.ts';
import { readCsv } from '../../../src/csv/read-csv.ts';
import type { Answer } from '../../../src/http/call.ts';

const where = 'GET /export.csv';
const answer = (body: string | Buffer): Answer => ({ status: 200, body: Buffer.from(body), where });
const read = (body: string | Buffer) => {
  const { header, rows } = readCsv(answer(body));
  return { header, rows: rows.map(({ cells }) => cells) };
};

/** A header of distinct names, and rows of equal width. */
const table = fc
  .uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 5 })
  .chain((header) => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
      fc.string({ unit: fc.constantFrom('"', ',', '\r', '\n', ' ', 'a') }),
    );
    const row = fc.array(cell, { minLength: header.length, maxLength: header.length });
    return fc.record({ header: fc.constant(header), rows: fc.array(row, { maxLength: 6 }) });
  });

describe('readCsv', () => {
  test.each([
    ['a header alone', 'a,b\r\n', ['a', 'b'], []],
    ['LF line ends', 'a,b\n1,2\n', ['a', 'b'], [['1', '2']]],
    ['no last line end', 'a,b\r\n1,', ['a', 'b'], [['1', '']]],
    ['no last line end after a quote', 'a\r\n"1"', ['a'], [['1']]],
    ['a byte order mark', '\ufeffa,b\r\n', ['a', 'b'], []],
    ['a byte order mark before a quote', '\ufeff"a",b\r\n', ['a', 'b'], []],
    [
      'doubled quotes, commas and line ends in quotes',
      'a,b\n"x ""y""","1,\r\n2"\n',
      ['a', 'b'],
      [['x "y"', '1,\r\n2']],
    ],
    ['spaces, kept', 'a,b\n 1 , 2\n', ['a', 'b'], [[' 1 ', ' 2']]],
    ['blank lines of a single column', 'a\n\n1\n\n', ['a'], [[''], ['1'], ['']]],
  ])('%s: is read', (_, csv, header, rows) => {
    expect(read(csv)).toEqual({ header, rows });
  });

  test.each([
    ['an empty body', '', 'empty'],
    ['a byte order mark alone', '\ufeff', 'empty'],
    ['a blank header', '\r\n1\r\n', 'Column 1 of'],
    ['an unnamed column', 'a,,c\r\n', 'Column 2 of'],
    ['a repeated column', 'secret,b,secret\r\n', 'Columns 1 and 3'],
    ['a quote that never ends', 'a\r\n"secret\r\n', 'Row 2 of the response has a quoted cell that never ends'],
    ['a header in a quote that never ends', '"secret,b\r\n', 'Row 1 of the response has a quoted cell that never ends'],
    ['a doubled quote at the very end', 'a\r\n"secret""', 'Row 2 of the response has a quoted cell that never ends'],
    ['text after a closing quote', 'a\r\n"secret"x\r\n', 'Row 2 of the response has text after a closing quote'],
    ['a bare quote', 'a\r\n1\r\nsecret"\r\n', 'Row 3 of the response has a quote inside'],
    ['a carriage return in a cell', 'a\r\nsecret\rx\r\n', 'Row 2 of the response has a carriage return'],
    ['a carriage return at the end', 'a\r\nsecret\r', 'Row 2 of the response has a carriage return'],
    ['a short row', 'a,b\r\n1,2\r\nsecret\r\n', 'Row 3 of the response has another number of cells (1)'],
    ['a long row', 'a,b\r\n1,2,secret\r\n', 'Row 2 of the response has another number of cells (3)'],
    ['a blank line among several columns', 'a,b\r\n\r\n', 'Row 2 of the response has another number of cells (1)'],
    ['a NUL', 'a\r\nsec\0ret\r\n', 'NUL'],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0x0a, 0xff]), 'not UTF-8'],
    ['half a character at the end', Buffer.from('a\né').subarray(0, 3), 'not UTF-8'],
  ])('%s: throws `protocol`, and quotes nothing', (_, csv, message) => {
    const reading = () => read(csv);
    expect(reading).toThrow(
      expect.objectContaining({
        kind: 'protocol',
        where,
        message: expect.stringContaining(message),
        next: expect.stringContaining('Run again'),
      }),
    );
    expect(reading).not.toThrow(/secret/);
  });

  test('any rows that encodeRows wrote: are read back', () => {
    fc.assert(
      fc.property(table, ({ header, rows }) => {
        expect(read(encodeRows([header, ...rows]))).toEqual({ header, rows });
      }),
    );
  });

  test('a million cells: are read in seconds', () => {
    const csv = `a,b,c,d,e\r\n${'2024-01-01T00:00:00Z,"Doe, ""Jane""",x,,success\r\n'.repeat(200_000)}`;
    const begun = performance.now();
    expect(readCsv(answer(csv)).rows).toHaveLength(200_000);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  test('a header of a hundred thousand columns: is read in two seconds', () => {
    const header = Array.from({ length: 100_000 }, (_, index) => `column ${index}`);
    const begun = performance.now();
    expect(readCsv(answer(header.join())).header).toHaveLength(100_000);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});
