import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { encodeRow } from '../../../src/csv/encode.ts';
import { GUARDS } from '../../../src/csv/formula-guard.ts';
import type { ExportedTable } from '../../../src/export/export.ts';
import { type CsvFile, encodeRows, PartFiles } from '../../../src/export/part-files.ts';
import { writeSpreadsheet } from '../../../src/export/spreadsheet-copy.ts';
import { sha256 } from '../chain.ts';

type Row = readonly string[];

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spreadsheet-test-'));
  path = join(folder, 'a.csv');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A table as an export leaves it. */
async function exported([columns = [], ...rows]: readonly Row[], maxBytes: number | null): Promise<ExportedTable> {
  const parts = new PartFiles(path, maxBytes);
  await parts.openWith(encodeRows([columns], encodeRow));
  await parts.write(encodeRows(rows, encodeRow));
  const files = await parts.seal();
  await parts.close();
  const counts = { received: rows.length, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: rows.length };
  return { files, columns, counts, firstEvent: null, lastEvent: null, lateRows: [] };
}

const copy = (table: ExportedTable, maxBytes: number | null, signal = new AbortController().signal) =>
  writeSpreadsheet({ table, path, maxBytes, signal });

/** Header and rows of some files, once without the guards; each file has to have the header, and to be what it says. */
async function tableIn(files: readonly CsvFile[]): Promise<Row[]> {
  const tables = await Promise.all(
    files.map(async ({ path: at, bytes, rows, sha256: digest }) => {
      const content = await readFile(at);
      expect({ bytes, digest }).toEqual({ bytes: content.length, digest: sha256(content) });
      const cells = parse(content, { record_delimiter: '\r\n' }) as string[][];
      expect(cells).toHaveLength(rows + 1);
      return cells.map((row) => row.map((cell) => cell.replaceAll(new RegExp(GUARDS, 'g'), '')));
    }),
  );
  for (const table of tables) expect(table[0]).toEqual(tables[0]?.[0]);
  return [tables[0]?.[0] ?? [], ...tables.flatMap((table) => table.slice(1))];
}

const TABLE = [
  ['@time', 'text'],
  ['1', '=cmd()'],
  ['2', ''],
  ['3', 'é\r\n-1'],
];

describe('writeSpreadsheet', () => {
  test('the copy has equal rows, each cell in quotes and none that runs, and the table stays as it was', async () => {
    const table = await exported(TABLE, null);
    const before = await readFile(path);
    const files = await copy(table, null);
    const text = await readFile(join(folder, 'a.spreadsheet.csv'), 'utf8');
    expect(text).toBe('"\'@time","text"\r\n"1","\'=cmd()"\r\n"2",""\r\n"3","é\r\n\'-1"\r\n');
    expect(files).toEqual([
      {
        path: join(folder, 'a.spreadsheet.csv'),
        name: 'a.spreadsheet.csv',
        rows: 3,
        bytes: Buffer.byteLength(text),
        sha256: sha256(text),
      },
    ]);
    expect(await readFile(path)).toEqual(before);
    expect((await readdir(folder)).sort()).toEqual(['a.csv', 'a.spreadsheet.csv']);
  });

  test('the copy of a table without rows is its header', async () => {
    const files = await copy(await exported([['=']], null), null);
    expect(await readFile(files[0]?.path ?? '', 'utf8')).toBe('"\'="\r\n');
    expect(files).toMatchObject([{ rows: 0 }]);
  });

  test('the copy has parts of its own, since it is longer than the table', async () => {
    const rows = Array.from({ length: 6 }, (_, n) => [String(n), '']);
    const table = await exported([['n', 'm'], ...rows], 40);
    const files = await copy(table, 40);
    expect(table.files.map(({ name }) => name)).toEqual(['a.csv']);
    expect(files.map(({ name }) => name)).toEqual(['a.spreadsheet.part-001.csv', 'a.spreadsheet.part-002.csv']);
    expect(Math.max(...files.map(({ bytes }) => bytes))).toBeLessThanOrEqual(40);
  });

  test('drawn tables are read back from their copy, however both are split into parts', async () => {
    const cell = fc.string({ unit: fc.constantFrom(...'=-@\'",;\t\r\n aé😀') });
    const tables = fc.integer({ min: 1, max: 3 }).chain((width) =>
      fc
        .tuple(
          fc.uniqueArray(
            cell.filter((name) => name !== ''),
            { minLength: width, maxLength: width },
          ),
          fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 8 }),
        )
        .map(([header, rows]) => [header, ...rows]),
    );
    const limit = fc.option(fc.integer({ min: 1, max: 200 }));
    await fc.assert(
      fc.asyncProperty(tables, limit, limit, async (table, maxBytes, copyMaxBytes) => {
        path = join(await mkdtemp(join(folder, 'one-')), 'a.csv');
        const files = await copy(await exported(table, maxBytes), copyMaxBytes);
        expect(await tableIn(files)).toEqual(table);
        const limited = files.filter(({ rows }) => rows > 1).map(({ bytes }) => bytes);
        expect(Math.max(0, ...limited)).toBeLessThanOrEqual(copyMaxBytes ?? Number.POSITIVE_INFINITY);
      }),
      { numRuns: 25 },
    );
  });
});

describe('writeSpreadsheet, a failure', () => {
  const names = async () => (await readdir(folder)).filter((name) => !name.endsWith('.partial')).sort();

  test('a table that has changed on the disk: throws, and the copy has no name', async () => {
    const table = await exported(TABLE, null);
    await writeFile(path, (await readFile(path, 'utf8')).replace(/3,.*$/s, ''));
    await expect(copy(table, null)).rejects.toMatchObject({ kind: 'destination', where: path });
    expect(await names()).toEqual(['a.csv']);
  });

  test('a run that is cancelled: throws the reason, and the copy has no name', async () => {
    const table = await exported(TABLE, null);
    await expect(copy(table, null, AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
    expect(await names()).toEqual(['a.csv']);
  });

  test('a disk that refuses: throws, and the copy has no name', async () => {
    const table = await exported(TABLE, null);
    await writeFile(join(folder, 'a.spreadsheet.csv.partial'), '');
    await expect(copy(table, null)).rejects.toMatchObject({
      kind: 'destination',
      message: expect.stringContaining('EEXIST'),
    });
    expect(await names()).toEqual(['a.csv']);
  });
});

test('writeSpreadsheet: a table that is larger than the heap is copied', async () => {
  const program = `
    import { encodeRows, PartFiles } from ${JSON.stringify(new URL('../../../src/export/part-files.ts', import.meta.url).href)};
    import { encodeRow } from ${JSON.stringify(new URL('../../../src/csv/encode.ts', import.meta.url).href)};
    import { writeSpreadsheet } from ${JSON.stringify(new URL('../../../src/export/spreadsheet-copy.ts', import.meta.url).href)};
    const [path, columns, count] = [${JSON.stringify(path)}, ['n', 'text'], 30_000];
    const parts = new PartFiles(path, null);
    await parts.openWith(encodeRows([columns], encodeRow));
    const text = '=' + 'x'.repeat(1000);
    for (let n = 0; n < count; n += 1000) {
      const rows = Array.from({ length: 1000 }, (_, i) => [String(n + i), text]);
      await parts.write(encodeRows(rows, encodeRow));
    }
    const table = { files: await parts.seal(), columns };
    await parts.close();
    const [file] = await writeSpreadsheet({ table, path, maxBytes: null, signal: new AbortController().signal });
    console.log(JSON.stringify(file));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--max-old-space-size=24', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
  ]);
  const digits = Array.from({ length: 30_000 }, (_, n) => String(n).length).reduce((sum, length) => sum + length, 0);
  // Two quotes around each of two cells, a comma, a guard, and the line end.
  const bytes = '"n","text"\r\n'.length + digits + 30_000 * (1001 + 4 + 1 + 1 + 2);
  expect(JSON.parse(stdout)).toMatchObject({ rows: 30_000, bytes });
});
