import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CsvRow, firstCell } from '../../../src/csv/csv-row.ts';
import { encodeRow } from '../../../src/csv/encode.ts';
import { readCsv } from '../../../src/csv/read-csv.ts';
import { RowBuffer } from '../../../src/csv/row-buffer.ts';
import { COMMON_COLUMNS } from '../../../src/table/common-columns.ts';
import { CsvCells } from '../../../src/table/csv-cells.ts';
import { planTable } from '../../../src/table/table-plan.ts';
import type { Vendor } from '../../../src/vendors/contract.ts';
import { vendors } from '../../../src/vendors/index.ts';
import { vendorOf } from '../chain.ts';

const TIME = Date.UTC(2026, 10, 1, 12, 0, 0, 7);

/** A CSV vendor whose action is in the first column. */
const csvVendor = (first: string): Vendor =>
  vendorOf({
    format: 'csv',
    columns: null,
    common: {
      action: first,
      outcome: { of: [first], cell: (cell) => (cell === '' ? 'failure' : 'success') },
      actor_name: 'b',
      target_name: { of: ['b', 'not there'], cell: (...cells) => cells.join('|') },
      source_ip: { firstOf: ['not there', 'b', 'c'] },
      user_agent: 'not there',
    },
  });

const rowsOf = (csv: string): { header: readonly string[]; rows: readonly CsvRow[] } =>
  readCsv({ body: Buffer.from(csv), where: 'GET /' });

/** The row as it is written from bytes, and as it is written from cells. */
function bothWays(header: readonly string[], body: CsvRow, rows = new RowBuffer()): [string, string] {
  const plan = planTable({ vendor: csvVendor(header[0] ?? ''), org: 'acme', columns: 'common', header });
  const event = { time: TIME, id: null, body };
  plan.write(event, rows);
  return [rows.bytes.toString(), Buffer.from(encodeRow(plan.row(event))).toString()];
}

describe('CsvCells, a row of the common table', () => {
  test.each([
    ['x,y,z', 'y'],
    ['x,"y,",z', '"y,"'],
    ['x,,z', 'z'],
    ['x,,"z "', '"z "'],
    ['x,,', ''],
    [',"",z', 'z'],
  ])('row %s, the first of some cells that is not empty: is %s', (row, address) => {
    const table = rowsOf(`a,b,c\r\n${row}\r\n`);
    const [written, expected] = bothWays(table.header, table.rows[0] as CsvRow);
    expect(written).toBe(expected);
    expect(written).toContain(`,${address},,"{""a"":`);
  });

  test.each([
    ['plain cells', 'a,b', 'x,y', '{"a":"x","b":"y"}'],
    ['empty cells', 'a,b,c', ',,', '{"a":"","b":"","c":""}'],
    ['cells with quotes around them', 'a,b', '"x","y,z"', '{"a":"x","b":"y,z"}'],
    ['quotes', 'a,b', '"""",""""""', '{"a":"\\"","b":"\\"\\""}'],
    ['a quote at either end', 'a', '"""x"""', '{"a":"\\"x\\""}'],
    ['backslashes', 'a,b', '\\,x\\y', '{"a":"\\\\","b":"x\\\\y"}'],
    ['line ends, tabs', 'a,b', '"x\r\ny","\t"', '{"a":"x\\r\\ny","b":"\\t"}'],
    ['the other control characters', 'a', '\x01\b\f\x1f\x7f', '{"a":"\\u0001\\b\\f\\u001f\x7f"}'],
    ['letters beyond ASCII', 'é,b', 'ü,🦊', '{"é":"ü","b":"🦊"}'],
    ['names that need escapes', '"a""b","c,d",e\\f', '1,2,3', '{"a\\"b":"1","c,d":"2","e\\\\f":"3"}'],
    ['a name as objects have', '__proto__,b', 'x,y', '{"__proto__":"x","b":"y"}'],
    ['names that are numbers, which JavaScript puts first', 'b,2,1', 'x,y,z', '{"1":"z","2":"y","b":"x"}'],
  ])('raw: has %s as JSON', (_, header, row, raw) => {
    const table = rowsOf(`${header}\r\n${row}\r\n`);
    const [written, expected] = bothWays(table.header, table.rows[0] as CsvRow);
    expect(written).toBe(expected);
    expect(written.endsWith(`,"${raw.replaceAll('"', '""')}"\r\n`)).toBe(true);
  });

  test("cells: has the time, the vendor and the vendor's cells, and nothing of a column that does not exist", () => {
    const { header, rows } = rowsOf('a,b\r\nx,y\r\n');
    const [written] = bothWays(header, rows[0] as CsvRow);
    expect(written).toBe('2026-11-01T12:00:00.007Z,acme,acme,,x,success,,,y,,,,y|,y,,"{""a"":""x"",""b"":""y""}"\r\n');
    expect(COMMON_COLUMNS.at(-1)?.name).toBe('raw');
  });

  test('a first cell put before the row: is written as its first cell', () => {
    const { rows } = rowsOf('b\r\nx\r\n"y"\r\n');
    for (const first of ['prod', 'a,"b"\\', '', '\n']) {
      for (const row of rows) {
        const [written, expected] = bothWays(['a', 'b'], row.withFirst(firstCell(first)));
        expect(written).toBe(expected);
        expect(written).toContain(JSON.stringify(first).replaceAll('"', '""'));
      }
    }
  });

  test.each([
    ['a cell', 'a', '\x01'.repeat(40_000), null],
    ['a name', `a${'\\'.repeat(40_000)}`, 'x', null],
    ['a cell that was put before its own', 'a', 'x', '\x01'.repeat(40_000)],
  ])('%s of which each byte becomes many: has room', (_, name, cell, first) => {
    const [row] = rowsOf(`${name}\r\n${cell}\r\n`).rows as [CsvRow];
    const [header, body] = first === null ? [[name], row] : [['env', name], row.withFirst(firstCell(first))];
    const [written, expected] = bothWays(header, body, new RowBuffer(1));
    // Jest would show where two long texts differ, slowly.
    expect(written === expected).toBe(true);
  });

  test.each([
    ['a', true],
    ['1st', true],
    ['top10', true],
    ['1.5', true],
    ['7', false],
    ['10', false],
  ])('canWrite, a column called %j: %j', (name, isDue) => {
    expect(CsvCells.canWrite(['a', name])).toBe(isDue);
  });

  test('any cells: bytes and texts give equal rows', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '').toWellFormed()),
      fc.string({ unit: fc.constantFrom('"', ',', '\\', '\r', '\n', '\t', '\x01', ' ', 'a', 'é') }),
    );
    const tables = fc.integer({ min: 1, max: 4 }).chain((width) => {
      const row = fc.array(cell, { minLength: width, maxLength: width });
      return fc.tuple(
        fc.uniqueArray(
          cell.map((name) => `n${name}`),
          { minLength: width, maxLength: width },
        ),
        fc.array(row, { minLength: 1, maxLength: 3 }),
        // Writers differ in what they quote.
        fc.boolean(),
      );
    });
    fc.assert(
      fc.property(tables, ([names, cells, quoted]) => {
        const line = (row: readonly string[]) =>
          quoted ? `${row.map((one) => `"${one.replaceAll('"', '""')}"`).join()}\r\n` : encodeRow(row);
        const { header, rows } = rowsOf([names, ...cells].map(line).join(''));
        for (const row of rows) {
          const [written, expected] = bothWays(header, row);
          expect(written).toBe(expected);
        }
      }),
      { numRuns: 150 },
    );
  });
});

test.each([...vendors.values()].flatMap((vendor) => (vendor.columns === null ? [] : [[vendor.name, vendor] as const])))(
  'common table of %s: is made of columns that exist',
  (_, { columns, common }) => {
    const names = Object.values(common).flatMap((source) => {
      if (typeof source === 'string') return [source];
      if ('firstOf' in source) return source.firstOf;
      return 'json' in source ? [source.json] : source.of;
    });
    expect(columns?.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  },
);
