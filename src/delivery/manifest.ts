import { hashBytes } from '../base/digest.ts';
import { GUARDS, guardCell } from '../csv/formula-guard.ts';
import type { ExportedTable } from '../export/export.ts';
import type { CsvFile } from '../export/part-files.ts';
import type { Exchange } from '../http/call.ts';
import type { ExportRequest } from '../inputs/inputs.ts';
import type { WorkflowRun } from '../inputs/workflow-run.ts';
import { COMMON_COLUMNS } from '../table/common-columns.ts';
import { EXTRA_COLUMN } from '../table/native-columns.ts';
import { formatInstant } from '../time/instant.ts';
import type { Vendor } from '../vendors/contract.ts';
import { MANIFEST_VERSION } from './evidence.ts';
import type { ExportTask } from './next-export.ts';
import { VERSION } from './version.ts';

/** The facts that a manifest records. */
interface ManifestOptions {
  readonly request: ExportRequest;
  readonly workflowRun: WorkflowRun;
  readonly task: ExportTask;
  readonly table: ExportedTable;
  /** The copies for spreadsheets, in parts of their own. */
  readonly copies: readonly CsvFile[];
  readonly exchanges: readonly Exchange[];
  /** How completeness was established. */
  readonly notes: readonly string[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * Returns the descriptor `datapackage.json`: a Frictionless Data Package v2 that also records, under `export`, how the
 * table came to be. The descriptor holds no header, no body and no credential. Source: https://datapackage.org/profiles/2.0/datapackage.json
 */
export function manifestOf(options: ManifestOptions): object {
  const { request, workflowRun, task, table, copies, exchanges, notes, createdAt } = options;
  const { vendor, org, origin, query, windowRequest, columns, scope } = request;
  const window = { from: formatInstant(task.window.from), to: formatInstant(task.window.to) };
  const created = formatInstant(createdAt);
  const hashes = table.files.map(({ sha256 }) => sha256);
  return {
    $schema: 'https://datapackage.org/profiles/2.0/datapackage.json',
    name: task.name.toLowerCase(),
    id: hashBytes(Buffer.from(JSON.stringify([scope, window, hashes, created, workflowRun]))).sha256,
    title: `Audit log of ${vendor.name}${org && ` (${org})`}, ${window.from} to ${window.to}`,
    created,
    sources: [{ title: `${vendor.name} audit log`, path: origin }],
    resources: [
      ...table.files.map((file, index) =>
        resourceOf(vendor, file, nameOf('events', table.files, index), table.columns),
      ),
      ...copies.map((file, index) => copyOf(vendor, file, nameOf('spreadsheet', copies, index), table)),
    ],
    export: {
      version: MANIFEST_VERSION,
      vendor: vendor.id,
      org: org || null,
      host: new URL(origin).host,
      document: vendor.document,
      window: { asked: windowRequest.asked, ...window, interval: '[from, to)', settle: windowRequest.settle },
      filters: Object.fromEntries(query.filters),
      columns,
      scope,
      chain: windowRequest.continuation === null ? null : { previous: previousOf(task) },
      gap: task.gap && { from: formatInstant(task.gap.from), to: formatInstant(task.gap.to) },
      late: {
        looked_from: formatInstant(task.fetchFrom),
        count: table.lateRows.length,
        rows: rangesOf(table.lateRows),
      },
      events: {
        received: table.counts.received,
        outside_window: table.counts.outsideWindow,
        duplicates: table.counts.duplicates,
        already_exported: table.counts.alreadyExported,
        written: table.counts.written,
        first: table.firstEvent === null ? null : formatInstant(table.firstEvent),
        last: table.lastEvent === null ? null : formatInstant(table.lastEvent),
      },
      completeness: { established: notes, limits: [...vendor.guide.limits, ...vendor.guide.unverified] },
      requests: exchanges,
      versions: { exporter: VERSION, node: process.versions.node },
      run: workflowRun,
    },
  };
}

/** Returns the previous export as `readDeliveredExport` reads it. */
function previousOf({ previous }: ExportTask): object | null {
  if (previous === null) return null;
  const { id, sha256, artifact, window, place } = previous;
  return { id, sha256, to: formatInstant(window.to), place, ...(artifact !== null && { artifact }) };
}

/** Writes rising numbers as `1-37, 40`. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}

/** Returns the name of a resource: `events`, or `events-2` where there are several files. */
const nameOf = (name: string, files: readonly CsvFile[], index: number): string =>
  files.length === 1 ? name : `${name}-${index + 1}`;

/** Describes a file of the copy for spreadsheets; `readDeliveredExport` knows it by `guarded`. */
const copyOf = (vendor: Vendor, file: CsvFile, name: string, { files, columns }: ExportedTable): object => ({
  ...resourceOf(vendor, file, name, columns, guardCell),
  description:
    'The same events for spreadsheets, in cells that none of them runs. As the vendor gave them they are in `sources`.',
  sources: files.map(({ name: path }) => ({ path })),
  guarded: { rule: 'owasp', undo: { in: 'every cell, the header too', remove: GUARDS } },
});

function resourceOf(
  vendor: Vendor,
  file: CsvFile,
  name: string,
  columns: readonly string[],
  inFile: (column: string) => string = (column) => column,
): object {
  const meanings = new Map(
    [...COMMON_COLUMNS, EXTRA_COLUMN, ...(vendor.columns ?? [])].map((column) => [column.name, column.meaning]),
  );
  return {
    name,
    type: 'table',
    path: file.name,
    bytes: file.bytes,
    hash: `sha256:${file.sha256}`,
    rows: file.rows,
    mediatype: 'text/csv',
    format: 'csv',
    encoding: 'utf-8',
    dialect: { delimiter: ',', lineTerminator: '\r\n', quoteChar: '"', doubleQuote: true, header: true },
    schema: {
      // JSON leaves out what is undefined: columns that no document describes.
      fields: columns.map((column) => ({ name: inFile(column), type: 'string', description: meanings.get(column) })),
      missingValues: [''],
    },
  };
}
