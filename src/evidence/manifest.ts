import { COMMON_COLUMNS } from '../csv/common.ts';
import { EXTRA_COLUMN } from '../csv/native.ts';
import type { ExportedFile } from '../export.ts';
import type { Inputs } from '../inputs.ts';
import type { Exchange, Vendor } from '../types.ts';
import { VERSION } from '../version.ts';
import { formatInstant } from '../window.ts';

export interface ManifestOptions {
  readonly inputs: Inputs;
  /** The export's name: that of its folder and files. */
  readonly name: string;
  readonly file: ExportedFile;
  readonly exchanges: readonly Exchange[];
  /** How completeness was established, and its known limits. */
  readonly notes: readonly string[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * The descriptor `datapackage.json`: a Frictionless Data Package v2 that also records, under `export`, how the table
 * came to be. It holds no header, no body and no credential. Source: https://datapackage.org/profiles/2.0/datapackage.json
 */
export function manifestOf({ inputs, name, file, exchanges, notes, createdAt }: ManifestOptions): object {
  const { vendor, query, asked, run } = inputs;
  return {
    $schema: 'https://datapackage.org/profiles/2.0/datapackage.json',
    name: name.toLowerCase(),
    title: `Audit log of ${vendor.name}${inputs.org && ` (${inputs.org})`}, ${formatInstant(query.window.from)} to ${formatInstant(query.window.to)}`,
    created: formatInstant(createdAt),
    sources: [{ title: `${vendor.name} audit log`, path: inputs.origin }],
    resources: [resourceOf(vendor, name, file)],
    export: {
      vendor: vendor.id,
      org: inputs.org || null,
      host: new URL(inputs.origin).host,
      document: vendor.document,
      window: {
        asked,
        from: formatInstant(query.window.from),
        to: formatInstant(query.window.to),
        interval: '[from, to)',
        settle: inputs.settle,
      },
      filters: Object.fromEntries(query.filters),
      columns: inputs.columns,
      events: {
        ...file.counts,
        first: file.firstEvent === null ? null : formatInstant(file.firstEvent),
        last: file.lastEvent === null ? null : formatInstant(file.lastEvent),
      },
      completeness: { established: notes, limits: [...vendor.guide.limits, ...vendor.guide.unverified] },
      requests: exchanges,
      versions: { exporter: VERSION, node: process.versions.node },
      run,
    },
  };
}

function resourceOf(vendor: Vendor, name: string, { bytes, sha256, columns }: ExportedFile): object {
  const meanings = new Map(
    [...COMMON_COLUMNS, EXTRA_COLUMN, ...(vendor.columns ?? [])].map((column) => [column.name, column.meaning]),
  );
  return {
    name: 'events',
    type: 'table',
    path: `${name}.csv`,
    bytes,
    hash: `sha256:${sha256}`,
    mediatype: 'text/csv',
    format: 'csv',
    encoding: 'utf-8',
    dialect: { delimiter: ',', lineTerminator: '\r\n', quoteChar: '"', doubleQuote: true, header: true },
    schema: {
      fields: columns.map((column) => ({ name: column, type: 'string', ...describe(meanings.get(column)) })),
      missingValues: [''],
    },
  };
}

const describe = (meaning: string | undefined): object => (meaning === undefined ? {} : { description: meaning });
