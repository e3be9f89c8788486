import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeRows } from '../../../src/csv/encode.ts';
import { readExportedRows } from '../../../src/export/exported-rows.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stored-test-'));
  path = join(folder, 'a.csv');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Table = readonly (readonly string[])[];

async function read(rows: number): Promise<string[][]> {
  const all: string[][] = [];
  for await (const some of readExportedRows(path, rows)) all.push(...some);
  return all;
}

/** Writes header and rows, and reads the rows back. */
async function readBack(table: Table): Promise<string[][]> {
  await writeFile(path, encodeRows(table));
  return read(table.length - 1);
}

const cell = fc.string({ unit: fc.constantFrom(...'",\r\n a;é😀\ufeff', '\r\n', '""') });
const tables = fc.integer({ min: 1, max: 3 }).chain((width) =>
  fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 8 }).map((rows) => {
    const header = Array.from({ length: width }, (_, index) => `"${index}",\r\n`);
    return [header, ...rows];
  }),
);

describe('readExportedRows', () => {
  test('yields the rows without the header', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (table) => expect(await readBack(table)).toEqual(table.slice(1))),
      { numRuns: 40 },
    );
  });

  test('yields all rows of a file that is longer than a chunk, wherever chunks end', async () => {
    // Rows of every length modulo a few, so that pieces end in quotes, line ends and characters of several bytes.
    const row = (n: number) => [`${n}`, `"é,\r\n${'😀"'.repeat(n % 7)}`, '\r'.repeat(n % 3)];
    const table = Array.from({ length: 20_000 }, (_, n) => (n === 0 ? ['n', 'x', 'y'] : row(n)));
    const rows = await readBack(table);
    expect(rows.length).toBe(19_999);
    expect(rows.findIndex((cells, at) => JSON.stringify(cells) !== JSON.stringify(row(at + 1)))).toBe(-1);
  });

  test.each(['x', 'xx'])(
    'yields all rows where characters of two bytes lie across the ends of chunks, or do not: %s',
    async (header) => {
      const long = 'é'.repeat(300_000);
      const rows = await readBack([[header], [long]]);
      expect(rows[0]?.[0] === long).toBe(true);
    },
  );

  test('yields a row that is longer than many chunks', async () => {
    const long = 'a"\r\n'.repeat(500_000);
    const rows = await readBack([['x'], [long], ['b']]);
    expect(rows.length).toBe(2);
    expect(rows[0]?.[0] === long).toBe(true);
  });
});

describe('readExportedRows, a file that has changed on the disk', () => {
  const table = [['n'], ['1'], ['a\r\nb'], ['3']];
  test.each<[what: string, change: () => Promise<unknown>]>([
    ['file that is gone', () => rm(path)],
    ['file that is empty', () => truncate(path)],
    ['file without its last row', () => truncate(path, encodeRows(table.slice(0, -1)).length)],
    ['file that ends within a row', () => truncate(path, encodeRows(table).length - 2)],
    ['file that ends within quotes', () => truncate(path, encodeRows(table.slice(0, 2)).length + 4)],
    ['file with a row more', () => appendFile(path, '4\r\n')],
    ['file with bytes more that are no row', () => appendFile(path, '4')],
    ['file that is no CSV', () => writeFile(path, 'n\r\n1\r\na"b\r\n"c\r\n')],
  ])('%s: throws `destination`', async (_, change) => {
    await writeFile(path, encodeRows(table));
    await change();
    await expect(read(3)).rejects.toMatchObject({
      kind: 'destination',
      message: 'The file that the disk gives back is not the one that was written.',
      where: path,
    });
  });
});
