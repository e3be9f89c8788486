/** Judge of a run: the export is exactly what the vendor holds, or the error fits and nothing is left. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { checkSums } from '../../sandbox/demo/check-export.ts';
import type { LedgerEvent } from '../../sandbox/ledger.ts';
import { ExportError } from '../../src/base/errors.ts';
import type { ExpectedTable } from './expected.ts';

/** Events of the window, as the vendor told of them while the run asked. */
export interface Held {
  /** From the first request to the last: each has to have its row. */
  readonly always: readonly LedgerEvent[];
  /** For some of the time: each may have its row. */
  readonly sometimes: readonly LedgerEvent[];
}

/** Returns the flaws of an export, in words. */
export async function flawsOfExport(
  outputs: Readonly<Record<string, string>>,
  table: ExpectedTable,
  held: Held,
): Promise<string[]> {
  const folder = outputs['export-path'] ?? '';
  const name = (await readdir(folder)).find((file) => file.endsWith('.csv')) ?? '';
  const csv = await readFile(join(folder, name));
  const [header = [], ...rows] = parse(csv, { record_delimiter: '\r\n', max_record_size: 0 }) as string[][];
  const count =
    outputs['row-count'] === String(rows.length) ? [] : [`row-count ${outputs['row-count']}, not ${rows.length}`];
  return [...count, ...(await checkSums(folder)), ...flawsOfRows(header, rows, table, held)];
}

/** Each row has to be of an event, and each event has to have its row, as often as it happened. */
function flawsOfRows(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  table: ExpectedTable,
  { always, sometimes }: Held,
): string[] {
  const native = table.header.length > 1;
  if (native && header.join() !== table.header.join()) return [`the header is ${header.join()}`];
  const places = table.header.map((column) => header.indexOf(column));
  const left = new Map<string, { due: number; free: number }>();
  const count = (events: readonly LedgerEvent[], due: number, free: number) => {
    for (const event of events) {
      const key = JSON.stringify(table.row(event));
      const known = left.get(key) ?? { due: 0, free: 0 };
      left.set(key, { due: known.due + due, free: known.free + free });
    }
  };
  count(always, 1, 0);
  count(sometimes, 0, 1);
  const strange: string[] = [];
  for (const row of rows) {
    const key = JSON.stringify(places.map((place) => row[place]));
    const known = left.get(key);
    if (known !== undefined && known.due > 0) known.due -= 1;
    else if (known !== undefined && known.free > 0) known.free -= 1;
    else strange.push(key);
  }
  const missing = [...left].filter(([, { due }]) => due > 0);
  return [
    ...(missing.length === 0 ? [] : [`${missing.length} of ${always.length} events have no row: ${missing[0]?.[0]}`]),
    ...(strange.length === 0 ? [] : [`${strange.length} of ${rows.length} rows belong to no event: ${strange[0]}`]),
  ];
}

/** Returns the flaws of a failure: an error of no kind that the faults may end in, or something left behind. */
export async function flawsOfFailure(error: unknown, ends: ReadonlySet<string>, folder: string): Promise<string[]> {
  const left = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = left.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  return [...flawsOfError(error, ends), ...(files.length === 0 ? [] : [`left behind: ${files.join(', ')}`])];
}

function flawsOfError(error: unknown, ends: ReadonlySet<string>): string[] {
  if (!(error instanceof ExportError)) return [`not an error of ours: ${(error as Error)?.stack ?? error}`];
  return ends.has(error.kind) ? [] : [`ended in ${error.kind}, not in ${[...ends].join(' or ')}: ${error.message}`];
}
