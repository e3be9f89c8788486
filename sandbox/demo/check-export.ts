/** Checks exports as their reader would: reads the CSV, checks the sums, shows some rows. */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

export type Row = Readonly<Record<string, string>>;

const SHOWN_ROWS = 3;

/** The rows of an export's CSV, or of its parts in order; the first ones are printed, unless it is to be quiet. */
export async function readRows(folder: string, { quiet = false } = {}): Promise<Row[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.csv')).sort();
  const rows: Row[] = [];
  for (const name of names) {
    const csv = await readFile(join(folder, name));
    const read = { columns: true, record_delimiter: '\r\n', raw: true, max_record_size: 0 } as const;
    const records = parse(csv, read) as unknown as { record: Row; raw: string }[];
    if (rows.length === 0 && !quiet) print(csv, records);
    for (const { record } of records) rows.push(record);
  }
  return rows;
}

function print(csv: Buffer, records: readonly { readonly raw: string }[]): void {
  const [header = ''] = csv.subarray(0, 4096).toString().split('\r\n', 1);
  const first = records.slice(0, SHOWN_ROWS).map(({ raw }) => raw.replace(/\r\n$/, ''));
  for (const row of [header, ...first]) console.log(`  | ${shown(row)}`);
}

/**
 * Returns a row for the terminal: its first characters, with whatever does not show as `\\u001b`. The row stands behind a
 * bar, where the runner obeys `##[` alone.
 */
const shown = (row: string): string =>
  (row.length > 150 ? `${row.slice(0, 150)}…` : row)
    .replaceAll(
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
      (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    )
    .replaceAll('##[', '#\\#[');

/** `sha256sum -c SHA256SUMS`, which not every system has; and no file may be left out of it. */
export async function checkSums(folder: string): Promise<string[]> {
  const lines = (await readFile(join(folder, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n');
  const sums = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  const files = (await readdir(folder)).filter((file) => file !== 'SHA256SUMS').sort();
  const differences = compareText('the files of `SHA256SUMS`', [...sums.keys()].sort().join(', '), files.join(', '));
  for (const file of files) {
    differences.push(...compareText(`the sum of ${file}`, sums.get(file), sha256(await readFile(join(folder, file)))));
  }
  return differences;
}

export const compareText = (what: string, got: string | undefined, wanted: string): string[] =>
  got === wanted ? [] : [`${what} is ${got}, not ${wanted}`];

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
