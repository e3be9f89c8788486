/** The writer of every CSV that is exported, against csv-parse; and the reader against csv-stringify. */

import { isDeepStrictEqual } from 'node:util';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { encodeRows } from '../../../src/csv/encode.ts';
import { readCsv } from '../../../src/csv/read-csv.ts';
import { RowBuffer } from '../../../src/csv/row-buffer.ts';
import { insist, target } from '../target.ts';

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
  '\ufeff',
  '\0',
  '🦊',
  '\ud800',
  '\udc00',
  '\t',
  '=1+1',
];

const cell = fc.oneof(
  fc.string({ unit: fc.constantFrom(...PIECES), maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const inputs = fc.integer({ min: 1, max: 4 }).chain((width) => {
  const row = fc.array(cell, { minLength: width, maxLength: width });
  return fc.record({ rows: fc.array(row, { maxLength: 5 }), first: row });
});

/** Options with which csv-stringify writes as other programs may. */
const STRINGIFY = { record_delimiter: 'windows', quoted_match: /[\r\n]/, quoted_empty: true } as const;

export const csvWrite = target({
  name: 'csv-write',
  holds: 'csv-parse and readCsv read back every cell that encodeRows and RowBuffer wrote, which write the same',
  runs: 5_000,
  sample: 400,
  inputs,
  check({ rows, first }) {
    const names = first.map((_, index) => `c${index}`);
    // UTF-8 has no half of a character: each becomes U+FFFD.
    const cells = [names, ...rows].map((row) => row.map((one) => one.toWellFormed()));
    const same = (found: unknown, reader: string) => {
      insist(isDeepStrictEqual(found, cells), `${reader} reads other cells`, rows);
    };
    const bytes = Buffer.from(encodeRows([names, ...rows]));
    const buffer = new RowBuffer();
    for (const row of [names, ...rows]) buffer.addCells(row);
    insist(buffer.bytes.equals(bytes), 'RowBuffer writes other bytes than encodeRows', rows);
    same(parse(bytes, { bom: true, record_delimiter: '\r\n' }), 'csv-parse');
    const lenient = { bom: true, skip_empty_lines: true, relax_column_count: true };
    same(parse(bytes, { ...lenient, record_delimiter: '\r\n' }), 'csv-parse, without blank lines,');
    same(readBack(bytes), 'readCsv');
    same(readBack(Buffer.from(stringify([names, ...rows], STRINGIFY))), 'readCsv, from csv-stringify,');
    // A first cell of any text: it must not be taken for a byte order mark, nor for no row at all.
    const [back] = parse(Buffer.from(encodeRows([first])), { bom: true, record_delimiter: '\r\n' });
    insist(
      isDeepStrictEqual(
        back,
        first.map((one) => one.toWellFormed()),
      ),
      'csv-parse reads another first row',
      first,
    );
    return 'taken';
  },
});

function readBack(body: Buffer): (readonly string[])[] {
  const { header, rows } = readCsv({ body, where: 'GET /csv' }, { nul: true });
  return [header, ...rows.map(({ cells }) => cells)];
}
