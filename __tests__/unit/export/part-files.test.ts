import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { encodeRow } from '../../../src/csv/encode.ts';
import { type CsvFile, type EncodedRows, encodeRows, PartFiles } from '../../../src/export/part-files.ts';
import { sha256 } from '../chain.ts';

type Row = readonly string[];

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parts-test-'));
  path = join(folder, 'a.csv');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const HEADER = ['n', 'text'];
/** Nine bytes each, as CSV; the header has eight. */
const nine = (count: number): string[][] => Array.from({ length: count }, (_, n) => [String(n), 'abcde']);

const encoded = (...rows: Row[]) => encodeRows(rows, encodeRow);

/** Writes the batches and gives the files, with what lay in the folder just before they had their names. */
async function write(header: Row, batches: readonly (readonly Row[])[], maxBytes: number | null) {
  const parts = new PartFiles(path, maxBytes);
  await parts.openWith(encoded(header));
  for (const rows of batches) await parts.write(encoded(...rows));
  const before = await readdir(folder);
  const files = await parts.seal();
  await parts.close();
  return { files, before };
}

/** The cells of a file, as an independent reader has them. */
const cellsOf = (csv: Buffer): string[][] => parse(csv, { record_delimiter: '\r\n' });

const namesOf = (files: readonly CsvFile[]): string[] => files.map(({ name }) => name);

describe('PartFiles, one table', () => {
  test.each([
    ['without a limit', null],
    ['below the limit', 1000],
    ['exactly at the limit', 6 + 2 + 9 * 4],
  ])('%s, a table is one file with its plain name', async (_, maxBytes) => {
    const { files } = await write(HEADER, [nine(4)], maxBytes);
    const bytes = await readFile(path);
    expect(files).toEqual([{ path, name: 'a.csv', rows: 4, bytes: bytes.length, sha256: sha256(bytes) }]);
    expect(await readdir(folder)).toEqual(['a.csv']);
    expect(cellsOf(bytes)).toEqual([HEADER, ...nine(4)]);
  });

  test('one byte above the limit, a table is two numbered files, each with the header', async () => {
    const { files } = await write(HEADER, [nine(4)], 8 + 9 * 4 - 1);
    expect(namesOf(files)).toEqual(['a.part-001.csv', 'a.part-002.csv']);
    expect(files.map(({ rows }) => rows)).toEqual([3, 1]);
    expect(await readdir(folder)).toEqual(['a.part-001.csv', 'a.part-002.csv']);
    expect(await readFile(files[1]?.path ?? '', 'utf8')).toBe('n,text\r\n3,abcde\r\n');
  });

  test('a table without rows is one file with the header, however small the limit', async () => {
    const { files } = await write(HEADER, [], 1);
    expect(files).toMatchObject([{ name: 'a.csv', rows: 0, bytes: 8 }]);
  });

  test('a row larger than the limit is whole, in a file of its own', async () => {
    const rows = [...nine(1), ['1', 'x'.repeat(500)], ...nine(1)];
    const { files } = await write(HEADER, [rows], 40);
    expect(files.map(({ bytes }) => bytes)).toEqual([17, 512, 17]);
  });

  test('files hold equal rows, however the rows are split into writes', async () => {
    const sizes = async (batches: string[][][]) => {
      path = join(await mkdtemp(join(folder, 'one-')), 'a.csv');
      return (await write(HEADER, batches, 30)).files.map(({ rows, sha256: sum }) => [rows, sum]);
    };
    const rows = nine(23);
    expect(await sizes(rows.map((row) => [row]))).toEqual(await sizes([rows]));
    expect(await sizes([rows.slice(0, 7), rows.slice(7)])).toEqual(await sizes([rows]));
  });
});

describe('PartFiles, drawn tables', () => {
  const letter = fc.constantFrom(...'",\r\n ax', '\r\n', '""', '\ufeff', 'é', '日', '😀', '=');
  const cell = fc.array(letter, { maxLength: 5 }).map((letters) => letters.join(''));
  const tables = fc.integer({ min: 1, max: 3 }).chain((width) => {
    const row = fc.array(cell, { minLength: width, maxLength: width });
    return fc.record({
      header: row,
      batches: fc.array(fc.array(row, { minLength: 1, maxLength: 12 }), { maxLength: 4 }),
      maxBytes: fc.integer({ min: 1, max: 120 }),
    });
  });

  test('all rows are in the parts, each within the limit or a single row, and no file has its name before the end', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async ({ header, batches, maxBytes }) => {
        path = join(await mkdtemp(join(folder, 'one-')), 'a.csv');
        const all = batches.flat();
        const parts = new PartFiles(path, maxBytes);
        await parts.openWith(encoded(header));
        for (const rows of batches) await parts.write(encoded(...rows));
        const home = join(path, '..');
        for (const name of await readdir(home)) expect(name).toMatch(/\.partial$/);
        const files = await parts.seal();
        await parts.close();

        const names = files.map((_, index) => `a.part-${String(index + 1).padStart(3, '0')}.csv`);
        expect(namesOf(files)).toEqual(files.length === 1 ? ['a.csv'] : names);
        expect((await readdir(home)).sort()).toEqual(namesOf(files));
        const rows: string[][] = [];
        for (const file of files) {
          const bytes = await readFile(file.path);
          expect(file).toMatchObject({ name: basename(file.path), bytes: bytes.length, sha256: sha256(bytes) });
          const [first, ...rest] = cellsOf(bytes);
          expect(first).toEqual(header);
          expect(rest).toHaveLength(file.rows);
          expect(file.rows > 0 || all.length === 0).toBe(true);
          if (file.rows > 1) expect(file.bytes).toBeLessThanOrEqual(maxBytes);
          rows.push(...rest);
        }
        expect(rows).toEqual(all);
      }),
      { numRuns: 40 },
    );
  });

  test('there are no more parts than needed: the first row of each part did not fit into the part before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }), async (lengths) => {
        path = join(await mkdtemp(join(folder, 'one-')), 'a.csv');
        const maxBytes = 100;
        const { files } = await write(['x'], [lengths.map((length) => ['a'.repeat(length)])], maxBytes);
        let row = 0;
        for (const [index, { bytes, rows }] of files.entries()) {
          row += rows;
          if (index < files.length - 1) expect(bytes + (lengths[row] ?? 0) + 2).toBeGreaterThan(maxBytes);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('PartFiles, ranges of rows', () => {
  const lengths = [5, 3, 9, 2, 2, 14, 3, 7];
  const rows = lengths.map((length, index) => `${String(index).repeat(length - 2)}\r\n`);
  const all: EncodedRows = { bytes: Buffer.from(rows.join('')), ends: Float64Array.from(rows, endOf()) };

  function endOf(): (row: string) => number {
    let end = 0;
    return ({ length }) => (end += length);
  }

  /** Writes spans of all rows, each from memory that is used again, and gives what is in the files. */
  async function filesOf(spans: readonly (readonly [from?: number, to?: number])[], maxBytes: number) {
    path = join(await mkdtemp(join(folder, 'one-')), 'a.csv');
    const parts = new PartFiles(path, maxBytes);
    await parts.openWith({ bytes: Buffer.from('h\r\n'), ends: Float64Array.of(3) });
    for (const [from, to] of spans) {
      const bytes = Buffer.from(all.bytes);
      const ends = all.ends.slice();
      await parts.write({ bytes, ends }, from, to);
      bytes.fill('#');
      ends.fill(0);
    }
    const files = await parts.seal();
    await parts.close();
    return Promise.all(files.map(async ({ path: of, rows: count }) => [await readFile(of, 'utf8'), count]));
  }

  /** What the files hold: as many rows as fit, but at least one. */
  function expected(written: readonly string[], maxBytes: number): [text: string, rows: number][] {
    const files: [string, number][] = [['h\r\n', 0]];
    for (const row of written) {
      const file = files.at(-1);
      if (file === undefined) continue;
      if (file[1] > 0 && file[0].length + row.length > maxBytes) files.push([`h\r\n${row}`, 1]);
      else files[files.length - 1] = [file[0] + row, file[1] + 1];
    }
    return files;
  }

  const most = 3 + (all.ends.at(-1) ?? 0) + 1;
  const limits = [1, ...Array.from({ length: 18 }, (_, index) => index + 5), most - 2, most - 1, most];

  test.each<[what: string, spans: [from?: number, to?: number][]]>([
    ['all at once', [[]]],
    ['from the first on', [[0]]],
    ['one by one', lengths.map((_, index) => [index, index + 1])],
    [
      'that follow one another',
      [
        [0, 2],
        [2, 3],
        [3, 7],
        [7, 8],
      ],
    ],
    ['that leave some out', [[1, 3], [4, 5], [6]]],
    ['that leave the first and the last out', [[1, 7]]],
    [
      'of which some are empty',
      [
        [0, 0],
        [0, 3],
        [3, 3],
        [5, 5],
        [6, 8],
        [8, 8],
      ],
    ],
    [
      'none of which has a row',
      [
        [0, 0],
        [8, 8],
      ],
    ],
  ])('ranges are written as single rows are, wherever a file is full: %s', async (_, spans) => {
    const written = spans.flatMap(([from, to]) => rows.slice(from, to));
    for (const maxBytes of limits) expect(await filesOf(spans, maxBytes)).toEqual(expected(written, maxBytes));
  });
});

describe('PartFiles, a failure', () => {
  test('a failure before the end leaves no named file and no open file', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    const parts = new PartFiles(path, 20);
    await parts.openWith(encoded(HEADER));
    await parts.write(encoded(...nine(3)));
    // The last part is; the others were read back.
    expect(open()).toBe(before + 1);
    await parts.close();
    expect(open()).toBe(before);
    expect(await readdir(folder)).toEqual(['a.csv.partial', 'a.part-002.csv.partial', 'a.part-003.csv.partial']);
  });

  /** Rows that do not wait to be written with others, two of which do not fit into `MOST`. */
  const large = (count: number): string[][] => Array.from({ length: count }, (_, n) => [String(n), 'x'.repeat(70_000)]);
  const MOST = 100_000;

  test('the disk does not give the last part back: the first part gets no name', async () => {
    const parts = new PartFiles(path, MOST);
    await parts.openWith(encoded(HEADER));
    await parts.write(encoded(...large(2)));
    await writeFile(join(folder, 'a.part-002.csv.partial'), 'x');
    await expect(parts.seal()).rejects.toMatchObject({ kind: 'destination' });
    await parts.close();
    expect((await readdir(folder)).filter((name) => !name.endsWith('.partial'))).toEqual([]);
  });

  test('the disk does not give an earlier part back: throws before the next part is opened', async () => {
    const parts = new PartFiles(path, MOST);
    await parts.openWith(encoded(HEADER));
    await parts.write(encoded(...large(1)));
    await writeFile(`${path}.partial`, 'x');
    await expect(parts.write(encoded(...large(1)))).rejects.toMatchObject({ kind: 'destination', where: path });
    await parts.close();
    expect(await readdir(folder)).toEqual(['a.csv.partial']);
  });

  test('rows before the header: throws an error that is no ExportError', async () => {
    await expect(new PartFiles(path, null).write(encoded(...nine(1)))).rejects.toThrow('Rows came before the header.');
    await expect(new PartFiles(path, null).seal()).rejects.toThrow('Rows came before the header.');
  });
});
