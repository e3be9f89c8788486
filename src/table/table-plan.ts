import { nearest } from '../base/did-you-mean.ts';
import { ExportError } from '../base/errors.ts';
import { CsvRow } from '../csv/csv-row.ts';
import type { RowBuffer } from '../csv/row-buffer.ts';
import type { JsonObject } from '../json/values.ts';
import type { Columns, EncodedRow, Vendor, VendorEvent } from '../vendors/contract.ts';
import { COMMON_COLUMNS, CommonCells } from './common-columns.ts';
import { type CsvWriter, csvWriter } from './common-from-csv.ts';
import { EXTRA_COLUMN, nativeRow } from './native-columns.ts';
import { TranscodedRow } from './transcode/encoded-row.ts';

/** What a table's header is, and how an event becomes a row of it. */
export interface TablePlan {
  /** The header: each name once. */
  readonly names: readonly string[];
  /** The cells of one event, one for each name. Throws nothing of its own; what the vendor's `common` throws. */
  readonly row: (event: VendorEvent) => string[];
  /** The same into a buffer; a row of this table that is encoded already, as it is. */
  readonly write: (event: VendorEvent, rows: RowBuffer) => void;
}

/**
 * Plans the table that `columns` asks for:
 * - `native`: the vendor's columns in its document's order and then `extra`; for CSV vendors, the header as it came;
 * - `common`: `COMMON_COLUMNS`;
 * - a list: columns of either table in the order given. A name that both tables have means the native one.
 *
 * A native column `actor.email` holds the field `email` of the object `actor`. Where a column `actor` stands beside it,
 * that one is filled only when the vendor sends something other than an object there.
 *
 * Throws `input` as `checkColumns` does.
 */
export function planTable({ vendor, org, columns, header }: TableOptions): TablePlan {
  if (vendor.columns === null && header === null && columns !== 'common') {
    throw new Error(`The native table of ${vendor.name} is planned before its header is known.`);
  }
  checkColumns(vendor, columns, header);
  const native = nativeTable(vendor, header);
  const common = commonTable(vendor, org, native);
  if (columns === 'native') return native;
  if (columns === 'common') return common;
  const places = columns.map((name) => {
    const own = native.names.indexOf(name);
    return own >= 0 ? { table: native, index: own } : { table: common, index: common.names.indexOf(name) };
  });
  const hasCommon = places.some(({ table }) => table === common);
  const row = (event: VendorEvent) => {
    const cells = native.row(event);
    const others = hasCommon ? common.rowOf(event, cells) : [];
    return places.map(({ table, index }) => (table === native ? cells : others)[index] ?? '');
  };
  return { names: columns, row, write: (event, rows) => rows.addCells(row(event)) };
}

interface TableOptions {
  readonly vendor: Vendor;
  readonly org: string;
  readonly columns: Columns;
  /** The CSV vendor's own; null for JSON vendors, and where `common` is planned before a CSV vendor has answered. */
  readonly header: readonly string[] | null;
}

/**
 * Refuses, as `input`, a list of columns that is empty, names a column twice, or names one that there is not.
 * The last is not checked for CSV vendors before their `header` is known.
 */
export function checkColumns(vendor: Vendor, columns: Columns, header: readonly string[] | null = null): void {
  if (typeof columns === 'string') return;
  if (columns.length === 0) throw refusal('`columns` names no column.', 'Leave it out for `native`.');
  const repeated = columns.find((name, index) => columns.indexOf(name) !== index);
  if (repeated !== undefined) throw refusal(`\`columns\` names ${repeated} twice.`, 'Name it once.');

  const native = header ?? nativeNames(vendor);
  if (native === null) return;
  const there = new Set([...native, ...COMMON_COLUMNS.map(({ name }) => name)]);
  const unknown = columns.find((name) => !there.has(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, there);
  throw refusal(
    `${vendor.name} has no column ${unknown}.${near === null ? '' : ` Did you mean ${near}?`}`,
    `Choose from: ${[...there].join(', ')}.`,
  );
}

/** What the vendor's document lets expect; null where only its answer will tell. */
function nativeNames({ columns, format }: Vendor): readonly string[] | null {
  if (columns === null) return null;
  return (format === 'csv' ? columns : [...columns, EXTRA_COLUMN]).map(({ name }) => name);
}

/** Rows of the table that are encoded already stay as they are; those of a CSV vendor become rows of it in their own way. */
const writerOf =
  (row: TablePlan['row'], writeCsv: CsvWriter | null): TablePlan['write'] =>
  (event, rows) => {
    const { body } = event;
    if (body instanceof TranscodedRow) rows.addEncoded(body.bytes, body.from, body.to);
    else if (body instanceof CsvRow && writeCsv !== null) writeCsv(event, body, rows);
    else rows.addCells(row(event));
  };

const asItCame: CsvWriter = (_event, row, rows) => rows.addRow(row);

/** JSON vendors: the documented columns, then what they leave over. CSV vendors: each cell as it came, by its place. */
function nativeTable(vendor: Vendor, header: readonly string[] | null): TablePlan {
  if (vendor.format === 'csv') {
    const row = ({ body }: VendorEvent) => (body instanceof CsvRow ? body.cells : []);
    return { names: header ?? [], row, write: writerOf(row, asItCame) };
  }
  const columns = vendor.columns ?? [];
  const rowOf = nativeRow(columns);
  const row = ({ body }: VendorEvent) => rowOf(body instanceof CsvRow ? {} : fieldsOf(body));
  return { names: [...columns, EXTRA_COLUMN].map(({ name }) => name), row, write: writerOf(row, asItCame) };
}

interface CommonPlan extends TablePlan {
  /** The row of an event whose native cells are these. */
  readonly rowOf: (event: VendorEvent, cells: readonly string[]) => string[];
}

function commonTable(vendor: Vendor, org: string, native: TablePlan): CommonPlan {
  const common = new CommonCells(vendor, org, native.names);
  const rowOf = (event: VendorEvent, cells: readonly string[]) => {
    const fields = event.body instanceof CsvRow ? byName(cells, native.names) : fieldsOf(event.body);
    return [...common.texts(event, { text: (column) => cells[column] ?? '' }), JSON.stringify(fields)];
  };
  const row = (event: VendorEvent) => rowOf(event, native.row(event));
  const writeCsv = vendor.format === 'csv' ? csvWriter(common, native.names) : null;
  return { names: COMMON_COLUMNS.map(({ name }) => name), row, rowOf, write: writerOf(row, writeCsv) };
}

/** The event's object. */
const fieldsOf = (body: JsonObject | EncodedRow): JsonObject =>
  body instanceof TranscodedRow ? body.toJSON() : (body as JsonObject);

function byName(cells: readonly string[], header: readonly string[]): JsonObject {
  return Object.fromEntries(header.map((name, index) => [name, cells[index] ?? '']));
}

function refusal(what: string, next: string): ExportError {
  return new ExportError('input', what, { where: 'input `columns`', next });
}
