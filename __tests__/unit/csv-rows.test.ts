import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { proveEvents } from '../../fuzz/rows/events.ts';
import { prove } from '../../fuzz/rows/prove.ts';
import { readCsv } from '../../src/csv/read.ts';
import { CsvRow, firstCell } from '../../src/csv/row.ts';
import { RowBuffer } from '../../src/csv/rows.ts';
import { encodeRow, encodeRows } from '../../src/csv/write.ts';

const bufferOf = (rows: readonly (readonly string[])[]): RowBuffer => {
  const buffer = new RowBuffer();
  for (const row of rows) buffer.addCells(row);
  return buffer;
};

const cell = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', ',', '\r', '\n', ' ', 'a', 'é', '\ufeff', '\ud800', '\udc00') }),
  // About as long as the cells that are written in another way.
  fc.string({ unit: fc.constantFrom('a', 'é', '"'), minLength: 250, maxLength: 260 }),
);
const tables = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 6 });

describe('a buffer of rows', () => {
  test.each([
    [['a', 'b'], 'a,b\r\n'],
    [['', ''], ',\r\n'],
    [[''], '""\r\n'],
    [['say "hi"', '"'], '"say ""hi""",""""\r\n'],
    [['a,b', 'one\ntwo', 'one\rtwo'], '"a,b","one\ntwo","one\rtwo"\r\n'],
    [[' a', 'b ', 'c d', ' '], '" a","b ",c d," "\r\n'],
    [['\ufeffa', 'a\ufeff'], '"\ufeffa",a\ufeff\r\n'],
    [['\ud800', 'a\udc00'], '\ufffd,a\ufffd\r\n'],
  ])('%j', (cells, csv) => {
    expect(bufferOf([cells]).bytes.toString()).toBe(csv);
  });

  test('takes long cells', () => {
    const long = 'x'.repeat(300);
    expect(bufferOf([[long, `"${long}"`, 'é "ü"']]).bytes.toString()).toBe(`${long},"""${long}""","é ""ü"""\r\n`);
  });

  test('has the bytes of csv-stringify, row by row', () => {
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

  test('grows, and can be used again', () => {
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

  test('grows at whatever byte it is full', () => {
    for (let length = 65_510; length < 65_540; length++) {
      const rows = [['a'.repeat(length)], ['b', '""', 'ü'], ['']];
      expect(bufferOf(rows).bytes.equals(Buffer.from(encodeRows(rows)))).toBe(true);
    }
    const buffer = new RowBuffer();
    const bytes = Buffer.from('a,b');
    for (let n = 0; n < 40_000; n++) buffer.addRow(new CsvRow(bytes, 0, 3, true));
    expect(buffer.bytes.toString()).toBe('a,b\r\n'.repeat(40_000));
  });

  test.each([
    ['a,b', 'a,b'],
    ['"a", b', 'a," b"'],
    ['"",c', ',c'],
    ['"a ""b""","é,"', '"a ""b""","é,"'],
  ])('takes %j as it was read, and writes %j', (line, csv) => {
    const { rows } = readCsv({ status: 200, body: Buffer.from(`x,y\n${line}\n`), where: 'GET /csv' });
    const buffer = new RowBuffer();
    for (const row of rows) {
      buffer.addRow(row);
      buffer.addRow(row.withFirst(firstCell(' e')));
    }
    expect(buffer.bytes.toString()).toBe(`${csv}\r\n" e",${csv}\r\n`);
  });

  test.each(['', '""'])('writes the single cell %j in quotes, unless it has a neighbour', (line) => {
    const { rows } = readCsv({ status: 200, body: Buffer.from(`x\n${line}\n`), where: 'GET /csv' });
    const buffer = new RowBuffer();
    for (const row of rows) {
      buffer.addRow(row);
      buffer.addRow(row.withFirst(firstCell('e')));
    }
    expect(buffer.bytes.toString()).toBe('""\r\ne,\r\n');
  });
});

test('rows of every kind come through both kernels as through csv-stringify and csv-parse', async () => {
  const proof = await prove(7, 6_000);
  expect(proof.rows).toBe(6_000);
  // Without either, little would be proved.
  expect(proof.copied).toBeGreaterThan(6_000);
  expect(proof.rewritten).toBeGreaterThan(1_000);
});

test('a sample of events of the JSON vendors become the same rows, whether byte by byte or by way of objects', async () => {
  expect((await proveEvents(2, 3000)).events).toBeGreaterThanOrEqual(3000);
});
