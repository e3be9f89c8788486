import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CsvRow, firstCell } from '../../../src/csv/csv-row.ts';
import { encodeRow, encodeRows } from '../../../src/csv/encode.ts';
import { readCsv } from '../../../src/csv/read-csv.ts';
import { RowBuffer } from '../../../src/csv/row-buffer.ts';
import { proveEvents } from '../../../trials/rows/events.ts';
import { prove } from '../../../trials/rows/prove.ts';

const bufferOf = (rows: readonly (readonly string[])[]): RowBuffer => {
  const buffer = new RowBuffer();
  for (const row of rows) buffer.addCells(row);
  return buffer;
};

const cell = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', ',', '\r', '\n', ' ', 'a', 'é', '\ufeff', '\ud800', '\udc00') }),
  // About as long as the cells that Node writes.
  fc.string({ unit: fc.constantFrom('a', 'é', '"'), minLength: 250, maxLength: 260 }),
);
const tables = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 6 });

describe('RowBuffer', () => {
  test.each([
    [['a', 'b'], 'a,b\r\n'],
    [['', ''], ',\r\n'],
    [[''], '""\r\n'],
    [['say "hi"', '"'], '"say ""hi""",""""\r\n'],
    [['a,b', 'one\ntwo', 'one\rtwo'], '"a,b","one\ntwo","one\rtwo"\r\n'],
    [[' a', 'b ', 'c d', ' '], '" a","b ",c d," "\r\n'],
    [['\ufeffa', 'a\ufeff'], '"\ufeffa",a\ufeff\r\n'],
    [['\ud800', 'a\udc00'], '\ufffd,a\ufffd\r\n'],
  ])('the row %j is written %j', (cells, csv) => {
    expect(bufferOf([cells]).bytes.toString()).toBe(csv);
  });

  test('cells of more than 300 characters: are written', () => {
    const long = 'x'.repeat(300);
    expect(bufferOf([[long, `"${long}"`, 'é "ü"']]).bytes.toString()).toBe(`${long},"""${long}""","é ""ü"""\r\n`);
  });

  test('any rows: the bytes, ends and slices are those of csv-stringify', () => {
    fc.assert(
      fc.property(tables, (rows) => {
        const buffer = bufferOf(rows);
        expect(buffer.bytes.equals(Buffer.from(encodeRows(rows)))).toBe(true);
        expect([buffer.length, buffer.rows]).toEqual([buffer.bytes.length, rows.length]);
        for (const [index, row] of rows.entries()) {
          expect(buffer.slice(index).equals(Buffer.from(encodeRow(row)))).toBe(true);
        }
        const lengths = rows.map((row) => Buffer.byteLength(encodeRow(row)));
        expect([...buffer.ends]).toEqual(lengths.map((_, at) => lengths.slice(0, at + 1).reduce((a, b) => a + b)));
      }),
    );
  });

  test('many rows, and again after clear: the buffer grows, and is reused', () => {
    const buffer = new RowBuffer();
    const row = ['x'.repeat(3), 'ü "', ''];
    for (const count of [5000, 1, 3000]) {
      for (let n = 0; n < count; n++) buffer.addCells(row);
      buffer.addCells(['é'.repeat(100_000)]);
      expect(buffer.bytes.toString()).toBe(`${'xxx,"ü """,\r\n'.repeat(count)}${'é'.repeat(100_000)}\r\n`);
      expect([buffer.rows, buffer.ends.length]).toEqual([count + 1, count + 1]);
      buffer.clear();
      expect([buffer.length, buffer.rows, buffer.bytes.length, buffer.ends.length]).toEqual([0, 0, 0, 0]);
      expect(buffer.slice(0)).toHaveLength(0);
    }
  });

  test('a buffer that is full at any byte: grows', () => {
    for (let length = 65_510; length < 65_540; length++) {
      const rows = [['a'.repeat(length)], ['b', '""', 'ü'], ['']];
      expect(bufferOf(rows).bytes.equals(Buffer.from(encodeRows(rows)))).toBe(true);
    }
    const buffer = new RowBuffer();
    const bytes = Buffer.from('a,b');
    for (let n = 0; n < 40_000; n++) buffer.addRow(new CsvRow(bytes, 0, 3, true));
    expect(buffer.bytes.toString()).toBe('a,b\r\n'.repeat(40_000));
  });

  /** Every way to add a row, and its CSV. */
  const WAYS: [add: (buffer: RowBuffer) => void, csv: string][] = [
    [(buffer) => buffer.addCells(['a', 'é"', '']), 'a,"é""",\r\n'],
    [(buffer) => buffer.addEncoded(Buffer.from('##bc\r\n##'), 2, 6), 'bc\r\n'],
    [(buffer) => buffer.addRow(new CsvRow(Buffer.from('##"d,",e##'), 2, 8, true)), '"d,",e\r\n'],
    [(buffer) => buffer.addRow(new CsvRow(Buffer.from('##f##'), 2, 3, true, firstCell('g'))), 'g,f\r\n'],
    [(buffer) => buffer.addRow(new CsvRow(Buffer.from('##"h"##'), 2, 5, false)), 'h\r\n'],
    [
      (buffer) => {
        let at = buffer.putCell('i', buffer.length);
        at = buffer.put(Buffer.from(','), at);
        at = buffer.putCell('j,', at);
        at = buffer.putPart(Buffer.from('##,##'), 2, 3, at);
        buffer.end(at + buffer.room(3, at).write('klm', at));
      },
      'i,"j,",klm\r\n',
    ],
    [
      (buffer) => buffer.end(buffer.putInstant(Date.UTC(2026, 10, 1, 2, 3, 4, 5), buffer.length)),
      '2026-11-01T02:03:04.005Z\r\n',
    ],
    [(buffer) => buffer.end(buffer.put(Buffer.from('n'.repeat(65)), buffer.length)), `${'n'.repeat(65)}\r\n`],
    [
      (buffer) => {
        const at = buffer.length;
        buffer.end(at + buffer.room(2).write('no', at));
      },
      'no\r\n',
    ],
    [(buffer) => buffer.addCells(['']), '""\r\n'],
  ];

  test.each(WAYS.map(([add, csv]) => [csv, add] as const))(
    '%j added to a buffer that is full at any byte: is written',
    (csv, add) => {
      const bytes = Buffer.byteLength(csv);
      for (const before of [0, 1, 2, 40]) {
        for (let room = Math.max(1, before); room <= before + 2 * bytes + 12; room++) {
          const buffer = new RowBuffer(room);
          const filler = 'x'.repeat(before);
          if (before > 0) buffer.addEncoded(Buffer.from(filler), 0, before);
          add(buffer);
          add(buffer);
          expect(buffer.bytes.toString()).toBe(`${filler}${csv}${csv}`);
          expect(buffer.slice(buffer.rows - 1).toString()).toBe(csv);
        }
      }
    },
  );

  test('many rows, added in every way: slice returns each', () => {
    const buffer = new RowBuffer();
    for (let round = 0; round < 300; round++) for (const [add] of WAYS) add(buffer);
    const csv = Array.from({ length: 300 }, () => WAYS.map((way) => way[1])).flat();
    expect(Array.from({ length: buffer.rows }, (_, row) => buffer.slice(row).toString())).toEqual(csv);
  });

  test.each([255, 256, 257])(
    'cells of %d letters, the limit of short ones: are written as encodeRow does',
    (length) => {
      for (const end of ['a', '\x7f', '\x80', '"', ',', ' ', '\n', 'é"', '"é', '"\x80"']) {
        const row = [`${'a'.repeat(length - end.length)}${end}`, end];
        expect(bufferOf([row]).bytes.toString()).toBe(encodeRow(row));
      }
    },
  );

  test.each([
    ['a,b', 'a,b'],
    ['"a", b', 'a," b"'],
    ['"",c', ',c'],
    ['"a ""b""","é,"', '"a ""b""","é,"'],
  ])('addRow of the CSV line %j: writes %j, also with a first column', (line, csv) => {
    const { rows } = readCsv({ body: Buffer.from(`x,y\n${line}\n`), where: 'GET /csv' });
    const buffer = new RowBuffer();
    for (const row of rows) {
      buffer.addRow(row);
      buffer.addRow(row.withFirst(firstCell(' e')));
    }
    expect(buffer.bytes.toString()).toBe(`${csv}\r\n" e",${csv}\r\n`);
  });

  test.each(['', '""'])('addRow of the single cell %j: writes quotes, unless there is a first column', (line) => {
    const { rows } = readCsv({ body: Buffer.from(`x\n${line}\n`), where: 'GET /csv' });
    const buffer = new RowBuffer();
    for (const row of rows) {
      buffer.addRow(row);
      buffer.addRow(row.withFirst(firstCell('e')));
    }
    expect(buffer.bytes.toString()).toBe('""\r\ne,\r\n');
  });
});

test('trial of rows, a sample: rows of every kind are written and read as by csv-stringify and csv-parse', async () => {
  const proof = await prove(7, 6_000);
  expect(proof.rows).toBe(6_000);
  // Rows of both kinds, or little would be proved.
  expect(proof.copied).toBeGreaterThan(6_000);
  expect(proof.rewritten).toBeGreaterThan(1_000);
});

test('trial of rows, a sample: events of the JSON vendors become equal rows by bytes and by objects', async () => {
  expect((await proveEvents(2, 3000)).events).toBeGreaterThanOrEqual(3000);
});
